import { MalformedRecord } from '../../cluster/bytes.ts'
import type { ClusterNode } from '../../cluster/node.ts'
import { QUESTIONS } from '../../cluster/services.ts'
import { delay } from '../../core/delay.ts'
import { readAnswer, type Roll, writeQuestion } from './records.ts'

/** The time for which a node is asked, in milliseconds. */
const PATIENCE = 2_000

/** The pause after a question without an answer, in milliseconds. */
const PAUSE = 1_000

/** The most topics in one question. */
const MOST_TOPICS = 500

/** The part that gets the answers. */
export interface InquirerListener {
  /** Tells that the node is about to be asked. Changes of the topic that come from now on are newer than the question. */
  asking (node: string, topic: string): void
  answered (node: string, roll: Roll): void
  /** Tells that the node has not answered in time, or that its answer had no room. */
  unanswered (node: string, topic: string): void
}

/** Asks other nodes for the users of topics, until they answer or leave. There is one question to each node at a time. */
export class Inquirer {
  readonly #node: ClusterNode
  readonly #listener: InquirerListener
  /** The topics that are wanted of each node. */
  readonly #wanted = new Map<string, Set<string>>()

  constructor (node: ClusterNode, listener: InquirerListener) {
    this.#node = node
    this.#listener = listener
  }

  /** Asks a node for a topic. A question that is on its way does not count, because its answer may be older. */
  want (peer: string, topic: string): void {
    const wanted = this.#wanted.get(peer)
    if (wanted !== undefined) {
      wanted.add(topic)
      return
    }
    this.#wanted.set(peer, new Set([topic]))
    // One question has all topics of this turn.
    setImmediate(() => this.#askAll(peer))
  }

  wants (peer: string, topic: string): boolean { return this.#wanted.get(peer)?.has(topic) === true }

  /** Forgets a topic that is not watched any more. */
  forget (topic: string): void { for (const wanted of this.#wanted.values()) wanted.delete(topic) }

  async #askAll (peer: string): Promise<void> {
    const wanted = this.#wanted.get(peer)!
    const { members } = this.#node
    while (wanted.size > 0 && members.has(peer)) {
      const topics = [...wanted].slice(0, MOST_TOPICS)
      for (const topic of topics) {
        wanted.delete(topic)
        this.#listener.asking(peer, topic)
      }
      const answer = await this.#node.calls.ask(peer, QUESTIONS.stompPresence, writeQuestion(topics), PATIENCE)
      const rolls = answer === null ? [] : this.#read(answer)
      const answered = new Set(rolls.map(({ topic }) => topic))
      // An answer may have no room for all topics.
      for (const topic of topics) if (!answered.has(topic)) this.#listener.unanswered(peer, topic)
      for (const roll of rolls) this.#listener.answered(peer, roll)
      if (rolls.length === 0 && members.has(peer)) await delay(this.#node.clock, PAUSE)
    }
    this.#wanted.delete(peer)
  }

  /** Reads an answer. One that cannot be read is none. */
  #read (answer: Uint8Array): Roll[] {
    try {
      return readAnswer(answer)
    } catch (error) {
      if (!(error instanceof MalformedRecord)) throw error
      this.#node.dropped('malformed', 'presence')
      return []
    }
  }
}
