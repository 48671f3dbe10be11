/** WebSocket drafts 76 and 75: bytes over a bare socket, for the runner's WebSocket client may share a driver with the server. */
import { createHash } from 'node:crypto'
import { expectHeader, expectNoHeader, expectStatus } from '../runner/checks.ts'
import { expectBytes, expectEqual } from '../runner/expect.ts'
import type { Incoming } from '../client/http.ts'
import type { Wire } from '../client/wire.ts'
import type { Context } from '../runner/context.ts'
import type { Case, Section } from '../types.ts'
import { socketPath } from './websocket-handshake.ts'

const origin = 'http://localhost'

const draftHeaders = { Upgrade: 'WebSocket', Connection: 'Upgrade', Origin: origin }

const keys = { 'Sec-WebSocket-Key1': '4 @1  46546xW%0l 1 5', 'Sec-WebSocket-Key2': '12998 5 Y3 1  .P00' }

/** Draft 76, 1.3: the digits of a key divided by the number of its spaces. */
function keyNumber (key: string): Buffer {
  const number = Buffer.alloc(4)
  number.writeUInt32BE(Number(key.replace(/\D/g, '')) / key.replace(/[^ ]/g, '').length)
  return number
}

function challenge (headers: typeof keys, body: string): Buffer {
  return createHash('md5').update(keyNumber(headers['Sec-WebSocket-Key1'])).update(keyNumber(headers['Sec-WebSocket-Key2'])).update(body).digest()
}

/** Headers first, the eight bytes only once the answer's head has come. */
async function open76 (t: Context, path: string): Promise<{ wire: Wire, response: Incoming }> {
  const { wire, response } = await t.begin('GET', path, { headers: { ...draftHeaders, ...keys } })
  const incoming = await response()
  expectStatus(incoming, 101)
  wire.write('aaaaaaaa')
  expectBytes(await wire.take(16, 'the answer to the challenge'), challenge(keys, 'aaaaaaaa'), 'the answer to the challenge')
  return { wire, response: incoming }
}

async function open75 (t: Context, path: string): Promise<{ wire: Wire, response: Incoming }> {
  const { wire, response } = await t.begin('GET', path, { headers: draftHeaders })
  const incoming = await response()
  expectStatus(incoming, 101)
  return { wire, response: incoming }
}

const frame = (text: string): Buffer => Buffer.concat([Buffer.from([0]), Buffer.from(text), Buffer.from([255])])

async function expectFrame (wire: Wire, text: string): Promise<void> {
  const expected = frame(text)
  expectBytes(await wire.take(expected.length, `the frame ${text}`), expected, 'the frame')
}

const drafts = [['HIXIE-2', 'draft 76', open76], ['HIXIE-3', 'draft 75', open75]] as const

const cases: Case[] = [
  {
    id: 'HIXIE-1',
    title: 'the handshake of draft 76 is answered before its eight bytes come, as it is behind a proxy',
    level: 'S',
    also: ['WS-18'],
    async run (t) {
      const path = socketPath(t, '/echo')
      const { wire, response } = await t.begin('GET', path, { headers: { ...draftHeaders, ...keys } })
      const incoming = await response()
      expectStatus(incoming, 101)
      expectHeader(incoming, 'Sec-WebSocket-Location', t.target.webSocketOrigin + t.path(path))
      expectHeader(incoming, 'Sec-WebSocket-Origin', origin)
      expectNoHeader(incoming, 'Content-Length')
      await t.expectSilence(wire, 'the server before the eight bytes', 60)
      wire.write('aaaaaaaa')
      expectBytes(await wire.take(16, 'the answer to the challenge'), Buffer.from('ca3400d8a50847972cd5715ababf437b', 'hex'), 'the answer to the challenge')
    }
  },
  {
    id: 'HIXIE-1.together',
    title: 'eight bytes that come with the headers are as good',
    level: 'D',
    async run (t) {
      const { wire, response } = await t.begin('GET', socketPath(t, '/echo'), { headers: { ...draftHeaders, ...keys }, body: 'abcdefgh', unsized: true })
      expectStatus(await response(), 101)
      expectBytes(await wire.take(16, 'the answer to the challenge'), challenge(keys, 'abcdefgh'), 'the answer to the challenge')
      await expectFrame(wire, 'o')
    }
  },
  ...drafts.flatMap(([id, name, open]): Case[] => [
    {
      id: `${id}.echo`,
      title: `${name}: o, and messages as a frames`,
      level: 'D',
      async run (t) {
        const { wire } = await open(t, socketPath(t, '/echo'))
        await expectFrame(wire, 'o')
        for (const message of ['a', 'é']) {
          wire.write(frame(`["${message}"]`))
          await expectFrame(wire, `a["${message}"]`)
        }
      }
    },
    {
      id: `${id}.close`,
      title: `${name}: a close by the server is a c frame, then the connection ends`,
      level: 'D',
      needs: ['/close'],
      async run (t) {
        const { wire } = await open(t, socketPath(t, '/close'))
        await expectFrame(wire, 'o')
        await expectFrame(wire, 'c[3000,"Go away!"]')
        await wire.closed()
      }
    },
    {
      id: `${id}.raw`,
      title: `${name}: a raw WebSocket echoes`,
      level: 'D',
      transport: 'raw-websocket',
      async run (t) {
        const { wire } = await open(t, '/echo/websocket')
        wire.write(frame('Hello'))
        await expectFrame(wire, 'Hello')
      }
    }
  ]),
  {
    id: 'HYBI-1.8',
    title: 'version 8 is accepted, with Connection: keep-alive, Upgrade',
    level: 'D',
    async run (t) {
      const socket = await t.wireSocket(socketPath(t, '/echo'), { headers: { 'Sec-WebSocket-Version': '8', Connection: 'keep-alive, Upgrade' } })
      expectEqual(await socket.data(), 'o', 'the first frame')
      socket.text('["a"]')
      expectEqual(await socket.data(), 'a["a"]', 'the echo')
    }
  },
  {
    id: 'HYBI-1.13',
    title: 'version 13 is accepted, with Connection: keep-alive, Upgrade, as Firefox sends it',
    level: 'C',
    run: async (t) => expectEqual(await (await t.wireSocket(socketPath(t, '/echo'), { headers: { Connection: 'keep-alive, Upgrade' } })).data(), 'o', 'the first frame')
  },
  {
    id: 'HYBI-1.7',
    title: 'version 7 is 426',
    level: 'D',
    also: ['WS-15'],
    async run (t) {
      const { response } = await t.handshake(socketPath(t, '/echo'), { headers: { 'Sec-WebSocket-Version': '7', Connection: 'keep-alive, Upgrade' } })
      expectStatus(response, 426)
      expectHeader(response, 'Sec-WebSocket-Version', '13, 8')
    }
  }
]

export const legacyDrafts: Section = { name: 'legacy-drafts', title: 'Legacy WebSocket drafts', source: 'WebsocketHixie76', transport: 'websocket', cases }
