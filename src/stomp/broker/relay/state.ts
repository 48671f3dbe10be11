import { errorType } from '../../../telemetry/error-type.ts'
import type { Telemetry } from '../../../telemetry/telemetry.ts'
import type { ClientCommand } from '../../codec/index.ts'
import type { BrokerLog, BrokerState } from '../broker.ts'

/** The state of a relay. The system connection sets it, and a broker that confirms nothing makes it `blocked`. */
export class RelayState {
  /** The broker links that are open. */
  readonly links = new Set<object>()
  /** The errors of the broker that were harmless races of clients, since the start (RELAY-17). */
  races = 0
  /** The name of the external broker for the metrics, such as `rabbitmq`. */
  system = 'stomp'
  /** The telemetry of the server, `null` if it has none. */
  telemetry: Telemetry | null = null
  readonly #listeners = new Set<(state: BrokerState, reason: string) => void>()
  /** The links whose broker confirms nothing at the moment. */
  readonly #stalled = new Set<object>()
  /** The log of the running relay, `null` while it is stopped. */
  #log: BrokerLog | null = null
  /** The state of the system connection. */
  #system: BrokerState = 'starting'
  #current: BrokerState = 'starting'

  get current (): BrokerState { return this.#current }

  onChange (listener: (state: BrokerState, reason: string) => void): void { this.#listeners.add(listener) }

  start (log: BrokerLog): void {
    this.#log = log
    this.races = 0
  }

  stop (): void {
    this.#log = null
    this.#stalled.clear()
    this.become('unavailable', 'stopped')
  }

  /** Sets the state of the system connection. */
  become (state: BrokerState, reason: string): void {
    this.#system = state
    this.#report(reason)
  }

  /** Counts the time until the broker has answered a frame. `code` is that of a refusal. */
  answered (command: ClientCommand, { host, port }: { readonly host: string, readonly port: number }, milliseconds: number, code?: string): void {
    this.telemetry?.histogram('messaging.client.operation.duration', {
      'messaging.system': this.system, 'messaging.operation.name': command.toLowerCase(), 'server.address': host, 'server.port': port, ...(code === undefined ? {} : { 'error.type': errorType(code) })
    }).record(milliseconds / 1000)
  }

  /** Tells that the broker has become slow to confirm the frames of a link, or confirms them again. */
  stalled (link: object, yes: boolean): void {
    if (yes) this.#stalled.add(link)
    else if (!this.#stalled.delete(link)) return
    this.#report(yes ? 'the broker confirms nothing' : 'the broker confirms again')
  }

  #report (reason: string): void {
    const state: BrokerState = this.#system === 'available' && this.#stalled.size > 0 ? 'blocked' : this.#system
    if (state === this.#current) return
    this.#current = state
    this.#log?.info({ state, reason }, 'the state of the broker')
    for (const listener of this.#listeners) {
      try {
        listener(state, reason)
      } catch (error) {
        this.#log?.error({ err: error }, 'a listener for the state of the broker has failed')
      }
    }
  }
}
