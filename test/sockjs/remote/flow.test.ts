// Flow control of sessions whose clients are at another node.
import t from 'tap'
import type { Session } from '../../../src/index.ts'
import { buildCluster, idle, type TestCluster } from '../../support/cluster.ts'
import { isSettled, steady, until } from '../../support/wait.ts'

/** A handler that leaves the messages of its client alone, so that the test decides. */
t.test('bodies of 4 MiB and messages of that size pass a network whose publications have 64 KiB', async (t) => {
  const size = 4 * 1024 * 1024
  const cluster = await buildCluster(t, 2, { network: { maxPayload: 64 * 1024 }, endpoint: { maxMessageSize: size, queue: { limit: 2 * size } } })
  const { home, away } = await cluster.open(0, 'xhr-polling', 1)
  await home.ended
  const message = '✓é"'.repeat(size / 6).slice(0, size / 4)
  const answer = away.send(message, 'x'.repeat(size))
  away.comeBack = true
  away.receive()
  const [first, second] = await away.messages(2)
  t.ok(first === message)
  t.equal(second!.length, size)
  t.equal((await answer).status, 204)
})

t.test('the answer of a send through an edge waits until the application takes more', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const { session, away } = await cluster.open(0, 'xhr-polling', 1)
  session.pause()
  const got: unknown[] = []
  session.on('message', (message) => got.push(message))
  const answers = [away.send('first')]
  await until(() => session.held, 'the session holds its client back')
  await cluster.settle()
  answers.push(away.send('second'), away.send('third'))
  await cluster.pass(1_000)
  for (const answer of answers) t.notOk(await isSettled(answer))
  session.resume()
  t.same((await Promise.all(answers)).map(({ status }) => status), [204, 204, 204])
  t.same(got.toSorted(), ['first', 'second', 'third'])
  t.equal(got[0], 'first')
})

t.test('a send that waits is dropped when its client is gone, and leaves nothing behind', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle })
  const { session, away, id } = await cluster.open(0, 'xhr-polling', 1)
  session.pause()
  const got: unknown[] = []
  session.on('message', (message) => got.push(message))
  const first = away.send('first')
  await until(() => session.held, 'the session holds its client back')
  const gone = cluster.client(1, 'xhr-polling', { id })
  const second = gone.send('second').catch(() => 'gone')
  await until(() => session.waitingBytes > 8 * 1024 * 2, 'both sends wait')
  gone.abort()
  t.equal(await second, 'gone')
  await cluster.settle()
  session.resume()
  t.equal((await first).status, 204)
  await cluster.settle()
  t.same(got, ['first'], 'the body of a client that is gone counts for nothing')
  // An edge refuses all requests at 10,000 sends without an outcome, so that none may stay.
  t.equal(cluster.edge(1).sends, 0)
})

t.test('too many sends that wait at edges end the session with 1008', async (t) => {
  const cluster = await buildCluster(t, 3, { handler: idle })
  const { session, id } = await cluster.open(0, 'xhr-polling', 1)
  session.pause()
  session.on('message', () => {})
  const answers: Promise<{ status: number }>[] = []
  for (let i = 0; i < 140; i++) answers.push(cluster.client(1 + i % 2, 'xhr-polling', { id }).send(`${i}`))
  const statuses = (await Promise.all(answers)).map(({ status }) => status)
  t.match(await cluster.nodes[0]!.closing(), { code: 1008 })
  t.ok(statuses.includes(503), 'the send that was too many')
  t.ok(statuses.includes(204), 'a session that has ended drops the messages of the others')
  const client = cluster.client(2, 'xhr-polling', { id, comeBack: false })
  client.receive()
  t.match(await client.closed, { code: 1008 })
})

/** Opens a stream at an edge whose client does not read. */
async function frozenStream (cluster: TestCluster) {
  const { session, home, away } = await cluster.open(0, 'xhr-streaming', 1)
  await home.ended
  // The first response has ended with its first frame, and the next one must not.
  Object.assign(cluster.nodes[0]!.endpoint.options, { responseLimit: Infinity })
  away.freeze()
  away.receive()
  await until(() => session.output.receiver !== null, 'the stream has come')
  return { session, away }
}

