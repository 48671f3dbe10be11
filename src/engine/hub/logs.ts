import type { EngineLog } from '../engine.ts'
import { engineErrors } from '../errors.ts'
import type { EngineLogGroup, EngineLogs, KeptMessage, LogEntry, LogListener, LogRule, Position } from '../logs.ts'
import { checkGroup, nameOfLog } from '../store/log-table.ts'
import type { HubConnection, HubUser } from './connection.ts'
import type { PageEntry } from './pages.ts'
import type { LogReceiver } from './receivers.ts'
import { Routes } from './routes.ts'
import { MAX_PAYLOAD, OP } from './wire.ts'

/** One node that follows logs. The object tells two with one listener apart. */
interface Follower {
  readonly listener: LogListener
}

/** A part of the messages behind a position, as the hub sends it; `null` if one of them may be missing. */
export type HubPage = { readonly entries: readonly PageEntry[], readonly more: boolean } | null

/** The logs of one node at the hub. */
export class HubLogs implements EngineLogs, HubUser, LogReceiver {
  epoch = ''
  readonly #connection: HubConnection
  readonly #rules = new Map<string, LogRule>()
  readonly #followers = new Routes<Follower>()
  #lastPage: Promise<unknown> = Promise.resolve()

  constructor (connection: HubConnection) {
    this.#connection = connection
  }

  group (name: string, rule: LogRule): EngineLogGroup {
    checkGroup(name)
    this.#rules.set(name, rule)
    return new HubLogGroup(name, this.#connection, this)
  }

  async restore (): Promise<void> {
    for (const [name, { messages, bytes, ttl }] of this.#rules) this.#connection.send(OP.group, [messages, bytes, ttl], [name])
    for (const pattern of this.#followers.channels) this.#connection.send(OP.follow, [], [pattern])
    await this.#connection.request(OP.ping, '')
  }

  async follow (pattern: string, listener: LogListener): Promise<() => void> {
    const follower = { listener }
    if (this.#followers.add(pattern, follower)) this.#connection.send(OP.follow, [], [pattern])
    // If the line closes first, the hub knows the follower before the engine is available again.
    await this.#connection.request(OP.ping, '').catch(() => {})
    return () => {
      if (this.#followers.delete(pattern, follower)) this.#connection.send(OP.unfollow, [], [pattern])
    }
  }

  /** Asks for one page after the other, so that many readers do not fill the line. */
  async page (name: string, offset: number): Promise<HubPage> {
    const page = this.#lastPage.then(() => this.#connection.ask<HubPage>(OP.since, [offset], [name]))
    this.#lastPage = page.catch(() => {})
    return await page
  }

  arrive (name: string, { offset, previous, data }: PageEntry, log: EngineLog): void {
    const entry = { log: name.slice(name.indexOf('.') + 1), epoch: this.epoch, offset, previous, data }
    for (const { listener } of this.#followers.find(name)) {
      try {
        listener(entry)
      } catch (err) {
        log.error({ err, name }, 'a listener of a log threw an error')
      }
    }
  }
}

/** The logs of one group, for one node. */
class HubLogGroup implements EngineLogGroup {
  readonly #name: string
  readonly #connection: HubConnection
  readonly #logs: HubLogs

  constructor (name: string, connection: HubConnection, logs: HubLogs) {
    this.#name = name
    this.#connection = connection
    this.#logs = logs
  }

  async append (log: string, id: string, data: Uint8Array): Promise<Position> {
    if (data.byteLength > MAX_PAYLOAD) throw new engineErrors.TooLarge(data.byteLength, MAX_PAYLOAD)
    return this.#place(await this.#connection.ask<number>(OP.append, [], [nameOfLog(this.#name, log), id], data))
  }

  async follow (pattern: string, listener: LogListener): Promise<() => void> {
    return await this.#logs.follow(nameOfLog(this.#name, pattern), listener)
  }

  async since (log: string, { epoch, offset }: Position): Promise<LogEntry[] | null> {
    const found: LogEntry[] = []
    let behind = offset
    for (;;) {
      const page = await this.#logs.page(nameOfLog(this.#name, log), behind)
      // A hub that came back between two pages has another epoch.
      if (page === null || epoch !== this.#logs.epoch) return null
      for (const entry of page.entries) found.push({ log, epoch, ...entry })
      if (!page.more) return found
      behind = page.entries.at(-1)!.offset
    }
  }

  async position (log: string): Promise<Position> {
    return this.#place(await this.#connection.ask<number>(OP.position, [], [nameOfLog(this.#name, log)]))
  }

  async last (log: string): Promise<KeptMessage | null> {
    const page = await this.#connection.ask<HubPage>(OP.last, [], [nameOfLog(this.#name, log)])
    const entry = page?.entries[0]
    return entry === undefined ? null : { ...this.#place(entry.offset), data: entry.data }
  }

  /** The answer comes with the epoch of its line. */
  #place (offset: number): Position { return { epoch: this.#logs.epoch, offset } }
}
