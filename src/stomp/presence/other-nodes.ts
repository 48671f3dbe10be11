import { MalformedRecord } from '../../cluster/bytes.ts'
import type { ClusterNode } from '../../cluster/node.ts'
import { Inquirer, type InquirerListener } from './inquirer.ts'
import { type Change, channelOf, readChange, type Roll } from './records.ts'
import type { WatchedTopic } from './watched-topic.ts'

/** Brings the changes and the answers of other nodes to the topics that are watched here. */
export class OtherNodes implements InquirerListener {
  readonly #node: ClusterNode
  readonly #watched: ReadonlyMap<string, WatchedTopic>
  readonly #inquirer: Inquirer

  constructor (node: ClusterNode, watched: ReadonlyMap<string, WatchedTopic>) {
    this.#node = node
    this.#watched = watched
    this.#inquirer = new Inquirer(node, this)
    node.members.onChange(({ id }, change) => {
      for (const [name, topic] of watched) {
        if (change === 'left') topic.unfollow(id)
        else if (topic.isListening) this.#ask(name, topic, id)
      }
    })
    node.onGap(() => this.#askAll())
  }

  /** Begins to follow a topic. The nodes are asked when their changes arrive, so that none is lost in between. */
  open (name: string, topic: WatchedTopic): void {
    const listening = this.#node.channels.subscribe(channelOf(this.#node, name), (data) => this.#read(name, topic, data))
    let isOpen = true
    topic.end = () => {
      isOpen = false
      listening.then((end) => end(), () => {})
    }
    listening.then(() => {
      if (!isOpen) return
      topic.isListening = true
      for (const { id } of this.#node.members.all) this.#ask(name, topic, id)
      topic.settle()
    }, (error: unknown) => { this.#node.log.debug({ err: error }, 'The presence of a topic has ended with the engine.') })
  }

  close (name: string): void { this.#inquirer.forget(name) }

  // --- InquirerListener ---------------------------------------------------------------------------------------

  asking (node: string, name: string): void { this.#watched.get(name)?.followers.get(node)?.ask() }

  answered (node: string, roll: Roll): void {
    if (this.#watched.get(roll.topic)?.answered(node, roll, this.#inquirer.wants(node, roll.topic)) === true) this.#inquirer.want(node, roll.topic)
  }

  unanswered (node: string, name: string): void {
    if (this.#watched.get(name)?.followers.has(node) === true) this.#inquirer.want(node, name)
  }

  // ------------------------------------------------------------------------------------------------------------

  #askAll (): void {
    for (const [name, topic] of this.#watched) {
      if (topic.isListening) for (const { id } of this.#node.members.all) this.#ask(name, topic, id)
    }
  }

  #ask (name: string, topic: WatchedTopic, node: string): void {
    topic.follow(node)
    topic.followers.get(node)!.ask()
    this.#inquirer.want(node, name)
  }

  #read (name: string, topic: WatchedTopic, data: Uint8Array): void {
    try {
      const change: Change = readChange(data)
      if (topic.received(change)) this.#inquirer.want(change.node, name)
    } catch (error) {
      if (!(error instanceof MalformedRecord)) throw error
      this.#node.dropped('malformed', 'presence')
    }
  }
}
