import { nextFrame, receive } from '../client/session.ts'
import { sessionTransports } from '../client/transports.ts'
import { expectRefusal, expectStatus } from '../runner/checks.ts'
import { expectBytes, expectEqual, expectMatch, expectThat } from '../runner/expect.ts'
import type { Context } from '../runner/context.ts'
import type { Case, Section } from '../types.ts'

const brokenJson = 'Broken JSON encoding.'
const payloadExpected = 'Payload expected.'

const range = (from: number, to: number): string => Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index)).join('')

/** Characters that browsers and proxies have been seen to damage; a server escapes them. */
const fragile = [
  ['controls', 0x00, 0x1f], ['joiners', 0x200c, 0x200f], ['separators', 0x2028, 0x202f], ['invisible', 0x2060, 0x206f], ['specials', 0xfff0, 0xffff]
] as const

const escaped = (text: string): string => text.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

const anyFragile = /[\x00-\x1f\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]/g

const shortForms = new Set(['\\b', '\\t', '\\n', '\\f', '\\r'])

/** The raw bytes of the echo of one message, as an xhr poll carries them. */
async function rawEcho (t: Context, body: string | Uint8Array): Promise<Buffer> {
  const session = await t.opened('/echo', 'xhr')
  expectStatus(await session.post(body), 204)
  return (await t.post(session.receiveUrl)).body
}

/** The body is refused, nothing of it is delivered, the session goes on. */
async function expectRefused (t: Context, body: string | Uint8Array, text: string): Promise<void> {
  const session = await t.opened('/echo', 'xhr')
  expectRefusal(await session.post(body), text)
  await session.send('after')
  expectEqual(await receive(session, 1), ['after'], `what is delivered after ${String(body).slice(0, 40)}`)
}

const notArrays = { object: '{"a":1}', string: '"x"', number: '123', null: 'null' }
const notStrings = { number: '[1]', boolean: '[true]', null: '[null]', object: '[{}]', nested: '[["n"]]', mixed: '["a",1]', last: '["a","b",{"toString":1}]' }
const spaced = { before: ' ["a"]', after: '["a"]\r\n', inside: '[ "a"\t]', all: '\n\t ["a"] ' }

