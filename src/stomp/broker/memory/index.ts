import type { Broker, BrokerCapabilities, BrokerClient, BrokerContext, BrokerSink, BrokerState, OutgoingMessage } from '../broker.ts'
import type { BrokerInspection } from '../inspection.ts'
import { MemoryConnection } from './connection.ts'
import { type DestinationKind, destinationKind, type Separator } from '../../destinations.ts'
import { Exchange } from './exchange.ts'
import { inspectMemory } from './inspection.ts'
import { resolveSettings, type Settings } from '../local/options.ts'
import { MEMORY_CHECKS, type MemoryBrokerOptions } from './options.ts'
import { refusal } from '../../refusals.ts'
import { Serial } from '../serial.ts'
import type { Telemetry } from '../../../telemetry/telemetry.ts'
import { reportQueues } from '../local/queue-metrics.ts'

export type { MemoryBrokerOptions } from './options.ts'

/** The embedded broker: topics, queues, temporary queues and histories in the memory of this process. */
class MemoryBroker implements Broker {
  readonly separator: Separator
  readonly capabilities: BrokerCapabilities
  readonly #settings: Settings
  readonly #serial = new Serial()
  readonly #listeners = new Set<(state: BrokerState, reason: string) => void>()
  readonly #connections = new Set<MemoryConnection>()
  #state: BrokerState = 'starting'
  #exchange: Exchange | null = null

  constructor (options: MemoryBrokerOptions) {
    const settings = resolveSettings('memoryBroker', options, MEMORY_CHECKS)
    this.#settings = settings
    this.separator = settings.destinations.separator
    this.capabilities = {
      queues: true,
      topicAcknowledgements: true,
      nackRequeues: true,
      nackPassesOn: true,
      unsubscribeReleases: true,
      deadLetters: settings.maxDeliveries > 0,
      timeToLive: true,
      temporaryQueues: settings.maxTemporaryQueues > 0,
      wildcards: true,
      history: settings.history.length > 0,
      atomicTransactions: true,
      passesOverHeldBack: true,
      takesTurns: true,
      redeliveryInOrder: true,
      boundsAllQueues: true,
      totalOrder: true,
      survivesNode: false,
      survivesEngine: false
    }
  }

  get state (): BrokerState { return this.#state }

  onState (listener: (state: BrokerState, reason: string) => void): void {
    this.#listeners.add(listener)
  }

  async start (context: BrokerContext): Promise<void> {
    if (this.#exchange !== null) return
    this.#exchange = new Exchange(this.#settings, this.#serial, context)
    this.#become('available')
  }

  async stop (): Promise<void> {
    this.#become('unavailable')
    const connections = [...this.#connections]
    // All connections end in one step, or the messages of each would go to the next.
    this.#exchange?.serialQueue.exclusively(() => {
      for (const connection of connections) connection.end(refusal('STOMP_BROKER_STOPPED', undefined, true))
    })
    this.#exchange?.stop()
    this.#exchange = null
  }

  accepts (destination: string, what: 'send' | 'subscribe'): boolean {
    const kind = this.#kindOf(destination)
    return kind !== undefined && kind !== (what === 'send' ? 'dead' : 'reply')
  }

  isPrivate (destination: string): boolean {
    const kind = this.#kindOf(destination)
    return kind === 'temporary' || kind === 'reply'
  }

  report (telemetry: Telemetry): void {
    reportQueues(telemetry, () => this.#exchange?.queues)
    telemetry.observe('stomp.broker.history.bytes', () => [{ value: this.#exchange?.history.bytes ?? 0 }])
  }

  kindOf (destination: string): 'topic' | 'queue' { return this.#kindOf(destination) === 'topic' ? 'topic' : 'queue' }

  connect (_client: BrokerClient, sink: BrokerSink): MemoryConnection {
    return new MemoryConnection(this.#running(), sink, this.#connections)
  }

  async publish (message: OutgoingMessage): Promise<void> {
    this.#running().publish(message, null)
  }

  /** Does nothing, because all sessions are in this process. */
  publishToUser (): void {}

  /** Does nothing, because no other process uses this broker. */
  onUserMessage (): void {}

  inspect (): BrokerInspection { return inspectMemory(this.#running()) }

  /** Asks the exchange where it runs, because it knows the destination of the last message. */
  #kindOf (destination: string): DestinationKind | undefined {
    return this.#exchange === null ? destinationKind(destination, this.#settings.destinations.prefixes) : this.#exchange.kindOf(destination)
  }

  #running (): Exchange {
    if (this.#exchange === null || this.#state !== 'available') throw refusal('STOMP_BROKER_UNAVAILABLE', undefined, true)
    return this.#exchange
  }

  #become (state: BrokerState): void {
    if (this.#state === state) return
    this.#state = state
    for (const listener of this.#listeners) listener(state, '')
  }
}

/** Makes a broker inside this process. It needs no other program, and forgets all messages when it stops. */
export function memoryBroker (options: MemoryBrokerOptions = {}): Broker {
  return new MemoryBroker(options)
}
