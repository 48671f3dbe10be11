import { Waiters } from '../../core/waiters.ts'
import type { ChannelListener, EngineLog } from '../engine.ts'
import { matchesChannel } from '../patterns.ts'
import { isReply } from './calls.ts'
import type { Connection } from './client.ts'
import type { Names } from './names.ts'

/** The most names in one command. */
const SLICE = 500

/** A listener with the pattern, or the channel, that it listens to. */
interface Subscription {
  /** The space of the names: that of channels, of the logs of a group, or of queues. */
  readonly space: string
  readonly pattern: string
  readonly listener: ChannelListener
}

/** The commands that begin and end the two kinds of subscriptions. */
const COMMANDS = {
  channel: { begin: 'subscribe', end: 'unsubscribe' },
  pattern: { begin: 'psubscribe', end: 'punsubscribe' }
} as const

type Kind = keyof typeof COMMANDS

/** The subscriptions of a node. Redis has one for each name, however many listeners there are. */
export class Subscriptions {
  readonly #names: Names
  readonly #log: EngineLog
  readonly #listeners: Record<Kind, Map<string, Set<Subscription>>> = { channel: new Map(), pattern: new Map() }
  /** True if the rights allow the pattern of the whole namespace only. */
  #wide = false
  #connection: Connection | null = null
  #hasEnded = false
  /** The subscriptions that were asked for while no connection was there. */
  readonly #waiting = new Waiters()

  constructor (names: Names, log: EngineLog) {
    this.#names = names
    this.#log = log
  }

  /** Uses the patterns of the whole namespace only, because Redis grants patterns literally. */
  widen (): void { this.#wide = true }

  /** Listens on a new connection. */
  use (connection: Connection): void {
    connection.on('messageBuffer', (name: Buffer, data: Buffer) => this.#arrived('channel', name.toString('latin1'), name, data))
    connection.on('pmessageBuffer', (glob: string, name: Buffer, data: Buffer) => this.#arrived('pattern', glob, name, data))
  }

  /** Subscribes everything again. From then on, new subscriptions go to this connection. */
  async again (connection: Connection): Promise<void> {
    this.#connection = connection
    for (const kind of ['channel', 'pattern'] as const) {
      const names = [...this.#listeners[kind].keys()]
      for (let i = 0; i < names.length; i += SLICE) await connection.call(COMMANDS[kind].begin, ...names.slice(i, i + SLICE))
    }
  }

  /** Ends all. What arrives on a connection that is closing has no listener. */
  end (): void {
    this.#hasEnded = true
    this.lost()
    for (const listeners of Object.values(this.#listeners)) listeners.clear()
    this.release()
  }

  /** Takes note that the connection is lost. */
  lost (): void { this.#connection = null }

  /** Releases all that wait for their subscriptions: `again()` has made them, or the node stops. */
  release (): void { this.#waiting.releaseAll() }

  /** Adds a listener. Without a connection it waits, and `again()` makes the subscription. */
  async add (pattern: string, listener: ChannelListener, space = ''): Promise<() => void> {
    const kind: Kind = /[*>]/.test(pattern) ? 'pattern' : 'channel'
    const name = kind === 'channel' ? this.#names.channel(pattern, space) : this.#globOf(pattern, space)
    const subscription = { space, pattern, listener }
    const all = this.#listeners[kind]
    const others = all.get(name)
    if (others === undefined) all.set(name, new Set([subscription]))
    else others.add(subscription)
    // The answer also tells a second listener that the subscription of the first one is complete.
    if (!await this.#tell(COMMANDS[kind].begin, name) && !this.#hasEnded) await this.#waiting.wait()
    return () => this.#remove(kind, name, subscription)
  }

  /** The pattern of Redis for one of ours: its literal head. The rest is compared here, because `*` of Redis crosses segments. */
  #globOf (pattern: string, space: string): string {
    return `${this.#wide ? this.#names.head : this.#names.channel(pattern.slice(0, pattern.search(/[*>]/)), space)}*`
  }

  #remove (kind: Kind, name: string, subscription: Subscription): void {
    const others = this.#listeners[kind].get(name)
    if (others?.delete(subscription) !== true || others.size > 0) return
    this.#listeners[kind].delete(name)
    this.#tell(COMMANDS[kind].end, name).catch((error: unknown) => this.#log.debug({ err: error, name }, 'a subscription did not end'))
  }

  /** Resolves with false if there is no connection. */
  async #tell (command: string, name: string): Promise<boolean> {
    try {
      await this.#connection?.call(command, name)
      return this.#connection !== null
    } catch (error) {
      // All other errors tell that the connection is lost.
      if (isReply(error)) throw error
      return false
    }
  }

  #arrived (kind: Kind, name: string, nameOfChannel: Buffer, data: Buffer): void {
    const subscriptions = this.#listeners[kind].get(name)
    if (subscriptions === undefined) return
    const { space, channel } = this.#names.partsOf(nameOfChannel.toString('latin1'))
    if (channel === '') return
    for (const { space: wanted, pattern, listener } of [...subscriptions]) {
      if (wanted !== space || !matchesChannel(pattern, channel)) continue
      try {
        listener(data, channel)
      } catch (error) {
        // The client would take it for an error of its own.
        this.#log.error({ err: error, channel }, 'a listener of a channel has thrown')
      }
    }
  }
}
