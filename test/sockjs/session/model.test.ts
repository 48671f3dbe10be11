import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { type TransportName } from '../../../src/sockjs/protocol/index.ts'
import type { AnySession } from '../../../src/sockjs/session/index.ts'
import type { CloseEvent } from '../../../src/stream/message-stream.ts'
import { scaled, survived } from '../../support/scale.ts'
import { FakeHost, FakeReceiver, openingSession } from './support.ts'

/** What can happen to a session, in any order. */
type Step =
  { do: 'attach', slow: boolean, same: boolean } |
  { do: 'send', size: number } |
  { do: 'receive', count: number } |
  { do: 'release', bytes: number } |
  { do: 'advance', ms: number } |
  { do: 'close', code: number } |
  { do: 'turn' | 'finish' | 'interrupt' | 'peerClose' | 'terminate' | 'fail' | 'drain' | 'listen' | 'deaf' | 'pause' | 'resume' | 'pong' | 'quiet' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 16, arbitrary: fc.record({ do: fc.constant('attach' as const), slow: fc.boolean(), same: fc.boolean() }) },
  { weight: 20, arbitrary: fc.record({ do: fc.constant('send' as const), size: fc.oneof(fc.nat(40), fc.nat(500)) }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('receive' as const), count: fc.nat(4) }) },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('release' as const), bytes: fc.oneof(fc.nat(50), fc.constant(Infinity)) }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.oneof(fc.nat(200), fc.nat(2_000), fc.nat(12_000)) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), code: fc.constantFrom(1000, 3000, 4999) }) },
  { weight: 30, arbitrary: fc.constant({ do: 'turn' as const }) },
  { weight: 14, arbitrary: fc.constantFrom('finish', 'listen', 'deaf', 'pause', 'resume', 'resume', 'pong', 'pong').map((name) => ({ do: name as 'pong' })) },
  { weight: 1, arbitrary: fc.constantFrom('interrupt', 'peerClose', 'terminate', 'fail', 'quiet', 'drain').map((name) => ({ do: name as 'fail' })) }
)

const TRANSPORTS: readonly TransportName[] = ['xhr-polling', 'xhr-streaming', 'websocket', 'websocket-raw']

/** One session and everything that must hold for it, whatever happens. */
class Model {
  readonly host: FakeHost
  readonly session: AnySession
  readonly #transport: TransportName
  readonly #receivers: FakeReceiver[] = []
  readonly #connection = {}
  readonly #closes: CloseEvent[] = []
  /** Messages that the session has taken, and those that receivers were given. */
  readonly #sent: string[] = []
  readonly #delivered: string[] = []
  /** Messages from the client, and those that the listener got. */
  readonly #received: string[] = []
  readonly #heard: string[] = []
  /** What may be the reason of the end, by all that has happened. */
  readonly #possible = new Set<string>(['1002 Connection timed out'])
  #current: FakeReceiver | null = null
  #last: FakeReceiver | null = null
  #detachedAt = 0
  #closedAt = 0
  #greeted: boolean
  #count = 0

