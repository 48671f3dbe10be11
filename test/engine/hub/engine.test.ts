import { lstatSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import t from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import type { Timer } from '../../../src/core/timer.ts'
import { RECLAIM_TIME } from '../../../src/engine/engine.ts'
import { HubServer } from '../../../src/engine/hub/server.ts'
import { MAX_PAYLOAD, OP, VERSION, writeHello } from '../../../src/engine/hub/wire.ts'
import { HubNode, hubPath, nodeId, openHub, systemClock } from '../../support/hub-nodes.ts'
import { deferred, isSettled, until, within } from '../../support/wait.ts'

/** Writes bytes to a socket, and resolves with all that the other end has sent when it closes. */
async function speak (path: string, bytes: Buffer): Promise<Buffer> {
  const socket = connect(path)
  const parts: Buffer[] = []
  socket.on('data', (part: Buffer) => parts.push(part)).on('error', () => {})
  socket.write(bytes)
  await within(new Promise((resolve) => socket.once('close', resolve)), 'the hub to close the line')
  return Buffer.concat(parts)
}

function frame (op: number, fields: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(fields.length + 1)
  head[4] = op
  return Buffer.concat([head, fields])
}

const hello = (own: Partial<Parameters<typeof writeHello>[0]> = {}): Buffer =>
  frame(OP.hello, writeHello({ version: VERSION, returning: false, node: nodeId('raw'), namespace: 'test', ...own }))

/** A frame that makes a consumer of the queue `q`. */
const consumer = (number: number): Buffer => {
  const numbers = Buffer.alloc(16)
  numbers.writeDoubleBE(number)
  return frame(OP.consume, Buffer.concat([numbers, Buffer.from('\0\x01q')]))
}

/** The bytes with which a hub welcomes a node: its version, and the epoch of its logs. */
const WELCOME = 6 + 5 + 2 + 36

t.test('a publication reaches every node that listens, its own included, in order', async (t) => {
  const path = hubPath(t)
  await openHub(t, path)
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => new HubNode(t, path, name).start()))
  const [atA, atB, atC] = [await a!.listen('n.x'), await b!.listen('n.*'), await c!.listen('other')]
  for (let i = 0; i < 1_000; i++) a!.say('n.x', String(i))
  await a!.engine.channels.flushed()
  await until(() => atB.length === 1_000, 'all arrived')
  t.strictSame(atB, Array.from({ length: 1_000 }, (_, i) => `n.x ${i}`))
  await until(() => atA.length === 1_000, 'all came back')
  t.strictSame(atA, atB)
  t.strictSame(atC, [])
})

/** A clock that tells the last delay for which a timer was started. */
class NotingClock extends ManualClock {
  last = 0

  override start (timer: Timer, delay: number): void {
    this.last = delay
    super.start(timer, delay)
  }
}

