import { htmlfileHead } from '../client/transports.ts'
import { expectHeader, expectNotCacheable, expectStatus, expectType, HTML } from '../runner/checks.ts'
import { expectBytes, expectEqual, expectThat } from '../runner/expect.ts'
import { callbackCases } from './callbacks.ts'
import type { Case, Section } from '../types.ts'

const hostile = ['a</script><script>alert(1)</script>', '<!--', ']]>', '&lt;', '<ſcript>', '\u2028\u2029']

const cases: Case[] = [
  {
    id: 'HTMLFILE-1',
    title: 'the response is HTML that is not cached',
    level: 'S',
    async run (t) {
      const answer = await t.open('GET', `${t.sessionPath('/echo')}/htmlfile?c=%63allback`)
      expectStatus(answer, 200)
      expectType(answer, HTML)
      expectNotCacheable(answer)
    }
  },
  {
    id: 'HTMLFILE-2',
    title: 'the first chunk is the head of the page with the decoded callback, padded to more than 1,024 bytes',
    level: 'S',
    async run (t) {
      const incoming = await t.open('GET', `${t.sessionPath('/echo')}/htmlfile?c=%63allback`)
      const chunk = await incoming.chunk('the head of the page') ?? Buffer.alloc(0)
      expectBytes(chunk.toString('utf8').trim(), htmlfileHead('callback'), 'the head of the page')
      expectThat(chunk.length > 1024, 'the length of the first chunk', 'more than 1024', chunk.length)
      expectBytes(chunk.subarray(-4), '\r\n\r\n', 'the end of the first chunk')
    }
  },
  {
    id: 'HTMLFILE-3',
    title: 'the o frame is a script that calls p, in one chunk',
    level: 'S',
    async run (t) {
      const incoming = await t.httpSession('/echo', 'htmlfile').receiver()
      expectBytes(await incoming.chunk() ?? '', '<script>\np("o");\n</script>\r\n', 'the second chunk')
    }
  },
  {
    id: 'HTMLFILE-4',
    title: 'each message is a script that calls p, in one chunk',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'htmlfile')
      for (const message of ['x', 'y']) {
        await session.send(message)
        expectBytes(await session.response.chunk() ?? '', `<script>\np("a[\\"${message}\\"]");\n</script>\r\n`, 'the chunk of a message')
      }
    }
  },
  ...callbackCases('htmlfile', {
    required: 'HTMLFILE-5',
    invalid: 'HTMLFILE-6',
    length: 'HTMLFILE-9',
    empty: 'HTMLFILE-5.empty',
    repeated: 'HTMLFILE-6.repeated',
    alias: 'HTMLFILE-5.alias',
    noSession: 'HTMLFILE-11'
  }),
  {
    id: 'HTMLFILE-7',
    title: 'with a limit of 4,096 the response ends after one message of 4,096 characters',
    level: 'S',
    async run (t) {
      const session = await t.opened('/echo', 'htmlfile')
      const message = 'x'.repeat(4096)
      await session.send(message)
      expectBytes(await session.response.chunk() ?? '', `<script>\np("a[\\"${message}\\"]");\n</script>\r\n`, 'the chunk')
      expectEqual(await session.response.chunk('the end'), undefined, 'what follows the limit')
    }
  },
  {
    id: 'HTMLFILE-8',
    title: 'no message can close its script: <, >, & and the two separators leave escaped, and arrive',
    level: 'D',
    also: ['ENC-12', 'PIT-1'],
    async run (t) {
      const session = await t.opened('/echo', 'htmlfile')
      for (const message of hostile) {
        await session.send(message)
        const chunk = await session.response.chunk() ?? Buffer.alloc(0)
        const inside = chunk.toString('utf8').slice('<script>\np('.length, -');\n</script>\r\n'.length)
        expectThat(!/[<>&\u2028\u2029]/.test(inside), 'the script of the message', 'no bare <, >, &, U+2028 or U+2029', inside)
        expectBytes(session.envelope.unwrap(chunk), `a${JSON.stringify([message]).replace(/[\u2028\u2029]/g, (found) => `\\u${found.charCodeAt(0).toString(16)}`)}`, 'the frame')
      }
    }
  },
  {
    id: 'HTMLFILE-8.lower-case',
    title: 'the escapes are those of JavaScript, in lower case',
    level: 'D',
    async run (t) {
      const session = await t.opened('/echo', 'htmlfile')
      await session.send('</b>&')
      expectBytes(await session.response.chunk() ?? '', '<script>\np("a[\\"\\u003c/b\\u003e\\u0026\\"]");\n</script>\r\n', 'the chunk of a message')
    }
  },
  ...['/restricted', '/same_origin'].map((endpoint): Case => ({
    id: `HTMLFILE-12.${endpoint.slice(1)}`,
    title: `where not every origin is allowed (${endpoint}) htmlfile is 404`,
    level: 'D',
    needs: [endpoint],
    run: async (t) => expectStatus(await t.get(`${t.sessionPath(endpoint)}/htmlfile?c=x`), 404)
  })),
  {
    id: 'HTMLFILE-13',
    title: 'no sniffing by browsers, no buffering by proxies',
    level: 'D',
    async run (t) {
      const incoming = await t.httpSession('/echo', 'htmlfile').attach()
      expectHeader(incoming, 'X-Content-Type-Options', 'nosniff')
      expectHeader(incoming, 'X-Accel-Buffering', 'no')
    }
  }
]

export const htmlfile: Section = { name: 'htmlfile', title: 'htmlfile', source: 'HtmlFile', transport: 'htmlfile', cases }
