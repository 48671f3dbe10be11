import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { confirmationFrame, NOT_RESUMED, readConfirmation, type TransportName } from '../../../src/sockjs/protocol/index.ts'
import type { AnySession } from '../../../src/sockjs/session/index.ts'
import type { CloseEvent } from '../../../src/stream/message-stream.ts'
import { scaled, survived } from '../../support/scale.ts'
import { FakeHost, FakeReceiver, type FakeTokens, makeResumable, openingSession } from './support.ts'

/** What can happen to a session and to its client, in any order. */
type Step =
  { do: 'send' | 'say', count: number } |
  { do: 'down' | 'up', octets: number, wire: number } |
  { do: 'cut', noticed: boolean, rest: boolean } |
  { do: 'connect', over: TransportName } |
  { do: 'advance', ms: number } |
  { do: 'turn' | 'confirm' | 'tab' | 'close' | 'leave' }

/** The messages that the application sends within `resume`. */
const SENT_AT_RESUME = 5

const QUEUE_LIMIT = 600

const OVER = ['websocket', 'xhr-streaming', 'xhr-polling'] as const satisfies readonly TransportName[]
const octets = fc.oneof(fc.nat(12), fc.nat(200), fc.constant(Infinity))
// An old connection may still bring something.
const wire = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) })

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 60, arbitrary: fc.record({ do: fc.constantFrom('send' as const, 'say' as const), count: fc.oneof(fc.nat(3), fc.nat(70)) }) },
  { weight: 240, arbitrary: fc.record({ do: fc.constantFrom('down' as const, 'up' as const), octets, wire }) },
  { weight: 40, arbitrary: fc.record({ do: fc.constant('cut' as const), noticed: fc.boolean(), rest: fc.boolean() }) },
  { weight: 120, arbitrary: fc.record({ do: fc.constant('connect' as const), over: fc.constantFrom(...OVER) }) },
  { weight: 16, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.oneof(fc.nat(1_000), fc.nat(6_000)) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'advance' as const, ms: 30_000 }) },
  { weight: 180, arbitrary: fc.constant({ do: 'turn' as const }) },
  { weight: 40, arbitrary: fc.constant({ do: 'confirm' as const }) },
  { weight: 1, arbitrary: fc.constantFrom('tab' as const, 'close' as const, 'leave' as const).map((name) => ({ do: name })) }
)

/** One connection: the octets that are on their way in both directions. A cut loses them. */
class Wire {
  readonly client: Client
  readonly over: TransportName
  /** The session id of the client in the URLs. */
  readonly id: number
  receiver: FakeReceiver | null = null
  down = ''
  up = ''
  /** True when the server can write nothing more, and the client gets nothing more. */
  dead = false

  constructor (client: Client, over: TransportName, id: number) {
    this.client = client
    this.over = over
    this.id = id
  }

  /** Takes the lines that are complete in the next octets. */
  take (way: 'down' | 'up', count: number): string[] {
    const passed = this[way].slice(0, count)
    const end = passed.lastIndexOf('\n') + 1
    // Half a line waits for its rest.
    this[way] = this[way].slice(end)
    return passed.slice(0, end).split('\n').slice(0, -1)
  }
}

/** A client as PROTOCOL.md describes it. */
class Client {
  token: string | null = null
  /** The messages that it has got. */
  got = 0
  /** The messages that it has sent, and how many of them the server has confirmed. */
  said: string[] = []
  acknowledged = 0
  wire: Wire | null = null
  /** True when the present connection has brought `r`. */
  ready = false
  state: 'open' | 'refused' | 'closed' = 'open'

  clone (): Client {
    return Object.assign(new Client(), { token: this.token, got: this.got, said: [...this.said], acknowledged: this.acknowledged })
  }

  say (text: string): void {
    this.said.push(text)
    if (this.ready) this.wire!.up += JSON.stringify([text]) + '\n'
  }

  confirm (): void { if (this.ready) this.wire!.up += `r${this.got}\n` }

