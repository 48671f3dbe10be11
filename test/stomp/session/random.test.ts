import fc from 'fast-check'
import t from 'tap'
import { createFrame, type ClientCommand, serialize } from '../../../src/stomp/codec/index.ts'
import type { Version } from '../../../src/stomp.ts'
import { scaled, survived } from '../../support/scale.ts'
import { isSettled, until, within } from '../../support/wait.ts'
import { buildStomp, type StompTestServer } from '../support.ts'

// Whatever a client says, and in whatever order: the server stands, the rules of the answers hold, and others notice nothing.

const COMMANDS: readonly ClientCommand[] = [
  'SEND', 'SEND', 'SEND', 'SUBSCRIBE', 'SUBSCRIBE', 'UNSUBSCRIBE', 'ACK', 'NACK', 'BEGIN', 'BEGIN', 'COMMIT', 'ABORT', 'CONNECT', 'STOMP',
  'DISCONNECT'
]
const DESTINATIONS = [
  '/topic/a', '/topic/a', '/topic/*', '/topic/**', '/queue/a', '/queue/b', '/app/slow', '/app/fail', '/app/feed', '/app/stream', '/app/none',
  '/user/queue/errors', '/user/queue/a', '/temp-queue/a', '/nowhere', '/topic//', ''
]

/** Destinations that anybody may use as often as they like. */
const SERVED = ['/topic/a', '/topic/b', '/queue/a', '/app/slow', '/app/both', '/user/queue/errors', '/temp-queue/a']

const headers = fc.record({
  destination: fc.constantFrom(...DESTINATIONS),
  id: fc.constantFrom('1', '2', '1-1', '1-2', '2-1', ''),
  ack: fc.constantFrom('auto', 'client', 'client-individual', 'client', 'bogus'),
  transaction: fc.constantFrom('1', '2'),
  subscription: fc.constantFrom('1', '2'),
  'message-id': fc.constantFrom('x', ''),
  'reply-to': fc.constantFrom('/temp-queue/a', '/topic/a', '/user/queue/a', '/nowhere'),
  'accept-version': fc.constantFrom('1.2', '9'),
  'content-type': fc.constantFrom('text/plain', 'application/json')
}, { requiredKeys: ['destination'] })

const asks = fc.boolean()
const body = fc.constantFrom('', '1', '{', 'x'.repeat(300))

interface Saying {
  readonly command: ClientCommand
  readonly headers: Record<string, string>
  readonly asks: boolean
  readonly body: string
}

/** Any frame: most of them break a rule. */
const wild: fc.Arbitrary<Saying> = fc.record({ command: fc.constantFrom(...COMMANDS), headers, asks, body })
/** Frames that could be meant; the session goes on behind them. */
const meant = (command: ClientCommand, headers: fc.Arbitrary<Record<string, string>>): fc.Arbitrary<Saying> =>
  fc.record({ command: fc.constant(command), headers, asks, body: text })
const text = fc.constantFrom('', '1', '2')
const destination = fc.constantFrom(...SERVED)
const good = fc.oneof(
  meant('SEND', fc.record({ destination })), meant('SUBSCRIBE', fc.record({ destination, id: fc.uuid(), ack: fc.constantFrom('auto', 'client') })),
  meant('BEGIN', fc.record({ transaction: fc.uuid() }))
)

/** Mostly frames that could be meant; sometimes octets that cannot. */
const said = fc.oneof(
  { weight: 30, arbitrary: good }, { weight: 8, arbitrary: wild },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 20 }) }, { weight: 3, arbitrary: fc.constant('\n') }
)
const script = fc.record({
  version: fc.constantFrom<Version>('1.0', '1.1', '1.2'),
  connects: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  said: fc.array(said, { maxLength: 30 }),
  pieces: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }),
  end: fc.constantFrom('abort', 'DISCONNECT', 'nothing')
})

type Script = typeof script extends fc.Arbitrary<infer S> ? S : never

/** The octets of a script, each frame that asks for a receipt with the next number. */
function octetsOf ({ version, connects, said, end }: Script): Buffer {
  let receipt = 0
  const chunks: (string | Uint8Array)[] = connects ? [`CONNECT\naccept-version:${version}\n\n\0`] : []
  for (const each of said) {
    if (typeof each === 'string' || each instanceof Uint8Array) {
      chunks.push(each)
      continue
    }
    const body = each.command === 'SEND' ? each.body : undefined
    const headers = each.asks ? { ...each.headers, receipt: String(++receipt) } : each.headers
    chunks.push(serialize(createFrame(each.command, headers, body), version))
  }
  if (end === 'DISCONNECT') chunks.push('DISCONNECT\nreceipt:bye\n\n\0')
  return Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)))
}

