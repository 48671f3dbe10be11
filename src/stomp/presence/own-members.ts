import type { Announcer } from './announcer.ts'
import { OwnTopic } from './own-topic.ts'

/** Learns that a user has come to a topic at this node, or has left it here. */
export interface OwnMembersListener {
  changedHere (topic: string, user: string, isPresent: boolean): void
}

/** The users who are present at this node, by topic. */
export class OwnMembers {
  readonly topics = new Map<string, OwnTopic>()
  readonly #listener: OwnMembersListener
  /** Tells the other nodes, `null` without an engine. */
  announcer: Announcer | null = null

  constructor (listener: OwnMembersListener) {
    this.#listener = listener
  }

  /** Adds a subscription of a user to a topic, or removes one. */
  count (name: string, user: string, delta: 1 | -1): void {
    let topic = this.topics.get(name)
    if (topic === undefined) this.topics.set(name, topic = new OwnTopic())
    if (!topic.count(user, delta)) return
    if (this.announcer !== null) {
      topic.note(user)
      this.announcer.announce(name)
    } else if (topic.isEmpty) {
      this.topics.delete(name)
    }
    this.#listener.changedHere(name, user, delta === 1)
  }

  users (name: string): string[] { return this.topics.get(name)?.users ?? [] }
}
