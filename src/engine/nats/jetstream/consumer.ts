import { Buffer } from 'node:buffer'
import { Timer, type TimerOwner } from '../../../core/timer.ts'
import type { EngineConsumer, TakenListener, TakenMessage } from '../../queues.ts'
import type { NatsMessage, NatsSubscription } from '../connection.ts'
import type { NatsLink } from '../link.ts'
import type { QueueStream } from './queue-stream.ts'
import { NANOSECONDS } from './stream.ts'
import { Taken } from './taken.ts'

/**
 * The states of a consumer.
 *
 * - `waiting`: for the engine to be available, or for the next try;
 * - `opening`: JetStream makes the consumer that all consumers of the queue share;
 * - `open`: it asks for messages and takes them;
 * - `closed`: for ever.
 */
type State = 'waiting' | 'opening' | 'open' | 'closed'

/** The time for which a request for messages stays at the server, in milliseconds. */
const EXPIRES = 30_000
/** The time after which the server says that it still has a request, in milliseconds. */
const HEARTBEAT = 5_000
/** The time after which a silent server has lost the requests, in milliseconds. */
const SILENCE = 12_000
/** The time between two tries to begin, in milliseconds. */
const RETRY = 1_000

/** The statuses of JetStream about a request for messages. */
const IDLE = 100
const EXPIRED = 408

/**
 * A consumer of one queue.
 *
 * It asks JetStream for as many messages as it has credit for. `#asked` counts the messages that may still come.
 */
export class NatsConsumer implements EngineConsumer, TimerOwner {
  readonly #link: NatsLink
  readonly #queues: QueueStream
  readonly #queue: string
  readonly #listener: TakenListener
  /** The messages that were taken, and neither acknowledged nor given back. */
  readonly #held = new Set<Taken>()
  readonly #timer = new Timer(this)
  #state: State = 'waiting'
  #inbox: NatsSubscription | null = null
  /** The subject of the inbox, which is another one for each `open()`. */
  #address = ''
  /** The subject of requests for messages. */
  #source = ''
  /** Resolves when the server has dropped the requests of the inboxes that have ended. */
  #dropped: Promise<void> = Promise.resolve()
  #credit = 0
  #asked = 0
  #heard = 0

  constructor (link: NatsLink, queues: QueueStream, queue: string, listener: TakenListener) {
    this.#link = link
    this.#queues = queues
    this.#queue = queue
    this.#listener = listener
  }

  credit (more: number): void {
    this.#credit += more
    this.#pull()
  }

  async ack (message: TakenMessage): Promise<void> {
    if (!(message instanceof Taken)) return
    this.#held.delete(message)
    await this.#queues.acknowledge(message)
  }

  nack (message: TakenMessage): void {
    if (message instanceof Taken && this.#held.delete(message)) this.#queues.giveBack(message)
  }

  close (): void {
    if (this.#state === 'closed') return
    this.#suspend()
    this.#state = 'closed'
    this.#giveBack([...this.#held])
    this.#held.clear()
  }

  // --- for the queues ------------------------------------------------------------------------------------------

  get isClosed (): boolean { return this.#state === 'closed' }

  /** Ends the consumer. Resolves when the messages that it has taken are on their way back. */
  async end (): Promise<void> {
    this.close()
    await this.#dropped
  }

  /** Keeps the messages that were taken from going back. */
  keep (): void { for (const taken of this.#held) this.#queues.keep(taken) }

  /** Waits for the next connection. The messages that were taken go back, unless they are acknowledged in time. */
  lost (): void {
    this.#suspend()
    this.#held.clear()
  }

  /** Begins to take messages, or begins again: requests that the server still has from before are void. */
  open (): void {
    if (this.#state === 'closed') return
    this.#suspend()
    const { connection } = this.#link
    if (connection === null) return
    this.#state = 'opening'
    const address = this.#queues.inbox()
    this.#address = address
    this.#inbox = connection.subscribe(address, { callback: (error, message) => { if (error === null) this.#arrived(message, address) } })
    // A server that gets a request before it knows of the inbox drops the request.
    this.#queues.share(this.#queue).then(async (source) => {
      await this.#link.spread()
      if (this.#address === address) this.#opened(source)
    }).catch(() => { if (this.#address === address) this.#pause() })
  }

  /** Ends the subscription. What is on its way to it is given back. */
  #suspend (): void {
    if (this.#state === 'closed') return
    this.#state = 'waiting'
    if (this.#timer.running) this.#link.context.clock.stop(this.#timer)
    if (this.#inbox !== null) {
      this.#inbox.drain().catch(() => {})
      this.#dropped = this.#queues.drop(this.#queue)
    }
    this.#inbox = null
    this.#address = ''
    this.#asked = 0
  }

  /**
   * Gives messages back when the server has no request of an inbox that has ended.
   *
   * nats-server 2.9.10 would take a message for such a request, notice that the inbox is gone, and neither count the delivery nor give the message
   * to another consumer before `ackWait`.
   */
  #giveBack (messages: readonly Taken[]): void {
    this.#dropped = this.#dropped.then(() => { for (const taken of messages) this.#queues.giveBack(taken) })
  }

  /** @internal */
  expire (): void {
    const { available, context: { clock } } = this.#link
    if (!available) return
    if (this.#state === 'waiting') return this.open()
    if (this.#state !== 'open' || this.#asked === 0) return
    if (clock.now() - this.#heard >= SILENCE) this.open()
    else clock.start(this.#timer, SILENCE)
  }

  #opened (source: string): void {
    this.#state = 'open'
    this.#source = source
    this.#pull()
  }

  #pause (): void {
    this.#suspend()
    this.#link.context.clock.start(this.#timer, RETRY)
  }

  /** Asks for the messages that were not asked for. As long as most of them were, it waits for the next ones: one request stands for several. */
  #pull (): void {
    const batch = this.#credit - this.#asked
    if (this.#state !== 'open' || batch === 0 || batch < this.#asked) return
    const { clock } = this.#link.context
    this.#asked = this.#credit
    this.#heard = clock.now()
    if (!this.#timer.running) clock.start(this.#timer, SILENCE)
    const request = { batch, expires: EXPIRES * NANOSECONDS, idle_heartbeat: HEARTBEAT * NANOSECONDS }
    this.#link.send(this.#source, Buffer.from(JSON.stringify(request)), this.#address)
  }

  #arrived (message: NatsMessage, address: string): void {
    const { code = 0 } = message.headers ?? {}
    const taken = code === 0 ? this.#queues.take(this.#queue, message) : null
    if (address !== this.#address) {
      if (taken !== null) this.#giveBack([taken])
      return
    }
    this.#heard = this.#link.context.clock.now()
    if (taken !== null) this.#take(taken)
    else if (code === EXPIRED) this.#release(Number(message.headers?.get('Nats-Pending-Messages')))
    // Any other status means that the server has no request of this consumer any more: the shared consumer was deleted, or has too many requests.
    else if (code !== 0 && code !== IDLE) this.#pause()
  }

  #take (taken: Taken): void {
    this.#asked--
    this.#credit--
    this.#held.add(taken)
    this.#listener(taken)
    this.#pull()
  }

  /** Counts the messages that a request has not brought. */
  #release (pending: number): void {
    if (!(pending >= 0 && pending <= this.#asked)) return this.#pause()
    this.#asked -= pending
    this.#pull()
  }
}
