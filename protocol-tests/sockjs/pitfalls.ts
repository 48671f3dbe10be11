import { opcodes } from '../client/frames.ts'
import { handshakeHeaders } from '../client/wire-socket.ts'
import { expectThat } from '../runner/expect.ts'
import type { Case, Section } from '../types.ts'

const upgradeTargets = ['', '/', '/info', '/iframe.html', '/000/SESSION/xhr', '/000/SESSION/xhr_send', '/000/SESSION/xhr_streaming', '/000/SESSION/eventsource',
  '/000/SESSION/htmlfile?c=x', '/000/SESSION/jsonp?c=x', '/000/SESSION/jsonp_send', '/000/SESSION/unknown', '/a/b/c/d', '/websocket/x']

const cases: Case[] = [
  {
    id: 'PIT-6',
    title: 'an upgrade of a path without WebSocket gets a short error, its socket is closed, and the server continues',
    level: 'D',
    async run (t) {
      for (const path of upgradeTargets) {
        const { response, wire } = await t.handshake(`/echo${path.replace('SESSION', t.id())}`)
        expectThat(response.status >= 400 && response.status < 500, `the answer to an upgrade of /echo${path}`, 'a status from 400 to 499', response.statusLine)
        await wire.closed(`the end of the refused upgrade of /echo${path}`)
      }
      await t.expectAlive()
    }
  },
  {
    id: 'PIT-6.reset',
    title: 'a reset at once after an upgrade request, wherever it goes, harms nothing',
    level: 'D',
    async run (t) {
      for (const path of [...upgradeTargets, '/000/SESSION/websocket', '/websocket']) {
        for (const pause of [0, 5]) {
          const { wire } = await t.begin('GET', `/echo${path.replace('SESSION', t.id())}`, { headers: handshakeHeaders() })
          if (pause > 0) await t.sleep(pause)
          wire.reset()
        }
      }
      await t.expectAlive()
    }
  },
  {
    id: 'PIT-6.mid-frame',
    title: 'a reset in the middle of a frame, of a body and of a stream harms nothing',
    level: 'D',
    async run (t) {
      const socket = await t.wireSocket(`${t.sessionPath('/echo')}/websocket`)
      socket.wire.write(Buffer.from([0x80 | opcodes.text, 0x80 | 100, 1, 2, 3, 4, 5]))
      await t.sleep(20)
      socket.wire.reset()
      const session = await t.opened('/echo', 'xhr')
      const sending = await t.begin('POST', session.sendUrl, { headers: { 'Content-Length': '100', 'Content-Type': 'text/plain' }, body: '["half' })
      await t.sleep(20)
      sending.wire.reset()
      const stream = await t.opened('/echo', 'eventsource')
      stream.response.wire.reset()
      await session.send('whole')
      const frame = await session.frame()
      expectThat(frame === 'a["whole"]', 'what is delivered afterwards', 'a["whole"]', frame)
      await t.expectAlive()
    }
  },
  {
    id: 'PIT-6.other-protocol',
    title: 'an upgrade to another protocol is answered as a plain request or refused, and harms nothing',
    level: 'D',
    async run (t) {
      const incoming = await t.open('GET', '/echo', { headers: { Upgrade: 'h2c', Connection: 'Upgrade, HTTP2-Settings', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' } })
      expectThat(incoming.status === 200 || (incoming.status >= 400 && incoming.status < 500), 'the answer to Upgrade: h2c', '200 or a status from 400 to 499', incoming.statusLine)
      await t.expectAlive()
    }
  }
]

export const pitfalls: Section = { name: 'pitfalls', title: 'Pitfalls', source: 'no test', cases }
