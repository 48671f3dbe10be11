import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { ManualClock } from '../../src/core/clock.ts'
import {
  type AckMode, type Broker, type BrokerConnection, type BrokerSink, type Delivery, type DeliveryHandle
} from '../../src/stomp/broker/broker.ts'
import { BrokerError } from '../../src/stomp/refusals.ts'
import { memoryBroker, type MemoryBrokerOptions } from '../../src/stomp/broker/memory/index.ts'
import { Body, FrameHeaders } from '../../src/stomp/codec/index.ts'
import { Arrivals } from './wait.ts'

/** A session as a broker sees it. It notes all that it is given. */
export class TestSink implements BrokerSink {
  readonly deliveries = new Arrivals<Delivery>()
  readonly endedSubscriptions = new Arrivals<{ key: string, error: BrokerError }>()
  readonly ends = new Arrivals<BrokerError>()
  /** The answer of `deliver`. */
  takes = true
  /** Called inside `deliver`. */
  react: (delivery: Delivery) => void = () => {}

  deliver (delivery: Delivery): boolean {
    this.deliveries.push(delivery)
    this.react(delivery)
    return this.takes
  }

  subscriptionEnded (key: string, error: BrokerError): void { this.endedSubscriptions.push({ key, error }) }
  ended (error: BrokerError): void { this.ends.push(error) }

  get texts (): string[] { return this.deliveries.all.map(textOf) }

  /** The texts of the next `count` messages. */
  async next (count: number): Promise<string[]> {
    const texts: string[] = []
    while (texts.length < count) texts.push(textOf(await this.deliveries.next('a message')))
    return texts
  }
}

export function textOf ({ publication }: Delivery): string { return publication.body.text }

export function message (destination: string, body: string | Uint8Array = '', headers: Record<string, string> = {}) {
  return { destination, headers: FrameHeaders.from(headers), body: Body.from(body) }
}

/** A connection with its sink, for tests. */
export class TestConnection {
  readonly sink: TestSink
  readonly broker: BrokerConnection

  constructor (broker: BrokerConnection, sink: TestSink) {
    this.broker = broker
    this.sink = sink
  }

  subscribe (key: string, destination: string, ack: AckMode = 'auto', headers: Record<string, string> = {}) {
    return this.broker.subscribe({ key, destination, ack, headers: FrameHeaders.from({ id: key, destination, ...headers }) })
  }

  publish (destination: string, body: string | Uint8Array = '', headers: Record<string, string> = {}) {
    return this.broker.publish(message(destination, body, headers))
  }
}

export async function connect (broker: Broker): Promise<TestConnection> {
  const sink = new TestSink()
  const client = { session: randomBytes(16).toString('base64url'), user: '', headers: new FrameHeaders(), signal: new AbortController().signal }
  return new TestConnection(await broker.connect(client, sink), sink)
}

export function handleOf (delivery: Delivery): DeliveryHandle {
  if (delivery.handle === null) throw new Error(`${textOf(delivery)} came without a handle`)
  return delivery.handle
}

/** The refusal that `work` ends in. */
export async function refused (t: Test, work: () => unknown, fatal = false): Promise<BrokerError> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error
    t.equal(error.fatal, fatal, `${error.code} is ${fatal ? '' : 'not '}fatal`)
    t.match(error.code, /^STOMP_[A-Z_]+$/)
    t.notMatch(error.message, /[:\\\n]/, 'STOMP-E4: the text needs no escaping')
    return error
  }
  throw new Error('it was not refused')
}

/** A log that writes down its warnings. */
export function testLog () {
  const warnings: string[] = []
  return { warnings, debug () {}, info () {}, warn: (_data: object, text: string) => { warnings.push(text) }, error () {} }
}

/** An embedded broker on a clock that stands still. */
export async function startMemoryBroker (t: Test, options: MemoryBrokerOptions = {}) {
  const clock = new ManualClock()
  const log = testLog()
  const broker = memoryBroker(options)
  await broker.start({ clock, log, applicationPrefixes: ['/app'] })
  t.teardown(() => broker.stop())
  return { broker, clock, log, connect: () => connect(broker) }
}

/** The handle of the last delivery with this text. */
export function handleNamed ({ sink }: TestConnection, text: string): DeliveryHandle {
  return handleOf(sink.deliveries.all.findLast((delivery) => textOf(delivery) === text)!)
}
