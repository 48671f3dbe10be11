// A heartbeat is missed after a minute, so that this file takes a minute. It mostly waits.
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import sockjsNode from 'sockjs'
import t from 'tap'
import { diagnose } from '../../protocol-tests/index.ts'
import { codesOf } from './support.ts'

t.test('a server without heartbeats', async (t) => {
  const server = createServer()
  const service = sockjsNode.createServer({ prefix: '/echo', heartbeat_delay: 600_000, log () {} })
  service.on('connection', (connection) => { connection.on('data', (text: string) => connection.write(text)) })
  service.installHandlers(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const diagnosis = await diagnose(`http://127.0.0.1:${(server.address() as AddressInfo).port}/echo`, { idle: 60_000 })
  t.same(codesOf(diagnosis), ['no-heartbeat'], 'the findings', { checks: diagnosis.checks })
  t.ok(diagnosis.ok, 'a note is no mistake')
  const [finding] = diagnosis.checks.flatMap(({ findings }) => findings)
  t.match(finding, { detail: 'nothing came within 60.0 s over websocket, xhr-streaming, eventsource, xhr-polling', remedies: { server: /heartbeat/ } })
})