  read (frame: string): void {
    if (frame === 'o' || frame === 'h') return
    const value = JSON.parse(frame.slice(1)) as unknown[]
    if (frame.startsWith('c')) return this.end('closed')
    if (frame.startsWith('a')) {
      assert.ok(this.ready, 'no message comes before r')
      for (const text of value) assert.equal(text, `s${this.got++}`, 'each message once, and in order')
      return
    }
    if (value.length === 0) return this.end('refused')
    const count = value.at(-1) as number
    assert.ok(count >= this.acknowledged, 'counts do not go back')
    // A copy of this client has said more.
    if (count > this.said.length) return this.end('refused')
    this.acknowledged = count
    if (value.length === 1) return
    this.token = value[0] as string
    this.ready = true
    this.confirm()
    for (const text of this.said.slice(count)) this.wire!.up += JSON.stringify([text]) + '\n'
  }

  end (state: 'refused' | 'closed'): void {
    this.state = state
    this.wire = null
    this.ready = false
  }
}

class Model {
  readonly host = new FakeHost({ highWater: 300, queueLimit: QUEUE_LIMIT, inboxLimit: 1e9, sendTimeout: 1e9, pongTimeout: 1e9 })
  readonly session: AnySession
  readonly #tokens: FakeTokens
  readonly #wires: Wire[] = []
  readonly #clients: Client[] = [new Client()]
  readonly #heard: string[] = []
  readonly #closes: CloseEvent[] = []
  readonly #limit: number
  #endedAtResume = false
  #suspensions = 0
  #sent = 0
  /** The messages that the session knows to have arrived. */
  #confirmed = 0
  #bound = 0
  #ids = 0
  #began = false
  /** True when the client has ended the session on purpose. Then messages count that went to no connection. */
  #left = false

