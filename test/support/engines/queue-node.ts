import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { EngineConsumer, QueueRule, TakenMessage } from '../../../src/engine/queues.ts'
import { Arrivals, until, within } from '../wait.ts'
import type { Room } from './contract.ts'
import type { EngineNode } from './node.ts'

/** Bounds that no check reaches, unless it sets its own. */
export const BOUNDS: QueueRule = { messages: 100_000, bytes: 64 * 1024 * 1024, allBytes: 64 * 1024 * 1024 }

/** A message that a consumer has taken, with its data as text. */
export interface Taken {
  readonly message: TakenMessage
  readonly text: string
  readonly deliveries: number
}

/** A consumer with all that it has taken. */
export class Taking extends Arrivals<Taken> {
  readonly consumer: EngineConsumer

  constructor (node: EngineNode, queue: string, credit = 0) {
    super()
    this.consumer = node.engine.queues.consume(queue, (message) => {
      this.push({ message, text: Buffer.from(message.data).toString(), deliveries: message.deliveries })
    })
    if (credit > 0) this.consumer.credit(credit)
  }

  get texts (): string[] { return this.all.map(({ text }) => text) }

  async take (count: number): Promise<Taken[]> {
    const taken: Taken[] = []
    while (taken.length < count) taken.push(await this.next(`message ${taken.length + 1} of ${count} of a queue`))
    return taken
  }

  async ack ({ message }: Taken): Promise<void> { await within(this.consumer.ack(message), 'an acknowledgement') }

  nack ({ message }: Taken): void { this.consumer.nack(message) }
}

/** A node that uses queues. */
export class QueueNode {
  readonly node: EngineNode

  constructor (node: EngineNode) {
    this.node = node
  }

  async push (queue: string, text: string | Uint8Array, id: string = randomUUID()): Promise<void> {
    await within(this.node.engine.queues.push(queue, id, Buffer.from(text)), `a push to ${queue}`)
  }

  /** Pushes messages in one turn. */
  async pushAll (queue: string, texts: readonly string[]): Promise<void> {
    await Promise.all(texts.map((text) => this.push(queue, text)))
  }

  /** Pushes with the same id until the engine says that it has the message. */
  async insist (queue: string, text: string): Promise<void> {
    const id = randomUUID()
    for (;;) {
      try {
        return await this.push(queue, text, id)
      } catch (error) {
        if ((error as { code?: string }).code !== 'FST_SOCKJS_ENGINE_UNAVAILABLE') throw error
        await this.node.reaches('available')
      }
    }
  }

  consume (queue: string, credit = 0): Taking { return new Taking(this.node, queue, credit) }

  /** Waits until messages that are on their way must have arrived: as a message of another queue has, and some time more. */
  async quiet (queue: string): Promise<void> {
    const fence = this.consume(`${queue}.fence`, 1)
    await this.push(`${queue}.fence`, 'fence')
    await fence.ack(await fence.next())
    fence.consumer.close()
    await delay(100)
  }
}

/** Starts nodes that use queues. */
export async function queueNodes ({ nodes }: Pick<Room, 'nodes'>, count: number, bounds: Partial<QueueRule> = {}): Promise<[QueueNode, QueueNode, ...QueueNode[]]> {
  const started = await nodes(count, ({ engine }) => engine.queues.bound({ ...BOUNDS, ...bounds }))
  return started.map((node) => new QueueNode(node)) as [QueueNode, QueueNode]
}

/** Pushes messages to a queue and takes them. They are not acknowledged. */
export async function holdMessages (node: EngineNode, { queue, messages }: { readonly queue: string, readonly messages: number }): Promise<void> {
  const held = new QueueNode(node)
  const taking = held.consume(queue, messages)
  await held.pushAll(queue, Array.from({ length: messages }, (_, i) => String(i)))
  await until(() => taking.all.length === messages, 'the node holds its messages')
}
