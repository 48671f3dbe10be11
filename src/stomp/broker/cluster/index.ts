import type { ClusterNode } from '../../../cluster/node.ts'
import type { Telemetry } from '../../../telemetry/telemetry.ts'
import { reportQueues } from '../local/queue-metrics.ts'
import type { EngineState } from '../../../engine/engine.ts'
import { destinationKind, type Separator } from '../../destinations.ts'
import { stompErrors } from '../../errors.ts'
import { refusal } from '../../refusals.ts'
import type { Broker, BrokerCapabilities, BrokerClient, BrokerContext, BrokerSink, BrokerState, Done, OutgoingMessage, UserMessage } from '../broker.ts'
import type { BrokerInspection } from '../inspection.ts'
import { type EmbeddedBrokerOptions, resolveSettings, type Settings } from '../local/options.ts'
import { ClusterConnection } from './connection.ts'
import { ClusterExchange } from './exchange.ts'
import { unavailable } from './failures.ts'
import type { HistoryGroup } from './history-group.ts'
import { inspectCluster } from './inspection.ts'
import { UserChannels } from './user-channels.ts'

/** The options of the broker over several nodes. Bounds of queues and histories count for the whole cluster, all others for one node. */
export type ClusterBrokerOptions = EmbeddedBrokerOptions

/** The time for which a new session waits for an engine that is away, in milliseconds. */
const PATIENCE = 8_000

const STATES: Readonly<Record<EngineState, BrokerState>> = { starting: 'starting', available: 'available', unavailable: 'unavailable', stopped: 'unavailable' }

/** The parts that run between `start` and `stop`. */
interface Running {
  readonly exchange: ClusterExchange
  readonly users: UserChannels
}

/** The embedded broker over several nodes. The engine of the SockJS server carries the messages, and keeps queues and histories. */
class ClusterBroker implements Broker {
  readonly separator: Separator
  readonly #settings: Settings
  readonly #listeners = new Set<(state: BrokerState, reason: string) => void>()
  readonly #connections = new Set<ClusterConnection>()
  #node: ClusterNode | null = null
  #histories: readonly HistoryGroup[] = []
  #running: Running | null = null
  #state: BrokerState = 'starting'
  #onUserMessage: (message: UserMessage) => void = () => {}

  constructor (options: ClusterBrokerOptions) {
    this.#settings = resolveSettings('clusterBroker', options)
    this.separator = this.#settings.destinations.separator
  }

  get capabilities (): BrokerCapabilities {
    const { maxDeliveries, maxTemporaryQueues, history } = this.#settings
    const facts = this.#node?.engine.facts
    return {
      queues: true,
      topicAcknowledgements: true,
      nackRequeues: true,
      nackPassesOn: facts?.queues.passesOn === true,
      unsubscribeReleases: true,
      deadLetters: maxDeliveries > 0,
      timeToLive: true,
      temporaryQueues: maxTemporaryQueues > 0,
      wildcards: true,
      history: history.length > 0,
      atomicTransactions: false,
      passesOverHeldBack: false,
      // An engine that chooses the next consumer of a message chooses that of every message.
      takesTurns: facts?.queues.passesOn === true,
      redeliveryInOrder: facts?.queues.inOrder === true,
      boundsAllQueues: facts?.queues.boundedTogether === true,
      totalOrder: facts?.totalOrder === true,
      survivesNode: true,
      survivesEngine: facts?.durable === true
    }
  }

  get state (): BrokerState { return this.#state }

  onState (listener: (state: BrokerState, reason: string) => void): void { this.#listeners.add(listener) }

  onUserMessage (listener: (message: UserMessage) => void): void { this.#onUserMessage = listener }

  join (node: ClusterNode): void {
    const { logs, queues } = node.engine
    const { history, maxQueueMessages: messages, maxQueueBytes: bytes, maxBytes: allBytes } = this.#settings
    this.#node = node
    this.#histories = history.map(({ pattern, segments, replay, messages, bytes, ttl }) =>
      ({ segments, replay, logs: logs.group(node.names.key('history', pattern), { messages, bytes, ttl }) }))
    queues.bound({ messages, bytes, allBytes })
    node.onState((state, reason) => { if (this.#running !== null) this.#become(STATES[state], reason) })
  }

  async start (context: BrokerContext): Promise<void> {
    if (this.#running !== null) return
    const node = this.#node
    if (node === null) throw new stompErrors.InvalidOption('broker', 'clusterBroker() needs the option engine of app.register(sockjs, { engine })')
    const exchange = new ClusterExchange(node, this.#settings, this.#histories, node.engine.queues, context)
    const users = new UserChannels(exchange, (message) => this.#onUserMessage(message))
    this.#running = { exchange, users }
    this.#become(STATES[node.state], '')
  }

  async stop (): Promise<void> {
    this.#become('unavailable', '')
    const error = refusal('STOMP_BROKER_STOPPED', undefined, true)
    // All connections end in one step, or the messages of each would go to the next.
    this.#running?.exchange.serialQueue.exclusively(() => { for (const connection of [...this.#connections]) connection.end(error) })
    this.#running?.users.stop()
    this.#running?.exchange.stop()
    this.#running = null
  }

  accepts (destination: string, what: 'send' | 'subscribe'): boolean {
    const kind = destinationKind(destination, this.#settings.destinations.prefixes)
    return kind !== undefined && kind !== (what === 'send' ? 'dead' : 'reply')
  }

  isPrivate (destination: string): boolean {
    const kind = destinationKind(destination, this.#settings.destinations.prefixes)
    return kind === 'temporary' || kind === 'reply'
  }

  report (telemetry: Telemetry): void { reportQueues(telemetry, () => this.#running?.exchange.queues) }

  kindOf (destination: string): 'topic' | 'queue' { return destinationKind(destination, this.#settings.destinations.prefixes) === 'topic' ? 'topic' : 'queue' }

  async connect ({ user, signal }: BrokerClient, sink: BrokerSink): Promise<ClusterConnection> {
    const { exchange, users } = this.#started()
    if (!await exchange.node.whenAvailable(PATIENCE)) throw unavailable()
    if (user !== '') await users.join(user)
    const leave = (): void => { if (user !== '') users.leave(user) }
    if (signal.aborted || this.#running?.exchange !== exchange) {
      leave()
      throw unavailable()
    }
    const connection = new ClusterConnection(exchange, sink, () => {
      this.#connections.delete(connection)
      leave()
    })
    this.#connections.add(connection)
    return connection
  }

  async publish (message: OutgoingMessage): Promise<void> { await this.#started().exchange.accept(message, null)() }

  publishToUser (message: UserMessage): Done { return this.#running?.users.publish(message) }

  inspect (): BrokerInspection { return inspectCluster(this.#started().exchange, this.#connections) }

  #started (): Running {
    if (this.#running === null) throw unavailable()
    return this.#running
  }

  #become (state: BrokerState, reason: string): void {
    if (this.#state === state) return
    this.#state = state
    for (const listener of this.#listeners) listener(state, reason)
  }
}

/**
 * Makes the embedded broker over several nodes, on the engine that the SockJS server has.
 *
 * It has topics, queues, temporary queues, histories and users.
 *
 * It is the default where `app.register(sockjs, { engine })` has an engine.
 *
 * @throws FST_STOMP_INVALID_OPTION
 */
export function clusterBroker (options: ClusterBrokerOptions = {}): Broker {
  return new ClusterBroker(options)
}
