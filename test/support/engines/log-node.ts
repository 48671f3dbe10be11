import { randomUUID } from 'node:crypto'
import type { EngineLogGroup, LogEntry, LogRule, Position } from '../../../src/engine/logs.ts'
import { Arrivals, within } from '../wait.ts'
import type { Room } from './contract.ts'
import type { EngineNode } from './node.ts'

/** A message of a log, with its data as text. */
export interface Kept extends Position {
  readonly log: string
  readonly previous: number
  readonly text: string
}

const RULE: LogRule = { messages: 10_000, bytes: 32 * 1024 * 1024, ttl: 600_000 }

function keptOf ({ log, epoch, offset, previous, data }: LogEntry): Kept {
  return { log, epoch, offset, previous, text: Buffer.from(data).toString() }
}

export function textsOf (entries: readonly Kept[] | null): string[] | null {
  return entries?.map(({ text }) => text) ?? null
}

/** The messages that one node has got by following. */
export class Followed extends Arrivals<Kept> {
  unfollow: () => void = () => {}

  async take (count: number): Promise<Kept[]> {
    const kept: Kept[] = []
    while (kept.length < count) kept.push(await this.next(`message ${kept.length + 1} of ${count} of a log`))
    return kept
  }

  async texts (count: number): Promise<string[]> { return (await this.take(count)).map(({ text }) => text) }
}

/** A node with one group of logs. */
export class LogNode {
  readonly node: EngineNode
  readonly group: EngineLogGroup

  constructor (node: EngineNode, group: EngineLogGroup) {
    this.node = node
    this.group = group
  }

  async append (log: string, text: string | Uint8Array, id: string = randomUUID()): Promise<Position> {
    return await within(this.group.append(log, id, Buffer.from(text)), `an append to ${log}`)
  }

  /** Appends messages one after the other. */
  async appendAll (log: string, texts: readonly string[]): Promise<Position[]> {
    const positions: Position[] = []
    for (const text of texts) positions.push(await this.append(log, text))
    return positions
  }

  /** Appends with the same id until the engine says that it has the message. */
  async insist (log: string, text: string): Promise<Position> {
    const id = randomUUID()
    for (;;) {
      try {
        return await this.append(log, text, id)
      } catch (error) {
        if ((error as { code?: string }).code !== 'FST_SOCKJS_ENGINE_UNAVAILABLE') throw error
        await this.node.reaches('available')
      }
    }
  }

  async follow (pattern: string): Promise<Followed> {
    const followed = new Followed()
    followed.unfollow = await within(this.group.follow(pattern, (entry) => followed.push(keptOf(entry))), `following ${pattern}`)
    return followed
  }

  async since (log: string, position: Position): Promise<Kept[] | null> {
    return (await within(this.group.since(log, position), `the messages of ${log}`))?.map(keptOf) ?? null
  }

  /** The text of the last message with its place; `null` if it is not kept. */
  async last (log: string): Promise<(Position & { text: string }) | null> {
    const message = await within(this.group.last(log), `the last message of ${log}`)
    return message === null ? null : { epoch: message.epoch, offset: message.offset, text: Buffer.from(message.data).toString() }
  }

  async position (log: string): Promise<Position> { return await within(this.group.position(log), `the position of ${log}`) }
}

/** Starts nodes with one group of logs. */
export async function logNodes ({ nodes, name }: Pick<Room, 'nodes' | 'name'>, count: number, rule: Partial<LogRule> = {}): Promise<[LogNode, LogNode, ...LogNode[]]> {
  const groups = new Map<EngineNode, EngineLogGroup>()
  const started = await nodes(count, (node) => { groups.set(node, node.engine.logs.group(name(), { ...RULE, ...rule })) })
  return started.map((node) => new LogNode(node, groups.get(node)!)) as [LogNode, LogNode]
}