/** Sends until the client takes nothing any more. Returns the number of messages. */
async function fill (cluster: TestCluster, session: Session): Promise<number> {
  for (let sent = 1; ; sent++) {
    const goesOn = session.send(`${sent - 1} ${CHUNK}`)
    await cluster.settle()
    if (goesOn) continue
    await steady(() => session.bufferedBytes)
    if (session.bufferedBytes > session.highWater) return sent
  }
}

const CHUNK = 'x'.repeat(250 * 1024)

t.test('a client at an edge that does not read makes the application wait, and drained() resolves when it reads on', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle, endpoint: { responseLimit: 1, queue: { limit: 64 * 1024 * 1024 } } })
  const { session, away } = await frozenStream(cluster)
  const sent = await fill(cluster, session)
  t.notOk(session.send('one more'))
  const drained = session.drained()
  t.notOk(await isSettled(drained))
  away.thaw()
  const messages = await away.messages(sent + 1)
  t.same(messages.map((message) => message.split(' ')[0]), [...Array.from({ length: sent }, (_, i) => `${i}`), 'one'])
  await drained
  await until(() => session.bufferedBytes === 0, 'all has left')
})

t.test('a client at an edge that does not read gets 1013 above the limit of the queue, and the application learns how much was lost', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle, endpoint: { responseLimit: 1, queue: { limit: 1024 * 1024 } } })
  const { session, away } = await frozenStream(cluster)
  let sent = 0
  for (; session.state === 'open'; sent++) {
    session.send(`${sent} ${CHUNK}`)
    await cluster.settle()
  }
  const event = await cluster.nodes[0]!.closing()
  t.match(event, { code: 1013, clean: false })
  away.thaw()
  t.match(await away.closed, { code: 1013 })
  const got = away.frames.all.filter((frame) => frame.startsWith('a')).flatMap((frame) => JSON.parse(frame.slice(1)) as string[])
  t.same(got.map((message) => message.split(' ')[0]), Array.from(got, (_, i) => `${i}`))
  t.equal(got.length + event.undelivered, sent, 'the client has the rest')
})

t.test('a client at an edge that reads nothing for sendTimeout is dropped with 1013', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle, endpoint: { responseLimit: 1, sendTimeout: 10_000, queue: { limit: 64 * 1024 * 1024 } } })
  const { session, away } = await frozenStream(cluster)
  await fill(cluster, session)
  // The bytes that the system took meanwhile are a progress, and the time begins anew.
  await cluster.pass(22_000)
  t.match(await cluster.nodes[0]!.closing(), { code: 1013 })
  away.thaw()
  await away.ended
  await until(() => session.bufferedBytes === 0 && session.waitingBytes === 0, 'nothing waits any more')
})

/** Sends bodies of 4 MiB through node 1, from an address. Returns their status codes. */
function flood (cluster: TestCluster, id: string, count: number, remoteAddress: string): Promise<number>[] {
  const message = 'x'.repeat(1024 * 1024 - 100)
  const payload = JSON.stringify([message, message, message, message])
  const request = { method: 'POST', url: `/echo/000/${id}/xhr_send`, payload, remoteAddress, headers: { 'content-type': 'text/plain' } } as const
  return Array.from({ length: count }, async () => (await cluster.nodes[1]!.app.inject(request)).statusCode)
}

