import { opcodes } from '../client/frames.ts'
import { expectStatus } from '../runner/checks.ts'
import { expectBytes, expectEqual, expectThat } from '../runner/expect.ts'
import type { WebSocketClient } from '../client/websocket.ts'
import type { Context } from '../runner/context.ts'
import type { Case, Section } from '../types.ts'
import { socketPath } from './websocket-handshake.ts'

async function opened (t: Context, endpoint = '/echo'): Promise<WebSocketClient> {
  const socket = t.webSocket(socketPath(t, endpoint))
  expectEqual(await socket.message('the o frame'), 'o', 'the first frame')
  return socket
}

/** The socket is closed with 3000 and without a c frame; nothing of the message is delivered. */
async function expectBroken (t: Context, text: string): Promise<void> {
  const socket = await opened(t)
  socket.send(text)
  const { code, reason } = await socket.closed()
  expectEqual(socket.unread, [], 'what came before the close')
  expectEqual([code, reason], [3000, 'Broken framing.'], 'code and reason of the close')
}

/** Texts that are JSON and not one or several messages. */
const malformed = ['[1]', '["a",1]', '[["n"]]', '[null]', '{}', '{"a":1}', '5', 'null', 'true']

const cases: Case[] = [
  {
    id: 'WS-1',
    title: 'text o first, then messages as a frames',
    level: 'S',
    also: ['WS-2', 'WS-26'],
    async run (t) {
      const socket = await opened(t)
      for (const message of ['a', 'é']) {
        socket.send(JSON.stringify([message]))
        expectEqual(await socket.message(), `a["${message}"]`, 'the echo')
      }
    }
  },
  {
    id: 'WS-2.fragmented',
    title: 'a message in fragments, with a ping between them, is delivered whole',
    level: 'C',
    async run (t) {
      const socket = await t.wireSocket(socketPath(t, '/echo'))
      expectEqual(await socket.data(), 'o', 'the first frame')
      socket.send(opcodes.text, '["fr', { final: false })
      socket.send(opcodes.ping, 'now')
      socket.send(opcodes.continuation, 'agm', { final: false })
      socket.send(opcodes.continuation, 'ent"]')
      const pong = await socket.frame('the pong')
      expectEqual([pong.opcode, pong.payload.toString()], [opcodes.pong, 'now'], 'opcode and payload of the answer to the ping')
      const frame = await socket.frame('the echo')
      expectEqual([frame.final, frame.reserved, frame.opcode, frame.masked], [true, 0, opcodes.text, false], 'final, reserved, opcode, masked of the echo')
      expectBytes(frame.payload, 'a["fragment"]', 'the echo')
    }
  },
  {
    id: 'WS-3',
    title: 'empty text and an empty array are ignored',
    level: 'S',
    async run (t) {
      const socket = await opened(t)
      socket.send('')
      socket.send('[]')
      socket.send('["a"]')
      expectEqual(await socket.message(), 'a["a"]', 'the next frame')
    }
  },
  {
    id: 'WS-4',
    title: 'a close by the server is a c frame, then the WebSocket closes',
    level: 'S',
    needs: ['/close'],
    async run (t) {
      const socket = await opened(t, '/close')
      expectEqual(await socket.message(), 'c[3000,"Go away!"]', 'the frame after o')
      const { code } = await socket.closed()
      expectThat(code === 3000 || code === 1000, 'the code of the close', '3000 or 1000', code)
      expectEqual(socket.unread, [], 'further frames')
    }
  },
  {
    id: 'WS-5',
    title: 'the WebSocket closes with the code and the reason of the c frame',
    level: 'D',
    needs: ['/close'],
    async run (t) {
      const socket = await t.wireSocket(socketPath(t, '/close'))
      expectEqual(await socket.data(), 'o', 'the first frame')
      expectEqual(await socket.data(), 'c[3000,"Go away!"]', 'the second frame')
      expectEqual(await socket.closing(), { code: 3000, reason: 'Go away!' }, 'the close frame')
    }
  },
  ...['["a', '["a"', 'a', '["a"]]'].map((text, index): Case => ({
    id: `WS-6.${index + 1}`,
    title: `the broken text ${text} drops the connection`,
    level: 'S',
    async run (t) {
      const socket = await opened(t)
      socket.send(text)
      await socket.closed()
      expectEqual(socket.unread, [], 'what came before the close')
    }
  })),
  {
    id: 'WS-7',
    title: 'broken text closes with 3000, Broken framing., without a c frame',
    level: 'D',
    run: async (t) => await expectBroken(t, '["a')
  },
  {
    id: 'WS-8',
    title: 'JSON other than a message drops the connection, nothing of it is delivered, and the server continues',
    level: 'D',
    also: ['PIT-2'],
    async run (t) {
      for (const text of malformed) await expectBroken(t, text)
      await t.expectAlive()
    }
  },
  {
    id: 'WS-8.deep',
    title: '100,000 nested arrays drop the connection, the server lives on',
    level: 'D',
    also: ['PIT-2'],
    async run (t) {
      await expectBroken(t, '['.repeat(100_000))
      await t.expectAlive()
    }
  },
  {
    id: 'WS-9',
    title: 'a single JSON string is one message',
    level: 'D',
    async run (t) {
      const socket = await opened(t)
      socket.send('"x"')
      expectEqual(await socket.message(), 'a["x"]', 'the echo')
    }
  },
  {
    id: 'WS-10',
    title: 'a binary frame closes with 1003',
    level: 'D',
    async run (t) {
      const socket = await opened(t)
      socket.send(Buffer.from('["a"]'))
      expectEqual((await socket.closed()).code, 1003, 'the code of the close')
      expectEqual(socket.unread.filter((message) => String(message).startsWith('a')), [], 'messages')
    }
  },
  {
    id: 'WS-16.reuse',
    title: 'a session id can be used again after its WebSocket was closed',
    level: 'S',
    async run (t) {
      const path = socketPath(t, '/echo')
      for (const message of ['first', 'second']) {
        const socket = t.webSocket(path)
        expectEqual(await socket.message('the o frame'), 'o', 'the first frame')
        socket.send(`["${message}"]`)
        expectEqual(await socket.message(), `a["${message}"]`, 'the echo')
        socket.close()
        await socket.closed()
      }
    }
  },
  {
    id: 'WS-16.separate',
    title: 'an id that a WebSocket uses is free for the HTTP transports',
    level: 'D',
    async run (t) {
      const path = t.sessionPath('/echo')
      const socket = t.webSocket(`${path}/websocket`)
      expectEqual(await socket.message('the o frame'), 'o', 'the first frame')
      expectStatus(await t.post(`${path}/xhr_send`, '["intruder"]'), 404)
      expectBytes((await t.post(`${path}/xhr`)).body, 'o\n', 'the first poll')
      socket.send('["mine"]')
      expectEqual(await socket.message(), 'a["mine"]', 'the echo')
    }
  },
  {
    id: 'WS-23',
    title: 'a message above the limit closes with 1009, one at the limit does not',
    level: 'D',
    needs: ['/tiny'],
    also: ['PIT-7'],
    async run (t) {
      const socket = await opened(t, '/tiny')
      socket.send(JSON.stringify(['x'.repeat(1024)]))
      expectEqual((await socket.message()).length, 1024 + 'a[""]'.length, 'the length of the echo')
      socket.send(JSON.stringify(['x'.repeat(1025)]))
      expectEqual((await socket.closed()).code, 1009, 'the code of the close')
    }
  },
  {
    id: 'WS-24',
    title: 'several messages of one frame are delivered in order',
    level: 'C',
    async run (t) {
      const socket = await opened(t)
      socket.send('["a","b","c"]')
      let received: unknown[] = []
      while (received.length < 3) {
        const parsed: unknown = JSON.parse(String(await socket.message()).slice(1))
        received = received.concat(parsed)
      }
      expectEqual(received, ['a', 'b', 'c'], 'the echo')
    }
  },
  {
    id: 'WS-24.pongs',
    title: 'a ping of the client is answered',
    level: 'C',
    run: async (t) => await (await opened(t)).ping('hello')
  },
  ...([
    ['unmasked', 'without a mask', 1002, { mask: false }],
    ['reserved', 'with a reserved bit', 1002, { reserved: 4 }]
  ] as const).map(([name, which, code, options]): Case => ({
    id: `WS-6.${name}`,
    title: `a frame ${which} closes with ${code}`,
    level: 'D',
    async run (t) {
      const socket = await t.wireSocket(socketPath(t, '/echo'))
      expectEqual(await socket.data(), 'o', 'the first frame')
      socket.send(opcodes.text, '["a"]', options)
      expectEqual((await socket.closing()).code, code, 'the code of the close')
    }
  })),
  {
    id: 'WS-6.utf8',
    title: 'text that is not UTF-8 closes with 1007',
    level: 'D',
    async run (t) {
      const socket = await t.wireSocket(socketPath(t, '/echo'))
      expectEqual(await socket.data(), 'o', 'the first frame')
      socket.send(opcodes.text, Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]))
      expectEqual((await socket.closing()).code, 1007, 'the code of the close')
    }
  }
]

export const websocket: Section = { name: 'websocket', title: 'WebSocket', source: 'WebsocketHybi10', transport: 'websocket', cases }
