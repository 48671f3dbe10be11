import { Timer, type TimerOwner } from '../../../core/timer.ts'
import { engineErrors } from '../../errors.ts'
import { type EngineConsumer, type EngineQueues, type QueueRule, type QueueView, type TakenListener, VIEW_BYTES } from '../../queues.ts'
import { unavailable } from '../calls.ts'
import { LEASE, nodeOf } from '../lease.ts'
import { copyOf, ID_TIME, runScript, type StoreParts } from '../store.ts'
import { RedisQueue, type Rounds } from './queue.ts'
import { PUSH, VIEW } from './scripts.ts'

/** The interval of the search for messages of lost nodes, and for messages that were not announced, in milliseconds. */
const SWEEP = 4_000

/** The time after which the messages of a lost node go back, in milliseconds. Its lease ends, and another node notices. */
export const QUEUE_LEASE = LEASE + SWEEP + 1_000

/** The queues of one node. */
export class RedisQueues implements EngineQueues, Rounds, TimerOwner {
  readonly #timer = new Timer(this)
  /** The queues that have consumers. */
  readonly #queues = new Map<string, RedisQueue>()
  /** The queues without consumers that may still own messages. */
  readonly #ending = new Set<RedisQueue>()
  #rule: QueueRule | null = null
  #parts: StoreParts | null = null
  #round = 0

  /** True if the node has queues. */
  get inUse (): boolean { return this.#rule !== null }

  bound (rule: QueueRule): void { this.#rule = rule }

  async push (queue: string, id: string, data: Uint8Array): Promise<void> {
    const parts = this.#started
    const { names } = parts
    const { messages, bytes } = this.#bounds
    const keys = [names.queue(queue, 'state'), names.queue(queue, 'data'), names.queue(queue, 'back'), `${names.queue(queue, 'id')}:${id}`]
    const full = String(await runScript(parts, PUSH, keys, copyOf(data), messages, bytes, names.channel(queue, names.queues), ID_TIME))
    if (full === 'messages') throw new engineErrors.Full('redis', `the queue has ${messages} messages, and that is the most`)
    if (full === 'bytes') throw new engineErrors.Full('redis', `the queue has at most ${bytes} bytes`)
  }

  consume (queue: string, listener: TakenListener): EngineConsumer {
    const parts = this.#started
    const known = this.#queues.get(queue)
    if (known !== undefined && !known.isLeft) return known.join(listener)
    if (known !== undefined) this.#ending.add(known)
    const opened = new RedisQueue(queue, parts, this)
    this.#queues.set(queue, opened)
    if (parts.host.away === null) this.#sweep([opened])
    if (!this.#timer.running) parts.clock.start(this.#timer, SWEEP)
    return opened.join(listener)
  }

  async view (queue: string, most: number): Promise<QueueView> {
    const parts = this.#started
    const keys = (['state', 'data', 'back'] as const).map((part) => parts.names.queue(queue, part))
    const [messages, bytes, first] = await runScript(parts, VIEW, keys, most, VIEW_BYTES) as [number, Buffer, Buffer[]]
    return { messages: Number(messages), bytes: Number(String(bytes)), first }
  }

  /** Takes note of the parts of the node that starts. */
  begin (parts: StoreParts): void { this.#parts = parts }

  // --- rounds ------------------------------------------------------------------------------------------------

  get owner (): string { return `${this.#started.lease.token}:${this.#round}` }

  async isGone (owner: string): Promise<boolean> {
    const { lease, node } = this.#started
    const token = owner.slice(0, owner.indexOf(':'))
    return nodeOf(token) === node ? owner !== this.owner : !await lease.isAlive(token)
  }

  // --- the life of the node ----------------------------------------------------------------------------------

  /** Begins a round. All that the last one had taken goes back. */
  async restore (): Promise<void> {
    this.#round++
    for (const queue of this.#all) await queue.sweep()
  }

  /** Begins to take messages, because the node is available. */
  available (): void {
    for (const queue of this.#all) queue.look()
  }

  /** Takes note that the connection is lost. */
  lost (reason: string): void {
    for (const queue of this.#all) queue.lost(reason)
  }

  /** Gives back everything, because the node stops. */
  async stop (): Promise<void> {
    for (const queue of this.#all) await queue.giveBackAll(this.owner)
  }

  /** Ends all. */
  end (reason: string): void {
    this.#parts?.clock.stop(this.#timer)
    this.lost(reason)
  }

  expire (): void {
    const { clock, host } = this.#started
    for (const queue of this.#queues.values()) {
      if (!queue.isLeft) continue
      this.#queues.delete(queue.name)
      this.#ending.add(queue)
    }
    if (this.#queues.size + this.#ending.size === 0) return
    clock.start(this.#timer, SWEEP)
    if (host.away === null) this.#sweep(this.#all)
  }

  get #all (): RedisQueue[] { return [...this.#queues.values(), ...this.#ending] }

  get #bounds (): QueueRule {
    if (this.#rule === null) throw new engineErrors.Refused('redis', 'its queues have no bounds; call bound() before the start')
    return this.#rule
  }

  get #started (): StoreParts {
    if (this.#parts === null) throw unavailable('it has not started')
    return this.#parts
  }

  /** Looks at queues. A queue without consumers is forgotten when it owns nothing. */
  async #sweep (queues: readonly RedisQueue[]): Promise<void> {
    try {
      for (const queue of queues) {
        const isOver = this.#ending.has(queue) && queue.isQuiet
        await queue.sweep()
        queue.look()
        if (isOver) this.#ending.delete(queue)
      }
    } catch (error) {
      // The node notices a lost connection itself, and the next sweep is due in some seconds.
      this.#started.log.debug({ err: error }, 'queues were not looked at')
    }
  }
}
