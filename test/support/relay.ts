import type { Test } from 'tap'
import { ManualClock } from '../../src/core/clock.ts'
import type { BrokerLog } from '../../src/stomp/broker/broker.ts'
import type { BrokerError } from '../../src/stomp/refusals.ts'
import { type RelayBroker, relayBroker, type RelayBrokerOptions } from '../../src/stomp.ts'
import { connect, type TestConnection } from './broker.ts'
import { type FakeBroker, type FakeConnection, type Manners, startFakeBroker } from './fake-broker.ts'
import { Arrivals, within } from './wait.ts'

export interface World {
  readonly relay: RelayBroker
  readonly fake: FakeBroker
  readonly clock: ManualClock
  readonly states: Arrivals<string>
  readonly log: LinesLog
  /** The application's own connection. */
  readonly system: FakeConnection
}

/** One line of a log. */
export interface LogLine {
  readonly level: string
  readonly data: Record<string, unknown>
  readonly text: string
}

/** A log that keeps its lines. */
export class LinesLog implements BrokerLog {
  readonly lines: LogLine[] = []

  debug (data: object, text: string): void { this.#write('debug', data, text) }
  info (data: object, text: string): void { this.#write('info', data, text) }
  warn (data: object, text: string): void { this.#write('warn', data, text) }
  error (data: object, text: string): void { this.#write('error', data, text) }

  /** The lines of one level. */
  of (level: string): LogLine[] { return this.lines.filter((line) => line.level === level) }

  #write (level: string, data: object, text: string): void { this.lines.push({ level, data: { ...data }, text }) }
}

/** Brokers that serve no client. */
export const REFUSE: Manners = { connect: (connection) => connection.socket.destroy() }
export const REFUSE_LOGIN: Manners = { connect: (connection) => connection.send('ERROR', { message: 'Bad CONNECT' }, "Access refused for user 'guest'\n") }
export const MUTE: Manners = { connect: () => {} }

/** A relay whose broker does not serve it. */
export async function startRelay (t: Test, options: RelayBrokerOptions) {
  const clock = new ManualClock()
  const log = new LinesLog()
  const relay = relayBroker(options)
  const started = relay.start({ clock, log, applicationPrefixes: ['/app'] })
  t.teardown(() => advanceUntil(clock, relay.stop(), 50))
  return { clock, log, relay, started }
}

/** A relay to a broker that the test plays, on a clock that the test moves. */
export async function relayTo (t: Test, options: Partial<RelayBrokerOptions> = {}, manners: Manners = {}, applicationPrefixes = ['/app']): Promise<World> {
  const fake = await startFakeBroker(t, manners)
  const clock = new ManualClock()
  const log = new LinesLog()
  const relay = relayBroker({ servers: fake.url, ...options })
  const states = new Arrivals<string>()
  relay.onState((state, reason) => states.push(`${state} ${reason}`))
  await relay.start({ clock, log, applicationPrefixes })
  t.teardown(async () => {
    fake.manners = {}
    await advanceUntil(clock, relay.stop(), 50)
  })
  const system = await fake.connections.next('the system connection')
  await system.next('SUBSCRIBE')
  return { relay, fake, clock, states, log, system }
}

/** A client with the broker's end of its connection. */
export async function client (world: World): Promise<{ connection: TestConnection, link: FakeConnection }> {
  const connection = await connect(world.relay)
  return { connection, link: await world.fake.connections.next('the connection of a client') }
}

/** Returns the end of an operation: `done`, or the code of its error. */
export const code = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'done', (error: BrokerError) => error.code)

/** Real sockets need their turns of the event loop between two steps of the clock. */
export async function turns (count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Moves the clock until something has happened. */
export async function advanceUntil<T> (clock: ManualClock, promise: Promise<T>, step = 500): Promise<T> {
  const state = { done: false }
  const result = promise.finally(() => { state.done = true })
  result.catch(() => {})
  for (let i = 0; i < 400 && !state.done; i++) {
    clock.advance(step)
    await turns()
  }
  return await within(result, 'the result, with time')
}