t.test('the node is told at the start that the hub is away, once, and is available when it comes', async (t) => {
  const path = hubPath(t)
  const clock = new NotingClock()
  const node = await new HubNode(t, path, 'a', { clock }).start()
  t.strictSame(node.states, ['unavailable'])
  t.strictSame(node.logged, ['error: the hub cannot be reached; the node tries again'])
  await t.rejects(node.engine.claims.claim('k', () => {}), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE' })
  await t.rejects(node.engine.claims.locate('k'), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE' })
  await t.rejects(node.engine.channels.flushed(), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE' })
  node.say('n.a', 'lost')
  const arrived = await node.listen('n.a')
  for (const wait of [100, 200, 400, 800, 1_000, 1_000]) {
    await until(() => clock.last === wait, `the node waits ${wait} ms for the next try`)
    clock.advance(wait + 50)
    t.not(clock.last, wait, 'it tries')
  }
  await until(() => clock.last === 1_000, 'the last try has failed')
  await openHub(t, path)
  clock.advance(1_050)
  await node.reached('available')
  t.strictSame(node.states, ['unavailable', 'available'])
  t.strictSame(node.gaps, [], 'a node that was never connected has no gap')
  node.say('n.a', 'here')
  await until(() => arrived.length === 1, 'the subscription counts')
  t.strictSame(arrived, ['n.a here'])
  t.strictSame(node.logged, ['error: the hub cannot be reached; the node tries again'])
})

t.test('a node serves one engine, and a stopped engine frees all', async (t) => {
  const path = hubPath(t)
  await openHub(t, path)
  const [a, b] = await Promise.all(['a', 'b'].map((name) => new HubNode(t, path, name).start()))
  await t.rejects(a!.start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: 'engine hub: it is in use already; make one engine for each node' })
  const heard = await b!.listen('bye')
  t.strictSame((await a!.engine.claims.claim('k', () => {})).owner, null)
  t.equal(await b!.engine.claims.locate('k'), a!.id)
  t.equal((await b!.engine.claims.claim('k', () => {})).owner, a!.id)
  t.equal((await a!.engine.claims.claim('k', () => {})).owner, a!.id)
  a!.say('bye', 'last word')
  await a!.engine.stop()
  t.strictSame(a!.states, ['available', 'stopped'])
  await until(() => heard.length === 1, 'the last publication arrived')
  await until(async () => await b!.engine.claims.locate('k') === null, 'the key is free')
  await t.rejects(a!.engine.claims.locate('k'), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE', message: /the node was stopped/ })
  await a!.engine.stop()
  t.strictSame(a!.states, ['available', 'stopped'], 'a second stop says nothing')
})

t.test('a hub that comes back gets all subscriptions and claims before the nodes are available', async (t) => {
  const path = hubPath(t)
  const first = await openHub(t, path)
  const [a, b] = await Promise.all(['a', 'b'].map((name) => new HubNode(t, path, name).start()))
  const heard = await b!.listen('n.>')
  const claims = await Promise.all(['k', 'released'].map((key) => a!.engine.claims.claim(key, () => t.fail('no claim is lost'))))
  await first.close()
  await Promise.all([a, b].map((node) => node!.reached('unavailable')))
  t.strictSame(a!.logged, ['warn: the node has lost the hub and connects again'])
  const [, released] = claims
  if (released!.owner === null) released!.release()
  await openHub(t, path, { clock: new ManualClock() })
  await Promise.all([a, b].map((node) => node!.reached('available')))
  t.equal(await b!.engine.claims.locate('k'), a!.id)
  t.notOk(await isSettled(b!.engine.claims.locate('released').catch(() => null)), 'the hub does not say yet that a key is free')
  a!.say('n.x', 'again')
  await until(() => heard.length === 1, 'the subscription is there')
  for (const node of [a, b]) {
    t.strictSame(node!.states, ['available', 'unavailable', 'available'])
    t.equal(node!.gaps.length, 1)
    t.strictSame(node!.logged.slice(1), ['info: the node is connected to the hub again'])
  }
})

t.test('10,000 claims come back', async (t) => {
  const path = hubPath(t)
  const first = await openHub(t, path)
  const [a, b] = await Promise.all(['a', 'b'].map((name) => new HubNode(t, path, name).start()))
  const keys = Array.from({ length: 10_000 }, (_, i) => `key-${i}`)
  await Promise.all(keys.map((key) => a!.engine.claims.claim(key, () => t.fail(`${key} is lost`))))
  await first.close()
  await Promise.all([a, b].map((node) => node!.reached('unavailable')))
  await openHub(t, path)
  await Promise.all([a, b].map((node) => node!.reached('available')))
  const owners = await Promise.all(keys.map((key) => b!.engine.claims.locate(key)))
  t.equal(owners.filter((owner) => owner === a!.id).length, 10_000)
})

t.test('a claim that another node has by then is lost, once', async (t) => {
  const path = hubPath(t)
  const first = await openHub(t, path)
  const clock = new ManualClock()
  const late = await new HubNode(t, path, 'late', { clock }).start()
  let lost = 0
  const claim = await late.engine.claims.claim('k', () => { lost++ })
  await first.close()
  await late.reached('unavailable')
  const hubClock = new ManualClock()
  await openHub(t, path, { clock: hubClock })
  hubClock.advance(RECLAIM_TIME)
  const early = await new HubNode(t, path, 'early').start()
  t.equal((await early.engine.claims.claim('k', () => {})).owner, null)
  clock.advance(150)
  await late.reached('available')
  t.equal(lost, 1)
  if (claim.owner === null) claim.release()
  t.equal(await late.engine.claims.locate('k'), early.id, 'the claim that was lost releases nothing')
})

t.test('a listener that throws does not keep the others from the publication', async (t) => {
  const path = hubPath(t)
  await openHub(t, path)
  const node = await new HubNode(t, path, 'a').start()
  await node.engine.channels.subscribe('x', () => { throw new Error('as asked') })
  const heard = await node.listen('x')
  const end = await node.engine.channels.subscribe('y', () => t.fail('it was ended'))
  end()
  node.say('y', '1')
  node.say('x', '2')
  await until(() => heard.length === 1, 'the second listener heard')
  t.strictSame(node.logged, ['error: a listener of the engine threw an error'])
})

t.test('a publication has at most 4 MiB', async (t) => {
  const path = hubPath(t)
  await openHub(t, path)
  const node = await new HubNode(t, path, 'a').start()
  const arrived = deferred<Uint8Array>()
  await node.engine.channels.subscribe('x', (data) => arrived.resolve(data.slice()))
  t.throws(() => node.engine.channels.publish('x', Buffer.alloc(MAX_PAYLOAD + 1)), { code: 'FST_SOCKJS_ENGINE_TOO_LARGE' })
  const largest = Buffer.alloc(MAX_PAYLOAD, 'abc')
  node.engine.channels.publish('x', largest)
  largest.fill(0)
  t.same(Buffer.from(await within(arrived.promise, 'the publication')), Buffer.alloc(MAX_PAYLOAD, 'abc'))
})

t.test('the hub closes the line of a node that does not read, and no other', async (t) => {
  const path = hubPath(t)
  await openHub(t, path, { maxQueue: 1024 * 1024 })
  const [other, busy] = await Promise.all(['other', 'busy'].map((name) => new HubNode(t, path, name).start()))
  const socket = connect(path)
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.write(Buffer.concat([hello(), frame(OP.subscribe, Buffer.from('flood'))]))
  await until(() => socket.bytesRead > 0, 'the welcome')
  socket.pause()
  const closed = new Promise((resolve) => { socket.once('close', resolve) })
  for (let i = 0; i < 64; i++) {
    busy!.engine.channels.publish('flood', Buffer.alloc(64 * 1024))
    await busy!.engine.channels.flushed()
  }
  socket.resume()
  await within(closed, 'the hub to close the line')
  t.ok(socket.bytesRead < 64 * 64 * 1024, 'the rest was dropped')
  t.strictSame([other, busy].map((node) => node!.states), [['available'], ['available']])
})

t.test('garbage closes its line, and no other', async (t) => {
  const path = hubPath(t)
  await openHub(t, path)
  const node = await new HubNode(t, path, 'a').start()
  const garbage: Record<string, Buffer> = {
    'no protocol': Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    'no hello': frame(OP.ping, Buffer.alloc(4)),
    'a short hello': frame(OP.hello, Buffer.of(1, 0)),
    'an empty frame': Buffer.alloc(4),
    'a frame that is too large': Buffer.concat([hello(), Buffer.of(0x7f, 0, 0, 0)]),
    'an unknown operation': Buffer.concat([hello(), frame(99, Buffer.alloc(0))]),
    'a second hello': Buffer.concat([hello(), hello()]),
    'a short ping': Buffer.concat([hello(), frame(OP.ping, Buffer.alloc(3))]),
    'a claim of no key': Buffer.concat([hello(), frame(OP.claim, Buffer.alloc(4))]),
    'a name that is longer than its frame': Buffer.concat([hello(), frame(OP.publish, Buffer.of(0, 9, 97))]),
    'a queue that is longer than its frame': Buffer.concat([hello(), frame(OP.consume, Buffer.concat([Buffer.alloc(16), Buffer.of(0, 9, 97)]))]),
    'credit without numbers': Buffer.concat([hello(), frame(OP.credit, Buffer.alloc(15))]),
    'two consumers of one number': Buffer.concat([hello(), consumer(1), consumer(1)]),
    'a log of no group': Buffer.concat([hello(), frame(OP.append, Buffer.concat([Buffer.alloc(8), Buffer.from('\0\x03g.x\0\x01i')]))]),
    'an operation of the hub': Buffer.concat([hello(), frame(OP.taken, Buffer.alloc(24))])
  }
  for (const [name, bytes] of Object.entries(garbage)) t.ok((await speak(path, bytes)).length <= WELCOME, name)
  t.equal(await node.engine.claims.locate('k'), null)
  t.strictSame(node.states, ['available'])
})

t.test('a node of another version or namespace is refused, and both are named', async (t) => {
  const path = hubPath(t)
  await openHub(t, path)
  const answer = await speak(path, hello({ version: VERSION + 1 }))
  t.equal(answer.toString('latin1', 6), `the hub speaks version ${VERSION} of its protocol, and this node version ${VERSION + 1}`)
  t.strictSame([...answer.subarray(4, 6)], [OP.refused, VERSION])
  const other = new HubNode(t, path, 'a', { namespace: 'other' })
  await t.rejects(other.start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: 'engine hub: the namespace of the hub is test, and that of this node other' })
})

t.test('a node with two connections has the later one', async (t) => {
  const path = hubPath(t)
  await openHub(t, path)
  const node = await new HubNode(t, path, 'raw').start()
  await node.engine.claims.claim('k', () => {})
  const closed = speak(path, hello())
  await node.reached('unavailable')
  await node.reached('available')
  await closed
  t.equal(await node.engine.claims.locate('k'), 'raw'.padEnd(16, '_'), 'the node has claimed its key again')
  t.equal(node.gaps.length, 1)
})

t.test('a hub that says nothing for 6 s counts as lost, and does not keep a stop', async (t) => {
  const path = hubPath(t)
  const silent = createServer((socket) => { socket.on('error', () => {}).resume() }).listen(path)
  t.teardown(() => silent.close())
  const clock = new ManualClock()
  const node = new HubNode(t, path, 'a', { clock })
  const started = node.start()
  for (let waited = 0; waited < 8_000; waited += 2_000) {
    t.notOk(await isSettled(started))
    clock.advance(2_000)
  }
  await started
  t.strictSame(node.reasons, ['the hub was silent for 6000 ms'])
})

t.test('garbage of a server that is not a hub is a lost connection', async (t) => {
  const path = hubPath(t)
  const garbage: [bytes: Buffer, reason: RegExp][] = [
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /^a frame has 1 to \d+ bytes, and the length of this one is 1213486160$/],
    [frame(OP.claim, Buffer.from('12345')), /^the hub sent the unknown operation 8$/],
    [frame(OP.publish, Buffer.of(0)), /^the hub sent the operation 6 with 1 bytes$/],
    [frame(OP.publish, Buffer.of(0, 9, 97)), /^the hub sent a name of a channel that is longer than its frame$/],
    [frame(OP.answer, Buffer.of(0)), /^the hub sent the operation 12 with 1 bytes$/],
    [frame(OP.entry, Buffer.alloc(17)), /^the hub sent the operation 29 with 17 bytes$/],
    [frame(OP.welcome, Buffer.alloc(0)), /^the hub sent the operation 2 with 0 bytes$/]
  ]
  for (const [bytes, reason] of garbage) {
    const server = createServer((socket) => { socket.on('error', () => {}).resume().end(bytes) }).listen(path)
    const node = await new HubNode(t, path, 'a', { clock: new ManualClock() }).start()
    t.strictSame(node.states, ['unavailable'])
    t.match(node.reasons[0], reason)
    await node.engine.stop()
    await new Promise((resolve) => server.close(resolve))
  }
})

t.test('a socket that a killed hub has left is taken over, and nothing else', async (t) => {
  const path = hubPath(t)
  const first = await openHub(t, path)
  t.ok(lstatSync(path).isSocket())
  await t.rejects(openHub(t, path), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: `engine hub: another hub listens on ${path}` })
  await first.close()
  writeFileSync(path, 'precious')
  await t.rejects(new HubServer({ path, namespace: 'test', clock: systemClock() }).listen(),
    { code: 'FST_SOCKJS_ENGINE_REFUSED', message: `engine hub: the path ${path} exists and is not a socket` })
})