  constructor (limit: number) {
    this.#limit = limit
    this.session = openingSession(this.host, 'websocket')
    this.#tokens = makeResumable(this.session, this.host, { within: 20_000, limit })
    this.session.on('message', (message) => { this.#heard.push(message) })
    this.session.on('suspend', () => { this.#suspensions++ })
    // An application that was idle sends as soon as its client is back. No length of the queue at the cut is a reason to end the session.
    this.session.on('resume', () => {
      for (let i = 0; i < SENT_AT_RESUME && this.session.state === 'open'; i++) this.#send()
      if (this.#closes.length > 0) this.#endedAtResume = true
    })
    this.session.on('close', (event) => { this.#closes.push(event) })
  }

  /** How often the session was resumed. */
  resumptions = 0

  /** True when the session has ended, or its client was told. */
  get over (): boolean { return this.session.state === 'closed' || this.#clients.at(-1)!.state !== 'open' }

  apply (step: Step): void {
    const { session } = this
    // The newest client acts; one that was told is replaced by no one.
    const client = this.#clients.at(-1)!
    switch (step.do) {
      case 'send':
        for (let i = 0; i < step.count; i++) {
          if (session.state !== 'open') return
          this.#send()
        }
        return
      case 'say':
        if (client.state !== 'open') return
        for (let i = 0; i < step.count; i++) client.say(`c${client.said.length}`)
        return
      case 'turn': return this.#turn()
      case 'down': return this.#down(this.#wires.at(-1 - step.wire), step.octets)
      case 'up': return this.#up(this.#wires.at(-1 - step.wire), step.octets)
      case 'confirm': return client.confirm()
      case 'connect': return this.#connect(client, step.over)
      case 'cut': return this.#cut(client, step.noticed, step.rest)
      case 'tab':
        if (client.state === 'open' && client.token !== null) this.#clients.push(client.clone())
        return
      case 'close':
        if (session.state === 'open' && this.#began) session.close(3000, 'bye')
        return
      case 'leave':
        if (!this.#serves(client.wire)) return
        this.#left = true
        session.output.left()
        client.end('closed')
        return
      case 'advance':
        for (let rest = step.ms; rest > 0; rest -= 50) {
          this.host.clock.advance(Math.min(rest, 50))
          this.#turn()
        }
    }
  }

  check (): void {
    const { session, host } = this
    assert.deepEqual(this.#heard, this.#heard.map((_, at) => `c${at}`), 'each message of the client once, and in order')
    assert.ok(host.accounted >= 0)
    // With the short limit, more waits than may be kept.
    if (this.#limit > QUEUE_LIMIT) assert.ok(!this.#endedAtResume, 'messages that were put back do not count')
    if (session.state !== 'closed') assert.equal(host.accounted, session.bufferedBytes)
    for (const { got } of this.#clients) assert.ok(got <= this.#sent)
    assert.ok(this.#tokens.live.size <= 2)
    assert.equal(this.#tokens.outcomes.length, this.#suspensions - (session.suspended ? 1 : 0), 'each suspension is counted once')
    if (session.state !== 'closed') return
    assert.equal(this.#closes.length, 1)
    const { clean, undelivered } = this.#closes[0]!
    if (clean) assert.equal(undelivered, 0)
    else if (this.#began && !this.#left) assert.equal(undelivered, this.#sent - this.#confirmed, 'undelivered is exact')
    assert.equal(this.#tokens.live.size, 0)
  }

  /** Lets the client come back without a cut, and everything arrive; or the client is told. */
  finish (): void {
    const client = this.#clients.at(-1)!
    for (let round = 0; round < 3 && client.state === 'open' && this.#began; round++) {
      if (!client.ready || !this.#serves(client.wire)) {
        this.#cut(client, false, false)
        this.#connect(client, 'xhr-streaming')
      }
      for (let i = 0; i < 8; i++) {
        this.#turn()
        this.#down(client.wire ?? undefined, Infinity)
        client.confirm()
        this.#up(client.wire ?? undefined, Infinity)
      }
    }
    this.check()
    if (this.#began && client.state === 'open') {
      assert.equal(this.session.state, 'open', 'a client that was not told has a session')
      assert.equal(client.got, this.#sent, 'everything has arrived')
      assert.deepEqual(this.#heard, client.said)
      assert.ok(this.#clients.filter((one) => this.#serves(one.wire)).length === 1, 'of two tabs one lives')
    }
    this.session.terminate()
    this.host.clock.advance(100_000)
    this.check()
    assert.equal(this.host.accounted, 0)
    assert.equal(this.host.clock.pending, 0)
    assert.equal(this.host.forgotten, 1)
  }

  #send (): void {
    const { session } = this
    const before = session.bufferedBytes
    session.send(`s${this.#sent}`)
    if (session.state === 'open' || before < session.bufferedBytes || this.#closes.length > 0) this.#sent++
  }

  #turn (): void {
    this.host.turn()
    // A poll is followed by the next one.
    for (const wire of this.#wires) {
      this.#collect(wire)
      while (!wire.dead && wire.over === 'xhr-polling' && wire.receiver?.ended === true && wire.down === '' && wire.client.wire === wire && this.#bound === wire.id &&
        !this.session.suspended && this.session.output.receiver === null && this.session.state !== 'closed') {
        this.#attach(wire)
        this.host.turn()
        this.#collect(wire)
      }
    }
  }

  #collect (wire: Wire): void {
    if (wire.receiver === null) return
    for (const word of wire.receiver.taken()) {
      if (word === '(destroy)') wire.dead = true
      else if (!word.startsWith('(') && !wire.dead) wire.down += word + '\n'
    }
  }

  #attach (wire: Wire): void {
    wire.receiver = new FakeReceiver(this.session, { polling: wire.over === 'xhr-polling', connection: wire })
    this.session.output.attach(wire.receiver)
  }

  #connect (client: Client, over: TransportName): void {
    if (client.state !== 'open' || (client.wire !== null && !client.wire.dead)) return
    client.ready = false
    client.wire = new Wire(client, over, ++this.#ids)
    client.wire.up = (client.token === null ? '1' : `${client.token}.${client.got}`) + '\n'
    this.#wires.push(client.wire)
  }

  /** Cuts the connection of the client. The server may notice, and what was on its way to it may still arrive late. */
  #cut (client: Client, noticed: boolean, rest: boolean): void {
    const { wire } = client
    if (wire === null) return
    this.#collect(wire)
    wire.dead = true
    wire.down = ''
    if (!rest) wire.up = ''
    client.ready = false
    if (noticed && wire.receiver !== null) this.session.output.interrupted(wire.receiver)
  }

  /** True if the requests of a connection reach the session: the check of routes and of WebSockets. */
  #serves (wire: Wire | null): boolean {
    return wire !== null && this.#began && this.#bound === wire.id && !this.session.suspended && this.session.state !== 'closed' &&
      (wire.over !== 'websocket' || this.session.output.receiver === wire.receiver)
  }

  #down (wire: Wire | undefined, octets: number): void {
    if (wire === undefined) return
    this.#collect(wire)
    for (const frame of wire.take('down', octets)) if (wire.client.wire === wire && !wire.dead) wire.client.read(frame)
  }

  #up (wire: Wire | undefined, octets: number): void {
    if (wire === undefined) return
    for (const line of wire.take('up', octets)) {
      if (wire.receiver === null) this.#open(wire, line)
      else if (this.#serves(wire)) this.#receive(line)
    }
  }

  #receive (line: string): void {
    const count = readConfirmation(line)
    if (count === null) return this.session.receive(JSON.parse(line) as string[], line.length)
    this.session.resumption!.confirmed(count)
    // The lines come in order, so that a count is never too high.
    this.#confirmed = Math.max(this.#confirmed, count)
  }

  #open (wire: Wire, query: string): void {
    const { session } = this
    if (query === '1') {
      // A client whose first connection brought no token opens a session of its own, which is none of this model.
      if (this.#began) return wire.client.end('refused')
      this.#began = true
      this.#bound = wire.id
      this.#attach(wire)
      session.begin()
      return
    }
    const [token = '', got] = query.split('.')
    const claim = { token, count: Number(got) }
    if (!this.#tokens.live.has(claim.token) || session.state === 'closed' || !session.resumption!.kept.has(claim.count)) {
      if (this.#tokens.live.has(claim.token) && session.suspended) session.resumption!.giveUp('ended')
      wire.receiver = new FakeReceiver(session)
      wire.receiver.control(NOT_RESUMED)
      return
    }
    this.resumptions++
    this.#bound = wire.id
    session.resumption!.rebind(wire.over, claim)
    this.#confirmed = Math.max(this.#confirmed, claim.count)
    this.#attach(wire)
  }
}

/** A model whose client has its token. */
function begun (limit: number): Model {
  const model = new Model(limit)
  model.apply({ do: 'connect', over: 'websocket' })
  model.apply({ do: 'up', octets: Infinity, wire: 0 })
  model.apply({ do: 'turn' })
  model.apply({ do: 'down', octets: Infinity, wire: 0 })
  return model
}

test('each message arrives once and in order, in both directions, or both sides learn that the session has ended', async () => {
  let steps = 0
  let resumptions = 0
  let sessions = 0
  for (const limit of [1_000_000, 500]) {
    fc.assert(fc.property(fc.array(step, { minLength: 100, maxLength: 400, size: 'max' }), (all) => {
      let model = begun(limit)
      const end = (): void => {
        model.finish()
        resumptions += model.resumptions
        sessions++
      }
      for (const one of all) {
        model.apply(one)
        model.check()
        steps++
        if (!model.over) continue
        end()
        model = begun(limit)
      }
      end()
    }), { numRuns: scaled(80, 300) })
  }
  assert.ok(steps >= scaled(16_000, 100_000), `${steps} steps`)
  assert.ok(resumptions >= 2 * sessions, `${resumptions} resumptions of ${sessions} sessions`)
  survived(`${steps} steps of ${sessions} sessions that were resumed ${resumptions} times`)
})

test('the model can see a lost message', async () => {
  const client = new Client()
  client.wire = new Wire(client, 'websocket', 1)
  client.read('r["t1",0]')
  client.read('a["s0"]')
  assert.throws(() => client.read('a["s2"]'), /once, and in order/)
  assert.throws(() => client.read('a["s0"]'), /once, and in order/)
  assert.equal(confirmationFrame(1).text, 'r[1]')
})