const cases: Case[] = [
  ...fragile.map(([name, from, to]): Case => ({
    id: `ENC-1.${name}`,
    title: `${name} (U+${from.toString(16).toUpperCase().padStart(4, '0')} to U+${to.toString(16).toUpperCase().padStart(4, '0')}) leave the server escaped, in lower case`,
    level: 'S',
    async run (t) {
      const text = range(from, to)
      const raw = (await rawEcho(t, `["${escaped(text)}"]`)).toString('utf8')
      expectEqual(JSON.parse(raw.slice(1)), [text], 'the echo')
      const units = raw.slice(3, -3).match(/\\u[0-9a-fA-F]{4}|\\.|[^\\]/g) ?? []
      const wrong = units.filter((unit) => !/^\\u[0-9a-f]{4}$/.test(unit) && !(from === 0 && shortForms.has(unit)))
      expectEqual(wrong, [], 'characters that are not escaped')
    }
  })),
  ...sessionTransports.filter((transport) => transport !== 'xhr').map((transport): Case => ({
    id: `ENC-1.${transport}`,
    title: `${transport}: all of these leave the server escaped, in any envelope`,
    level: 'S',
    transport,
    async run (t) {
      const session = await t.session('/echo', transport)
      const text = fragile.map(([, from, to]) => range(from, to)).join('')
      await session.send(text)
      const frame = await nextFrame(session)
      expectEqual(frame.match(anyFragile)?.map(escaped) ?? [], [], 'characters that are not escaped')
      expectEqual(JSON.parse(frame.slice(1)), [text], 'the echo')
    }
  })),
  ...sessionTransports.map((transport): Case => ({
    id: `ENC-2.${transport}`,
    title: `${transport}: lone surrogates arrive`,
    level: 'D',
    transport,
    async run (t) {
      const session = await t.session('/echo', transport)
      const messages = ['\ud800', 'a\udfffb', '\udc00\ud800', '\ud83dx\ude00']
      await session.send(...messages)
      expectEqual(await receive(session, messages.length), messages, 'the echo')
    }
  })),
  {
    id: 'ENC-2.escaped',
    title: 'lone surrogates leave the server escaped',
    level: 'D',
    run: async (t) => expectBytes(await rawEcho(t, '["\\ud800 \\udfff x\\uDC00"]'), 'a["\\ud800 \\udfff x\\udc00"]\n', 'the poll')
  },
  {
    id: 'ENC-2.pair',
    title: 'a surrogate pair leaves the server as UTF-8',
    level: 'D',
    run: async (t) => expectBytes(await rawEcho(t, '["\\ud83d\\ude00 é"]'), 'a["😀 é"]\n', 'the poll')
  },
  {
    id: 'ENC-3',
    title: 'every character that a client may escape makes the round trip',
    level: 'S',
    also: ['ENC-1'],
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      const blocks = Array.from({ length: 16 }, (_, block) => range(block * 4096, block * 4096 + 4095).replace(/[\ud800-\udfff]/g, ''))
      for (const block of blocks) {
        await session.sendBody(`["${escaped(block)}"]`)
        const [echo = ''] = await receive(session, 1)
        const at = [...block].findIndex((unit, index) => echo[index] !== unit)
        expectEqual([echo.length, at, escaped(echo.slice(at, at + 1))], [block.length, -1, ''], 'length, first wrong position, what stands there')
      }
    }
  },
  ...sessionTransports.map((transport): Case => ({
    id: `ENC-3.${transport}`,
    title: `${transport}: UTF-8, quotes, percent signs, markup and separators make the round trip`,
    level: 'C',
    transport,
    async run (t) {
      const session = await t.session('/echo', transport)
      const messages = ['é😀中', '"\\\'/', '100%41 %25 %zz %', '</script><b>&amp;', '\u2028\u2029', '\0\r\n\t', '+ =&?#;,']
      await session.send(...messages)
      expectEqual(await receive(session, messages.length), messages, 'the echo')
    }
  })),
  {
    id: 'ENC-3.split',
    title: 'a character whose bytes come in two packets stays whole',
    level: 'C',
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      const body = Buffer.from('["é😀"]')
      const pending = await t.begin('POST', session.sendUrl, { headers: { 'Content-Type': 'text/plain', 'Content-Length': String(body.length) } })
      for (const cut of [3, 5, 7]) {
        pending.wire.write(body.subarray(cut === 3 ? 0 : cut - 2, cut))
        await t.sleep(50)
      }
      pending.wire.write(body.subarray(7))
      expectStatus(await pending.response(), 204)
      expectEqual(await receive(session, 1), ['é😀'], 'the echo')
    }
  },
  {
    id: 'ENC-4',
    title: `text that is not JSON is refused: ${brokenJson}`,
    level: 'S',
    async run (t) {
      for (const body of ['["x', '["x"', '["x"]]', "['x']", 'x', '["\n"]']) await expectRefused(t, body, brokenJson)
    }
  },
  ...Object.entries(notArrays).map(([name, body]): Case => ({
    id: `ENC-5.${name}`,
    title: `${body} is refused: ${payloadExpected}`,
    level: 'D',
    run: async (t) => await expectRefused(t, body, payloadExpected)
  })),
  ...Object.entries(notStrings).map(([name, body]): Case => ({
    id: `ENC-6.${name}`,
    title: `${body} is refused whole: ${payloadExpected}`,
    level: 'D',
    also: ['PIT-2'],
    run: async (t) => await expectRefused(t, body, payloadExpected)
  })),
  ...([['closed', 500, ']'], ['open', 100_000, '']] as const).map(([name, depth, end]): Case => ({
    id: `ENC-6.deep-${name}`,
    title: `${depth.toLocaleString('en')} nested arrays, ${name === 'closed' ? 'all closed' : 'none closed'}, are refused, and the server lives on`,
    level: 'D',
    also: ['PIT-2'],
    async run (t) {
      const session = await t.opened('/echo', 'xhr')
      expectRefusal(await session.post('['.repeat(depth) + end.repeat(depth)), '.')
      await session.send('after')
      expectEqual(await receive(session, 1), ['after'], 'what is delivered afterwards')
    }
  })),
  ...sessionTransports.map((transport): Case => ({
    id: `ENC-7.${transport}`,
    title: `${transport}: an empty array is accepted and brings nothing`,
    level: 'S',
    transport,
    async run (t) {
      const session = await t.session('/echo', transport)
      await session.send()
      await session.send('x')
      expectEqual(await nextFrame(session), 'a["x"]', 'the next frame')
    }
  })),
  {
    id: 'ENC-8',
    title: 'an empty string is a message',
    level: 'D',
    run: async (t) => expectBytes(await rawEcho(t, '[""]'), 'a[""]\n', 'the poll')
  },
  ...Object.entries(spaced).map(([name, body]): Case => ({
    id: `ENC-9.${name}`,
    title: `white space ${name === 'all' ? 'everywhere' : name} changes nothing`,
    level: 'D',
    run: async (t) => expectBytes(await rawEcho(t, body), 'a["a"]\n', 'the poll')
  })),
  {
    id: 'ENC-10',
    title: `a byte order mark before the array is refused: ${brokenJson}`,
    level: 'D',
    run: async (t) => await expectRefused(t, Buffer.from('\ufeff["a"]'), brokenJson)
  },
  {
    id: 'ENC-11.inbound',
    title: 'a message is measured decoded: 600 characters, each escaped, pass a limit of 1 KiB',
    level: 'D',
    needs: ['/tiny'],
    async run (t) {
      const session = await t.opened('/tiny', 'xhr')
      await session.sendBody(`["${escaped('A'.repeat(600))}"]`)
      expectEqual(await receive(session, 1), ['A'.repeat(600)], 'the echo')
    }
  },
  {
    id: 'ENC-11.over',
    title: 'a message of 1,024 bytes passes a limit of 1 KiB; one of 1,025 is 413 and takes its whole body with it',
    level: 'D',
    needs: ['/tiny'],
    async run (t) {
      const session = await t.opened('/tiny', 'xhr')
      await session.send('x'.repeat(1024))
      expectEqual((await receive(session, 1))[0]?.length, 1024, 'the length of the echo')
      expectStatus(await session.post(JSON.stringify(['small', 'é'.repeat(512) + 'x'])), 413)
      await session.send('after')
      expectEqual(await receive(session, 1), ['after'], 'what is delivered afterwards')
    }
  },
  {
    id: 'ENC-1.message',
    title: 'a frame is JSON with only the messages that were sent',
    level: 'S',
    async run (t) {
      const raw = (await rawEcho(t, '["a","b\\"c"]')).toString('utf8')
      expectMatch(raw, /^a\[.*\]\n$/, 'the poll')
      expectThat(raw === 'a["a","b\\"c"]\n', 'the poll', 'a["a","b\\"c"]', raw)
    }
  }
]

export const encoding: Section = { name: 'encoding', title: 'Message encoding', source: 'JSONEncoding', transport: 'xhr', cases }
