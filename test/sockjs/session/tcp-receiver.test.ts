import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import t from 'tap'
import { Lingering, TcpReceiver } from '../../../src/sockjs/transports/index.ts'
import { until } from '../../support/wait.ts'
import { FakeHost, stage } from './support.ts'

t.test('K2: a TCP peer that ends its side and reads no more cannot keep its connection', async (t) => {
  const listener = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  t.teardown(() => listener.close())
  await once(listener, 'listening')
  const peer = connect((listener.address() as AddressInfo).port, '127.0.0.1').pause()
  t.teardown(() => peer.destroy())
  const [socket] = await once(listener, 'connection') as [Socket]
  const { host, session, closes } = stage('tcp', new FakeHost({ queueLimit: 2 ** 26 }))
  const lingering = new Lingering(() => {})
  session.output.attach(new TcpReceiver(session, socket, { clock: host.clock, lingering, closeTimeout: 3_000, behind: () => null }))
  session.send('x'.repeat(2 ** 25))
  host.turn()
  session.send('never written')
  peer.end()
  await until(() => session.state === 'closed', 'the end of the peer is seen')
  t.match(closes, [{ code: 1000, clean: false, undelivered: 1 }])
  t.equal(lingering.size, 1, 'app.close() knows of it')
  t.notOk(socket.destroyed, 'what was written has time to leave')
  host.clock.advance(3_100)
  t.ok(socket.destroyed)
  await until(() => lingering.size === 0, 'nothing is left')
  t.equal(host.clock.pending, 0)
})
