import { refusal } from '../../../refusals.ts'
import type { Done } from '../../broker.ts'
import type { BrokerLink } from '../link/broker-link.ts'
import type { RelaySettings } from '../options.ts'
import type { ClientSubscriptions } from './subscriptions.ts'

/** The temporary queues of one client. The name of a queue is the id of its subscription, as brokers make it themselves. */
export class RelayTemporaryQueues {
  readonly #settings: RelaySettings
  readonly #subscriptions: ClientSubscriptions
  /** The names so far. The broker may keep each of them for as long as the connection lives. */
  readonly #names = new Set<string>()

  constructor (settings: RelaySettings, subscriptions: ClientSubscriptions) {
    this.#settings = settings
    this.#subscriptions = subscriptions
  }

  /** Opens a queue for a subscription with this key. */
  open (link: BrokerLink, name: string, key: string): Done {
    const { dialect, maxTemporaryQueues } = this.#settings
    if (dialect.temporaryQueues === 'none') throw refusal('STOMP_INVALID_DESTINATION', 'there are no temporary queues here')
    if (!/^\/temp-queue\/[\w.-]{1,100}$/.test(name)) throw refusal('STOMP_INVALID_DESTINATION', 'the name of a temporary queue has letters, digits, . _ and -')
    if (this.#subscriptions.get(name) !== undefined) {
      // A client that subscribes to its own temporary queue takes over the subscription that a `reply-to` made.
      this.#subscriptions.remove(name)
      this.#subscriptions.add(name, key)
      return
    }
    if (this.#names.size >= maxTemporaryQueues && !this.#names.has(name)) throw refusal('STOMP_TOO_MANY_TEMPORARY_QUEUES', `at most ${maxTemporaryQueues}`)
    if (this.#subscriptions.idOf(key) !== undefined) throw refusal('STOMP_INVALID_HEADER', 'reply-to is the id of another subscription')
    this.#names.add(name)
    this.#subscriptions.add(name, key)
    if (dialect.temporaryQueues === 'subscribed') return link.request('SUBSCRIBE', [['id', name], ['destination', name], ['ack', 'auto']]).then(() => {})
  }

  /** Opens the queue that a message names, unless it is open (RELAY-9). */
  ensure (link: BrokerLink, name: string): Done {
    if (this.#subscriptions.get(name) === undefined) return this.open(link, name, name)
  }
}
