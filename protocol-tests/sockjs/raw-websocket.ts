import { opcodes } from '../client/frames.ts'
import { expectStatus } from '../runner/checks.ts'
import { expectBytes, expectEqual, expectThat } from '../runner/expect.ts'
import type { Case, Section } from '../types.ts'

const binary = Buffer.from([0x00, 0xff, 0xfe, 0x80, 0xc3, 0x28])

const cases: Case[] = [
  {
    id: 'RAW-1',
    title: 'messages are echoed as they are, and no frame of SockJS comes',
    level: 'S',
    async run (t) {
      const socket = await t.webSocket('/echo/websocket').open()
      for (const message of ['Hello world!\uffff', '["a"]', 'o', '{']) {
        socket.send(message)
        expectEqual(await socket.message(), message, 'the echo')
      }
      expectEqual(socket.unread, [], 'further messages')
    }
  },
  {
    id: 'RAW-1.large',
    title: 'messages of 125, 126, 65,535 and 65,536 bytes keep their length',
    level: 'S',
    async run (t) {
      const socket = await t.webSocket('/echo/websocket').open()
      for (const length of [125, 126, 65_535, 65_536]) {
        socket.send('x'.repeat(length))
        expectEqual((await socket.message()).length, length, 'the length of the echo')
      }
    }
  },
  {
    id: 'RAW-1.empty',
    title: 'an empty message is a message',
    level: 'D',
    async run (t) {
      const socket = await t.webSocket('/echo/websocket').open()
      socket.send('')
      socket.send('x')
      expectEqual([await socket.message(), await socket.message()], ['', 'x'], 'the echo')
    }
  },
  {
    id: 'RAW-2',
    title: 'a close by the server is a WebSocket close with its reason',
    level: 'S',
    needs: ['/close'],
    async run (t) {
      const socket = await t.webSocket('/close/websocket').open()
      const { reason } = await socket.closed()
      expectEqual(reason, 'Go away!', 'the reason of the close')
      expectEqual(socket.unread, [], 'messages before the close')
    }
  },
  {
    id: 'RAW-3',
    title: 'a close by the server carries its code',
    level: 'D',
    needs: ['/close'],
    async run (t) {
      const socket = await t.wireSocket('/close/websocket')
      expectEqual(await socket.closing(), { code: 3000, reason: 'Go away!' }, 'the close frame')
    }
  },
  {
    id: 'RAW-3.farewell',
    title: 'messages sent before a close arrive before it, and the close carries its code',
    level: 'D',
    needs: ['/farewell'],
    also: ['SESSION-12'],
    async run (t) {
      const socket = await t.webSocket('/farewell/websocket').open()
      expectEqual([await socket.message(), await socket.message()], ['one', 'two'], 'the messages')
      expectEqual(await socket.closed(), { code: 3001, reason: 'bye' }, 'code and reason of the close')
    }
  },
  {
    id: 'RAW-4',
    title: 'where bytes are not spoken, a binary frame closes with 1003',
    level: 'D',
    async run (t) {
      const socket = await t.webSocket('/echo/websocket').open()
      socket.send(binary)
      expectEqual((await socket.closed()).code, 1003, 'the code of the close')
      expectEqual(socket.unread, [], 'messages')
    }
  },
  {
    id: 'RAW-4.binary',
    title: 'where bytes are spoken, bytes come back as bytes and text as text',
    level: 'D',
    needs: ['/binary'],
    async run (t) {
      const socket = await t.wireSocket('/binary/websocket')
      socket.send(opcodes.binary, binary)
      const bytes = await socket.frame('the echo')
      expectEqual(bytes.opcode, opcodes.binary, 'the opcode of the echo')
      expectBytes(bytes.payload, binary, 'the echo')
      socket.text('é')
      const text = await socket.frame('the echo')
      expectEqual([text.opcode, text.payload.toString()], [opcodes.text, 'é'], 'opcode and payload of the echo')
    }
  },
  {
    id: 'RAW-6',
    title: 'a plain GET is 400',
    level: 'D',
    run: async (t) => expectStatus(await t.get('/echo/websocket'), 400)
  },
  {
    id: 'RAW-7',
    title: 'a raw WebSocket is not a session of the HTTP transports',
    level: 'D',
    async run (t) {
      const socket = await t.webSocket('/echo/websocket').open()
      for (const path of ['/echo/websocket/xhr_send', '/echo//websocket/xhr_send', `${t.sessionPath('/echo', 'websocket')}/xhr_send`]) {
        expectStatus(await t.post(path, '["intruder"]'), 404)
      }
      socket.send('x')
      expectEqual(await socket.message(), 'x', 'the echo')
    }
  },
  {
    id: 'RAW-2.client',
    title: "the client's close is answered with its code",
    level: 'D',
    async run (t) {
      const socket = await t.wireSocket('/echo/websocket')
      socket.send(opcodes.close, Buffer.concat([Buffer.from([4321 >> 8, 4321 & 255]), Buffer.from('enough')]))
      const { code } = await socket.closing()
      expectThat(code === 4321, 'the code of the answer', '4321', code)
      await socket.wire.closed()
    }
  },
  {
    id: 'WS-23.raw',
    title: 'a message above the limit closes with 1009',
    level: 'D',
    needs: ['/tiny'],
    async run (t) {
      const socket = await t.webSocket('/tiny/websocket').open()
      socket.send('x'.repeat(1024))
      expectEqual((await socket.message()).length, 1024, 'the length of the echo')
      socket.send('x'.repeat(1025))
      expectEqual((await socket.closed()).code, 1009, 'the code of the close')
    }
  }
]

export const rawWebSocket: Section = { name: 'raw-websocket', title: 'Raw WebSocket', source: 'RawWebsocket', transport: 'raw-websocket', cases }