t.test('SEC-S80: a client that floods the link of two nodes is refused with 503, and cuts no leg and delays no send of the others', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle, endpoint: { queue: { limit: 64 * 1024 * 1024 } } })
  const { session, away } = await cluster.polling()
  const got: unknown[] = []
  session.on('message', (message) => got.push(message))
  const { session: flooded, id } = await cluster.open(0, 'xhr-polling', 1)
  flooded.on('message', () => got.push('flood'))
  const owner = cluster.engines[0]!.node
  // The owner is remembered, so that the floods need nothing of the engine.
  t.same(await Promise.all(flood(cluster, id, 1, '10.0.0.9')), [204])
  got.length = 0
  cluster.hold((from) => from === 1)
  let answered = 0
  const statuses = Promise.all(flood(cluster, id, 40, '10.0.0.9').map(async (each) => {
    const status = await each
    answered++
    return status
  }))
  await until(() => answered + cluster.edge(1).sends === 40, 'all have come')
  t.equal(answered, 34, '16 MiB are on the link, and 8 MiB wait')
  t.ok(cluster.node(1).link(owner).waitingBytes < 17 * 1024 * 1024, 'three quarters of the link are free')
  const sent = away.send('of another client')
  await until(() => cluster.edge(1).sends === 7, 'it has come')
  session.send('goes on')
  cluster.release()
  t.same(await away.messages(1), ['goes on'])
  t.equal((await sent).status, 204)
  t.same((await statuses).sort(), [...Array<number>(6).fill(204), ...Array<number>(34).fill(503)])
  t.equal(got.length, 25)
  t.equal(got.indexOf('of another client'), 20, 'the clients take turns: four sends were on the link, and one had its turn before')
  t.equal(session.state, 'open')
  t.equal(flooded.state, 'open')
  t.equal(cluster.edge(1).sends, 0)
})

t.test('SEC-S80: when 64 MiB of all clients wait for one node, the client of which the most waits is refused, and a client that is gone makes room', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle, endpoint: { queue: { limit: 64 * 1024 * 1024 } } })
  const { session, id } = await cluster.open(0, 'xhr-polling', 1)
  session.on('message', () => {})
  t.same(await Promise.all(flood(cluster, id, 1, '10.0.0.1')), [204])
  cluster.hold((from) => from === 1)
  const all: { address: string, status: number | null }[] = []
  const send = (address: string): void => {
    const entry = { address, status: null as number | null }
    all.push(entry)
    for (const status of flood(cluster, id, 1, address)) status.then((code) => { entry.status = code })
  }
  const waiting = (): number => cluster.edge(1).sends
  // 4 sends are on the link, and 16 fit into 64 MiB.
  for (let i = 0; i < 6; i++) {
    send('10.0.0.1')
    await until(() => waiting() === i + 1 || all.some(({ status }) => status !== null), 'it waits')
  }
  for (let i = 2; i < 20; i++) {
    send(`10.0.0.${i}`)
    await until(() => waiting() + all.filter(({ status }) => status !== null).length === all.length, 'it waits or is refused')
  }
  const refused = all.filter(({ status }) => status === 503).map(({ address }) => address)
  t.equal(refused[0], '10.0.0.1', 'the newest of the client that had the most')
  t.ok(refused.length > 1, 'a client that has as much as each other is refused itself')
  cluster.release()
  await until(() => all.every(({ status }) => status !== null), 'all are answered')
  t.same([...new Set(all.map(({ status }) => status))].sort(), [204, 503])
  t.equal(cluster.edge(1).sends, 0)
})

t.test('a send that waits for room on the link is dropped when its client is gone', async (t) => {
  const cluster = await buildCluster(t, 2, { handler: idle, endpoint: { queue: { limit: 64 * 1024 * 1024 } } })
  const { session, id } = await cluster.open(0, 'xhr-polling', 1)
  const got: unknown[] = []
  session.on('message', (message) => got.push((message as string).slice(0, 9)))
  t.same(await Promise.all(flood(cluster, id, 1, '10.0.0.1')), [204])
  got.length = 0
  cluster.hold((from) => from === 1)
  const statuses = flood(cluster, id, 5, '10.0.0.1')
  await until(() => cluster.edge(1).sends === 5, 'one waits')
  const gone = cluster.client(1, 'xhr-polling', { id })
  const second = gone.send('never seen').catch(() => 'gone')
  await until(() => cluster.edge(1).sends === 6, 'the other waits')
  gone.abort()
  t.equal(await second, 'gone')
  await until(() => cluster.edge(1).sends === 5, 'it is gone')
  cluster.release()
  t.same(await Promise.all(statuses), [204, 204, 204, 204, 204])
  t.equal(got.length, 20)
  t.same([...new Set(got)], ['xxxxxxxxx'])
})
