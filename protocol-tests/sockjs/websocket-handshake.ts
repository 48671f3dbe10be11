import { createHash } from 'node:crypto'
import { handshakeHeaders } from '../client/wire-socket.ts'
import { expectHeader, expectMatchHeader, expectNoHeader, expectNotAllowed, expectNotCacheable, expectStatus } from '../runner/checks.ts'
import type { Context } from '../runner/context.ts'
import type { Case, Section } from '../types.ts'

export const socketPath = (t: Context, endpoint: string): string => `${t.sessionPath(endpoint)}/websocket`

const upgradeless = [['plain', 'without upgrade headers', {}], ['upgrade', 'with upgrade headers', handshakeHeaders()]] as const

const cases: Case[] = [
  {
    id: 'WS-11',
    title: 'a handshake of version 13 is accepted with the right key',
    level: 'S',
    async run (t) {
      const { response } = await t.handshake(socketPath(t, '/echo'), { headers: { 'Sec-WebSocket-Key': 'x3JJHMbDL1EzLkh9GBhXDw==' } })
      expectStatus(response, 101)
      expectHeader(response, 'Sec-WebSocket-Accept', 'HSmrc0sMlYUkAGmm5OPpG2HaGWk=')
      expectMatchHeader(response, 'Connection', /^upgrade$/i)
      expectMatchHeader(response, 'Upgrade', /^websocket$/i)
      expectNoHeader(response, 'Content-Length', 'Transfer-Encoding')
    }
  },
  {
    id: 'WS-11.accept',
    title: 'the accepted key depends on the one that was sent',
    level: 'S',
    async run (t) {
      const key = Buffer.from(t.id().slice(0, 16)).toString('base64')
      const { response } = await t.handshake(socketPath(t, '/echo'), { headers: { 'Sec-WebSocket-Key': key } })
      // RFC 6455, 1.3
      expectHeader(response, 'Sec-WebSocket-Accept', createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64'))
    }
  },
  {
    id: 'WS-12',
    title: 'a plain GET is 400',
    level: 'S',
    run: async (t) => expectStatus(await t.get(socketPath(t, '/echo')), 400)
  },
  {
    id: 'WS-13',
    title: 'Upgrade without Connection: Upgrade is 400',
    level: 'S',
    run: async (t) => expectStatus(await t.get(socketPath(t, '/echo'), { Upgrade: 'WebSocket', Connection: 'close' }), 400)
  },
  ...upgradeless.map(([name, which, headers]): Case => ({
    id: `WS-14.${name}`,
    title: `POST ${which} is 405 with Allow, without body and content type`,
    level: 'S',
    also: ['URL-13'],
    run: async (t) => expectNotAllowed(await t.post(socketPath(t, '/echo'), '', { ...headers }), 'GET')
  })),
  ...['12', '14', '0', 'abc'].map((version): Case => ({
    id: `WS-15.${version}`,
    title: `version ${version} is 426 and the answer names 13 and 8`,
    level: 'D',
    async run (t) {
      for (const path of [socketPath(t, '/echo'), '/echo/websocket']) {
        const { response, wire } = await t.handshake(path, { headers: { 'Sec-WebSocket-Version': version } })
        expectStatus(response, 426)
        expectHeader(response, 'Sec-WebSocket-Version', '13, 8')
        await wire.closed()
      }
    }
  })),
  {
    id: 'WS-17',
    title: 'where it is switched off both WebSocket URLs are 404, not cached',
    level: 'D',
    needs: ['/disabled_websocket_echo'],
    async run (t) {
      for (const path of [socketPath(t, '/disabled_websocket_echo'), '/disabled_websocket_echo/websocket']) {
        const plain = await t.get(path)
        expectStatus(plain, 404)
        expectNotCacheable(plain)
        const { response, wire } = await t.handshake(path)
        expectStatus(response, 404)
        await wire.closed()
      }
    }
  },
  {
    id: 'WS-19',
    title: 'without configured subprotocols none is chosen',
    level: 'D',
    async run (t) {
      const { response } = await t.wireSocket(socketPath(t, '/echo'), { headers: { 'Sec-WebSocket-Protocol': 'chat, v12.stomp' } })
      expectNoHeader(response, 'Sec-WebSocket-Protocol')
    }
  },
  {
    id: 'WS-19.chosen',
    title: 'a configured subprotocol is echoed, another one is not',
    level: 'D',
    needs: ['/subprotocol'],
    async run (t) {
      const offered = await t.wireSocket('/subprotocol/websocket', { headers: { 'Sec-WebSocket-Protocol': 'other, chat' } })
      expectHeader(offered.response, 'Sec-WebSocket-Protocol', 'chat')
      const { response } = await t.handshake('/subprotocol/websocket', { headers: { 'Sec-WebSocket-Protocol': 'other' } })
      expectNoHeader(response, 'Sec-WebSocket-Protocol')
    }
  },
  {
    id: 'WS-20',
    title: 'compression is off unless it is switched on',
    level: 'D',
    async run (t) {
      const { response } = await t.wireSocket(socketPath(t, '/echo'), { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' } })
      expectNoHeader(response, 'Sec-WebSocket-Extensions')
    }
  },
  {
    id: 'WS-25',
    title: 'where sticky cookies are on, the 101 sets one too',
    level: 'D',
    needs: ['/cookie_needed_echo'],
    async run (t) {
      for (const [cookie, value] of [['a=b', 'dummy'], ['JSESSIONID=abcdef', 'abcdef']] as const) {
        const { response } = await t.wireSocket(socketPath(t, '/cookie_needed_echo'), { headers: { Cookie: cookie } })
        expectMatchHeader(response, 'Set-Cookie', new RegExp(`^JSESSIONID=${value}; *path=/`, 'i'))
      }
    }
  }
]

export const websocketHandshake: Section = {
  name: 'websocket-handshake', title: 'WebSocket handshake', source: 'WebsocketHttpErrors and WebsocketHybi10', transport: 'websocket', cases
}