  constructor (transport: TransportName, overflow: 'close' | 'drop') {
    this.host = new FakeHost({ highWater: 200, queueLimit: 1_000, inboxLimit: 100, heartbeat: 4_000, pongTimeout: 1_500, sendTimeout: 3_000, disconnectDelay: 5_000, overflow })
    this.#transport = transport
    this.#greeted = transport === 'websocket-raw'
    this.session = openingSession(this.host, transport)
    this.session.on('close', (event) => {
      this.#closes.push(event)
      this.#closedAt = this.host.clock.now()
      assert.equal(this.session.state, 'closed')
    })
    this.session.begin()
    if (this.#isSocket) this.#attach(false, false)
  }

  get over (): boolean { return this.host.forgotten > 0 }

  apply (step: Step): void {
    const { session, host } = this
    switch (step.do) {
      case 'attach': return this.#isSocket ? undefined : this.#attach(step.slow, step.same)
      case 'send': return this.#send(step.size)
      case 'receive': return this.#receive(step.count)
      case 'release': return this.#release(step.bytes)
      case 'turn': return host.turn()
      case 'finish': return this.#isSocket ? undefined : this.#current?.finish()
      case 'listen': session.off('message', this.#listener).on('message', this.#listener); return
      case 'deaf': session.off('message', this.#listener); return
      case 'pause': return session.pause()
      case 'resume': return session.resume()
      case 'quiet': return session.quiet()
      case 'pong': for (const receiver of this.#receivers) receiver.answered = true; return
      case 'close':
        if (session.state === 'open') this.#may(`${step.code} by the application`)
        return session.close(step.code, 'by the application')
      case 'terminate':
        this.#may('1002 Connection interrupted')
        return session.terminate()
      case 'fail':
        if (session.state === 'open') this.#may('1011 Internal server error')
        return session.fail(new Error('no luck'), 'handler')
      case 'drain':
        if (session.state === 'open') this.#may('1001 Server shutting down')
        return session.end('shutdown')
      case 'interrupt': return this.#interrupt()
      case 'peerClose':
        if (this.#current === null || !this.#isSocket) return
        this.#may('4001 client left')
        return session.output.closed(this.#current, { code: 4001, reason: 'client left' }, true)
      case 'advance': return this.#advance(step.ms)
    }
  }

  /** What holds after every step. */
  check (): void {
    const { session, host } = this
    this.#readFrames()
    this.#look()
    assert.equal(host.attachments, this.#current === null ? 0 : 1)
    assert.deepEqual(this.#delivered, this.#sent.slice(0, this.#delivered.length), 'in order, none twice, none left out')
    assert.deepEqual(this.#heard, this.#received.slice(0, this.#heard.length))
    assert.ok(host.forgotten <= 1)
    assert.ok(host.accounted >= 0)
    assert.deepEqual(host.endings, this.#closes)
    if (session.state === 'closed') return this.#checkEnd()
    assert.equal(this.#closes.length, 0)
    if (session.state === 'open' && this.#current === null) {
      assert.ok(host.clock.now() - this.#detachedAt < host.limits.disconnectDelay + 50, 'SESSION-9 nobody waits longer than the delay')
    }
  }

  /** Lets everything end, and looks at what is left. */
  finish (): void {
    this.session.close(4000, 'finish')
    this.#may('4000 finish')
    for (let i = 0; i < 4; i++) {
      for (const receiver of this.#receivers) receiver.slow = false
      this.#release(Infinity)
      this.host.turn()
    }
    this.#current?.finish()
    this.host.clock.advance(20_000)
    this.check()
    assert.equal(this.session.state, 'closed')
    assert.equal(this.#closes.length, 1, 'SESSION-14')
    assert.equal(this.host.forgotten, 1)
    assert.equal(this.host.accounted, 0)
    assert.equal(this.host.clock.pending, 0)
    assert.equal(this.session.bufferedBytes, 0)
  }

  get #isOpen (): boolean { return this.session.state === 'open' }
  get #isSocket (): boolean { return this.#transport.startsWith('websocket') }

  readonly #listener = (message: string): void => { this.#heard.push(message) }

  #may (reason: string): void { this.#possible.add(reason) }

  #attach (slow: boolean, same: boolean): void {
    const { session } = this
    const before = session.state
    const busy = session.output.receiver !== null
    const receiver = new FakeReceiver(session, { polling: this.#transport === 'xhr-polling', slow, ...(same ? { connection: this.#connection } : {}) })
    receiver.pings = this.#isSocket
    this.#receivers.push(receiver)
    // An ended response that has not left yet, overtaken on another connection, is lost.
    if (this.#receivers.some((one) => one.ended && one.buffered > 0)) this.#may('1002 Connection interrupted')
    session.output.attach(receiver)
    if (before === 'closed') {
      const { code, reason } = this.#closes[0]!
      assert.deepEqual(receiver.log, [`c[${code},"${reason}"]`], 'SESSION-4')
    } else if (busy) {
      assert.deepEqual(receiver.log, ['c[2010,"Another connection still open"]'], 'SESSION-3')
    }
  }

  #send (size: number): void {
    const { session, host } = this
    const text = `${this.#count++}`.padEnd(size, '.')
    const waiting = session.bufferedBytes
    const tooMuch = waiting > 0 && waiting + text.length + (session.raw ? 0 : 2) > host.limits.queueLimit
    const open = this.#isOpen
    if (open && (!tooMuch || host.limits.overflow === 'close')) this.#sent.push(text)
    if (open && tooMuch && host.limits.overflow === 'close') this.#may('1013 slow consumer')
    const more = session.send(text)
    if (!open || tooMuch) assert.equal(more, false)
    else assert.equal(more, session.bufferedBytes < host.limits.highWater)
    if (open && tooMuch) assert.equal(this.#isOpen, host.limits.overflow === 'drop')
  }

  #receive (count: number): void {
    const { session } = this
    const messages = Array.from({ length: count }, () => `in ${this.#count++}`.padEnd(150, '.'))
    this.#may('1008 Too many messages')
    const unread = this.#received.length
    if (session.state === 'open') this.#received.push(...messages)
    session.receive(messages, 0)
    if (this.#closes.length > 0) this.#received.length = unread
  }

  #release (bytes: number): void {
    for (const receiver of this.#receivers) {
      if (receiver.buffered > 0) receiver.release(Math.min(bytes, receiver.buffered))
    }
  }

  #interrupt (): void {
    this.#may('1002 Connection interrupted')
    // A response that is cut: the current one, or one that has ended and not left.
    const cut = this.#current ?? this.#receivers.findLast((receiver) => receiver.buffered > 0) ?? null
    if (cut === null) return
    this.session.output.interrupted(cut)
    cut.buffered = 0
  }

  #advance (ms: number): void {
    if (this.#isSocket) {
      this.#may('3000 No response from heartbeat')
      if (this.#current !== null && ms % 2 === 0) this.#current.answered = false
    }
    if (this.#receivers.some((receiver) => receiver.slow)) this.#may('1013 slow consumer')
    const open = this.#isOpen
    for (const end = this.host.clock.now() + ms; this.host.clock.now() < end;) {
      this.host.clock.advance(Math.min(50 - this.host.clock.now() % 50, end - this.host.clock.now()))
      this.host.turn()
      this.#look()
    }
    if (!open || this.#closes[0]?.reason !== 'Connection timed out') return
    const after = this.#closedAt - this.#detachedAt
    assert.ok(after >= 5_000 && after < 5_050, `SESSION-9 ended after ${after}`)
  }

  /** Notes since when no receiver is there, and the client has the whole of the last response. */
  #look (): void {
    const attached = this.session.output.receiver as FakeReceiver | null
    if (attached !== null) {
      this.#current = this.#last = attached
    } else if (this.#current !== null || (this.#last !== null && this.#last.buffered > 0)) {
      this.#current = null
      this.#detachedAt = this.host.clock.now()
    }
  }

  /** Takes in what receivers have been given since the last look. */
  #readFrames (): void {
    for (const receiver of this.#receivers) {
      for (const frame of receiver.taken()) {
        if (frame.startsWith('(') || frame === 'h') continue
        if (frame.startsWith('c[')) {
          assert.ok(receiver.ended, 'a close frame is the last')
        } else if (frame === 'o') {
          assert.ok(!this.#greeted && this.#delivered.length === 0, 'one greeting, before anything else')
          this.#greeted = true
        } else {
          assert.ok(this.#greeted)
          this.#delivered.push(...(this.session.raw ? [frame] : JSON.parse(frame.slice(1)) as string[]))
        }
      }
    }
  }

  #checkEnd (): void {
    const { session, host } = this
    assert.equal(this.#closes.length, 1, 'SESSION-14')
    const [event] = this.#closes
    assert.ok(this.#possible.has(`${event!.code} ${event!.reason}`), `${event!.code} ${event!.reason} came from nowhere`)
    assert.equal(event!.undelivered, this.#sent.length - this.#delivered.length, 'every message is delivered or counted')
    assert.ok(!event!.clean || event!.undelivered === 0)
    assert.equal(host.accounted, 0)
    assert.equal(session.output.receiver, null)
    assert.ok(this.over || host.clock.now() - this.#closedAt < host.limits.disconnectDelay + 50, 'SESSION-20')
    if (this.#isSocket) assert.ok(this.over, 'SESSION-19')
  }
}

test('SESSION-3 to SESSION-20 whatever happens in whatever order, the rules hold', async (t) => {
  let steps = 0
  const reasons = new Map<string, number>()
  fc.assert(fc.property(
    fc.constantFrom(...TRANSPORTS), fc.constantFrom('close' as const, 'drop' as const), fc.array(step, { minLength: 60, maxLength: 160, size: 'max' }),
    (transport, overflow, script) => {
      let model = new Model(transport, overflow)
      const end = () => {
        model.finish()
        const { reason } = model.host.endings[0]!
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
      }
      for (const step of script) {
        steps++
        model.apply(step)
        model.check()
        if (!model.over) continue
        end()
        model = new Model(transport, overflow)
      }
      end()
    }), { numRuns: scaled(400, 2000) })
  t.ok(steps >= scaled(20_000, 100_000), `${steps} steps`)
  survived(`${steps} steps of sessions: ${[...reasons].map(([reason, count]) => `${count} × ${reason}`).join(', ')}`)
  for (const reason of ['Connection timed out', 'Connection interrupted', 'slow consumer', 'by the application', 'Internal server error',
    'No response from heartbeat', 'Server shutting down', 'Too many messages', 'client left']) {
    t.ok(reasons.has(reason), `${reason}: ${reasons.get(reason)}`)
  }
})