async function play (server: StompTestServer, script: Script): Promise<void> {
  const client = await server.open({ version: script.version })
  const octets = octetsOf(script)
  for (let at = 0, i = 0; at < octets.length; i++) {
    const size = script.pieces[i % script.pieces.length]!
    client.raw(octets.subarray(at, at + size))
    at += size
    if (i % 7 === 0) await new Promise((resolve) => { setImmediate(resolve) })
  }
  if (script.end === 'abort') client.inner.abort()
  // Every handler and hook is through by then.
  for (let i = 0; i < 10; i++) await new Promise((resolve) => { setImmediate(resolve) })
  if (!await isSettled(client.inner.closed)) client.inner.abort()
  const { code } = await client.closed

  const seen = [...client.inner.waiting]
  const errors = seen.filter(({ command }) => command === 'ERROR')
  const receipts = seen.filter(({ command }) => command === 'RECEIPT').map(({ headers }) => headers.get('receipt-id')!)
  const numbers = receipts.filter((id) => id !== 'bye').map(Number)
  if (errors.length > 1) throw new Error('two ERRORs')
  if (errors.length === 1 && (seen.at(-1) !== errors[0] || code !== 1002)) throw new Error('ERROR is not the last')
  if (numbers.some((number, i) => i > 0 && number <= numbers[i - 1]!)) throw new Error(`receipts out of order: ${receipts.join()}`)
  const failed = errors[0]?.headers.get('receipt-id')
  if (failed !== undefined && receipts.includes(failed)) throw new Error('RECEIPT and ERROR for one frame')
  if (receipts.includes('bye') && (receipts.at(-1) !== 'bye' || code !== 1000)) throw new Error('DISCONNECT is not the last')
  if (seen.length > 0 && seen[0]!.command !== 'CONNECTED' && seen[0]!.command !== 'ERROR') throw new Error(`${seen[0]!.command} before CONNECTED`)
}

t.test('SEC-S69, STOMP-R2, SPRING-D14: random scripts', async (t) => {
  const counts = { connected: 0, disconnected: 0, subscribed: 0, unsubscribed: 0 }
  const server = await buildStomp(t, {
    stomp: { transactionReceipts: 'immediate', limits: { body: 200 } },
    routes (app) {
      app.stomp.addHook('onConnected', () => { counts.connected++ })
      app.stomp.addHook('onDisconnect', () => { counts.disconnected++ })
      app.stomp.addHook('onSubscribed', () => { counts.subscribed++ })
      app.stomp.addHook('onUnsubscribe', () => { counts.unsubscribed++ })
      app.stomp.message('/slow', () => new Promise((resolve) => { setImmediate(resolve, 'slow') }))
      app.stomp.message('/fail', async () => { throw Object.assign(new Error('as asked'), { statusCode: 400 }) })
      app.stomp.message('/stream', { sendTo: '/topic/a' }, async function * () { yield 1; yield 2 })
      app.stomp.message('/both', { sendTo: ['/topic/b', '/queue/a'] }, ({ body }) => body)
      for (const path of ['/slow', '/both']) app.stomp.subscribe(path, async () => path)
      app.stomp.subscribe('/feed', async function * () { yield 1; yield 2 })
    }
  })
  const observer = await (await server.connect()).subscribe('own', '/topic/observer')
  await fc.assert(fc.asyncProperty(script, async (script) => { await within(play(server, script), 'a script') }), { numRuns: scaled(400, 3000) })
  await until(() => server.stomp.sessions.size === 1, 'all sessions are gone')
  survived(`${counts.connected - 1} STOMP sessions with random scripts`)
  t.ok(counts.connected > 100)
  t.equal(counts.disconnected, counts.connected - 1, 'the observer is still there')
  t.equal(counts.unsubscribed, counts.subscribed - 1)
  await observer.send('/topic/observer', 'unharmed')
  t.strictSame(await observer.bodies(), ['unharmed'])
  t.equal(server.clock.pending, 1, 'and no timer but that of the observer\'s transport')
  t.strictSame(server.failures, [])
})
