import { randomBytes } from 'node:crypto'
import { type Clock, SystemClock } from '../../../src/core/clock.ts'
import type { Claim, Engine, EngineContext, EngineLog, EngineState } from '../../../src/engine/engine.ts'
import { Arrivals, until, within } from '../wait.ts'

/** A publication that has arrived. */
export interface Arrived {
  readonly channel: string
  readonly data: Buffer
}

/** The publications that one subscription has brought, with the function that ends it. */
export class Inbox extends Arrivals<Arrived> {
  unsubscribe: () => void = () => {}

  get texts (): string[] { return this.all.map(({ data }) => data.toString()) }

  /** The texts of the next `count` publications. */
  async take (count: number): Promise<string[]> {
    const texts: string[] = []
    while (texts.length < count) texts.push((await this.next(`publication ${texts.length + 1} of ${count}`)).data.toString())
    return texts
  }
}

/** A log that keeps its texts, to be read when a check fails. */
export function engineLog (lines: string[]): EngineLog {
  const note = (facts: object, text: string): void => { lines.push(text) }
  return { debug: note, info: note, warn: note, error: note }
}

/** A node without a cluster: an engine with all that it reports. */
export class EngineNode implements EngineContext {
  readonly node = randomBytes(12).toString('base64url')
  readonly clock: Clock = new SystemClock((error) => { throw error })
  readonly lines: string[] = []
  readonly log = engineLog(this.lines)
  readonly engine: Engine
  /** The states and `gap`, in order. */
  readonly reports: string[] = []
  /** The keys that were lost, in order. */
  readonly lost: string[] = []
  state: EngineState = 'starting'
  /** Called inside the report of `available`. */
  atAvailable: () => void = () => {}

  constructor (engine: Engine) {
    this.engine = engine
  }

  changed (state: EngineState): void {
    this.reports.push(state)
    this.state = state
    if (state === 'available') this.atAvailable()
  }

  gap (): void { this.reports.push('gap') }

  async start (): Promise<this> {
    await within(this.engine.start(this), 'the start of an engine')
    return this
  }

  async stop (): Promise<void> { await within(this.engine.stop(), 'the stop of an engine') }

  async reaches (state: EngineState): Promise<void> {
    await until(() => this.state === state, `a node is ${state}; it is ${this.state} after ${this.reports.join(', ')}`)
  }

  publish (channel: string, text: string | Uint8Array): void {
    this.engine.channels.publish(channel, typeof text === 'string' ? Buffer.from(text) : text)
  }

  async listen (channel: string): Promise<Inbox> {
    const inbox = new Inbox()
    // The engine may use its buffer again.
    const subscribing = this.engine.channels.subscribe(channel, (data, name) => inbox.push({ channel: name, data: Buffer.from(data) }))
    inbox.unsubscribe = await within(subscribing, `a subscription to ${channel}`)
    return inbox
  }

  async claim (key: string): Promise<Claim> {
    return await within(this.engine.claims.claim(key, () => { this.lost.push(key) }), `a claim of ${key}`)
  }

  /** Claims a key that is free. */
  async own (key: string): Promise<() => void> {
    const claim = await this.claim(key)
    if (claim.owner !== null) throw new Error(`expected the key ${key} to be free, but the node ${claim.owner} has it`)
    return () => claim.release()
  }

  async locate (key: string): Promise<string | null> { return await within(this.engine.claims.locate(key), `the owner of ${key}`) }

  /** Waits until a key has an owner, or none. */
  async finds (key: string, owner: string | null): Promise<void> {
    await until(async () => await this.locate(key) === owner, `the owner of ${key} is ${owner ?? 'gone'}`)
  }
}
