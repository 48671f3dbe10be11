import t from 'tap'
import { newId } from '../../support/client.ts'
import { buildCluster, idle } from '../../support/cluster.ts'
import { ask, TcpPeer } from '../../support/http.ts'
import { until } from '../../support/wait.ts'
import { Lookups } from '../../../src/sockjs/remote/lookups.ts'
import { points } from '../../telemetry/support.ts'

interface Line { readonly refused?: string, readonly address?: string, readonly msg: string }

t.test('a flood of unknown ids from one address is bounded, and the clients of others go on', async (t) => {
  const lines: Line[] = []
  const stream = { write: (text: string) => { lines.push(JSON.parse(text) as Line) } }
  const cluster = await buildCluster(t, 2, {
    handler: idle, plugin: { maxLookupsPerAddress: 3 }, fastify: { trustProxy: true, logger: { level: 'warn', stream } }
  })
  const { port, app } = cluster.nodes[1]!
  const asked = (route: 'xhr' | 'xhr_send', address: string, id = newId()) =>
    ask({ port, path: `/echo/000/${id}/${route}`, method: 'POST', headers: { 'x-forwarded-for': address, 'content-type': 'text/plain' }, ...(route === 'xhr' ? {} : { body: '["x"]' }) })
  const refused = (): number => points(app.sockjs.metrics(), 'sockjs.server.sessions.refused').find((point) => point['sockjs.refusal.reason'] === 'lookups_per_address')!['value'] as number

  cluster.network.cut(cluster.engines[1]!)
  const waiting = [asked('xhr', '192.0.2.1'), asked('xhr_send', '192.0.2.1'), asked('xhr_send', '192.0.2.1')]
  await cluster.pass(500)
  for (const route of ['xhr', 'xhr_send'] as const) t.match(await asked(route, '192.0.2.1'), { status: 503, headers: { 'retry-after': '5' }, body: 'Too many sessions.\n' }, route)
  t.equal(refused(), 2)
  t.same(lines.filter(({ refused }) => refused === 'maxLookupsPerAddress').map(({ address }) => address), ['192.0.2.1'], 'one line a minute for each address')

  const other = asked('xhr_send', '192.0.2.2')
  await cluster.pass(500)
  t.equal(refused(), 2, 'another address has its own bound')
  cluster.network.mend(cluster.engines[1]!)
  t.same((await cluster.passUntil(Promise.all([...waiting, other]))).map(({ status }) => status), [200, 404, 404, 404])
  t.equal((await asked('xhr_send', '192.0.2.1')).status, 404, 'the requests that have an answer count no more')
})

t.test('a client whose session is known at its edge is not refused for the flood of a neighbour', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle, plugin: { maxLookupsPerAddress: 2 } })
  const { away } = await cluster.polling()
  const held: (() => void)[] = []
  const { claims } = cluster.engines[1]!
  const locate = claims.locate.bind(claims)
  claims.locate = async (key) => {
    await new Promise<void>((resolve) => { held.push(resolve) })
    return await locate(key)
  }
  const flood = [newId(), newId()].map((id) => cluster.client(1, 'xhr-polling', { id }).send('x'))
  await cluster.pass(250)
  t.equal(held.length, 2)
  t.equal((await cluster.client(1, 'xhr-polling', { id: newId() }).send('x')).status, 503)
  t.equal((await cluster.passUntil(away.send('known'))).status, 204)
  for (const release of held) release()
  await cluster.passUntil(Promise.all(flood))
})

for (const [how, learn] of [
  ['their lookup', (answer: () => void) => { answer() }],
  ['a poll', (_answer: () => void, poll: () => void) => { poll() }]
] as const) {
  t.test(`XHR-SEND-9: when ${how} finds the owner, a later send does not overtake those of its connection that still wait for the engine`, async (t) => {
    const cluster = await buildCluster(t, 2, { handler: idle })
    const { session, home, away, id } = await cluster.open(0, 'xhr-polling', 1)
    await home.ended
    const got: unknown[] = []
    session.on('message', (message) => got.push(message))
    const { claims } = cluster.engines[1]!
    const locate = claims.locate.bind(claims)
    const asked: (() => void)[] = []
    claims.locate = async (key) => {
      await new Promise<void>((resolve) => { asked.push(resolve) })
      return await locate(key)
    }
    const { port } = cluster.nodes[1]!
    const peer = cluster.nodes[1]!.own(new TcpPeer(port))
    const send = (text: string): string => `POST /echo/000/${id}/xhr_send HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n["${text}"]`
    peer.write(send('1') + send('2'))
    await until(() => asked.length > 0, 'the engine is asked')
    learn(asked[0]!, () => { away.receive() })
    await until(() => got.length > 0 || session.output.receiver !== null, 'this node knows the owner')
    peer.write(send('3'))
    await cluster.settle()
    for (const answer of asked) answer()
    await until(() => got.length === 3, 'all messages')
    t.same(got, ['1', '2', '3'])
    t.equal(asked.length, 1, 'requests for one session share the answer of the engine')
    await until(() => peer.text.split('HTTP/1.1 204').length === 4, 'all answers')
  })
}

t.test('a count ends with its lookup, and 0 is no limit', async (t) => {
  const [bounded, free] = [new Lookups(1), new Lookups(0)]
  const failing = bounded.during('a', Promise.reject(new Error('no answer')))
  t.ok(bounded.isFullFor('a'))
  t.notOk(bounded.isFullFor('b'))
  await t.rejects(failing, { message: 'no answer' })
  t.notOk(bounded.isFullFor('a'))
  const many = Array.from({ length: 10_000 }, () => free.during('a', Promise.resolve()))
  t.notOk(free.isFullFor('a'))
  t.ok(free.isFull, 'the bound of all holds')
  await Promise.all(many)
  t.notOk(free.isFull)
})
