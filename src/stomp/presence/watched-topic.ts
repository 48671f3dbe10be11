import type { Clock } from '../../core/clock.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'
import { Publication } from '../broker/publication.ts'
import { Body } from '../codec/index.ts'
import { Follower } from './follower.ts'
import { type Difference, Picture } from './picture.ts'
import type { Change, Roll } from './records.ts'
import type { Watcher } from './watcher.ts'

/** The time for which a list waits for the answers of other nodes, in milliseconds. */
const PATIENCE = 2_000

/** The most joins and leaves that are told for one event. For more of them, the watchers get a new list. */
const MOST_TOLD = 100

/** The name of this node in the picture. */
const HERE = ''

const JSON_HEADERS = [['content-type', 'application/json;charset=UTF-8']] as const

/** Tells the number of the next message. */
export interface MessageIds {
  next (): string
}

/** A topic with watchers at this node: its users on all nodes, and the messages about them. */
export class WatchedTopic implements TimerOwner {
  readonly watchers = new Set<Watcher>()
  /** The other nodes, each with the state of its changes. */
  readonly followers = new Map<string, Follower>()
  /** True when the changes of other nodes arrive. */
  isListening = false
  /** Ends the subscription to the changes of other nodes. */
  end: () => void = () => {}
  readonly #destination: string
  readonly #maxUsers: number
  readonly #clock: Clock
  readonly #ids: MessageIds
  readonly #picture = new Picture()
  /** Lets a list wait for the answers of other nodes. */
  readonly #patience = new Timer(this)

  /** @param destination is that of the messages */
  constructor (destination: string, maxUsers: number, clock: Clock, ids: MessageIds) {
    this.#destination = destination
    this.#maxUsers = maxUsers
    this.#clock = clock
    this.#ids = ids
  }

  /** True if the picture has the users of all nodes. */
  get isComplete (): boolean {
    if (!this.isListening) return false
    for (const follower of this.followers.values()) if (follower.isUnsure) return false
    return true
  }

  /** Adds a watcher. It gets its list at once if all nodes are known, and after 2 seconds at the latest. */
  add (watcher: Watcher): void {
    this.watchers.add(watcher)
    if (this.isComplete) this.#list([watcher])
    else if (!this.#patience.running) this.#clock.start(this.#patience, PATIENCE)
  }

  stop (): void {
    this.#clock.stop(this.#patience)
    this.end()
  }

  /** Begins to follow a node. */
  follow (node: string): void {
    if (!this.followers.has(node)) this.followers.set(node, new Follower(this.#picture, node))
  }

  /** Forgets a node that has left. Its users leave, unless another node has them. */
  unfollow (node: string): void {
    this.followers.delete(node)
    this.#tell(this.#picture.replace(node, []))
    this.settle()
  }

  setHere (users: readonly string[]): void { this.#tell(this.#picture.replace(HERE, users)) }

  changeHere (user: string, isPresent: boolean): void { this.#tell(this.#picture.change(HERE, isPresent ? [user] : [], isPresent ? [] : [user])) }

  /** Takes a change of another node. Tells whether the node must be asked. */
  received (change: Change): boolean {
    const follower = this.followers.get(change.node)
    if (follower === undefined || follower.isUnsure) {
      follower?.received(change)
      return false
    }
    const difference = follower.received(change)
    if (difference !== null) this.#tell(difference)
    return follower.isUnsure
  }

  /** Takes the answer of another node. Tells whether the node must be asked again. `isOld` is true if a gap came after the question. */
  answered (node: string, roll: Roll, isOld: boolean): boolean {
    const follower = this.followers.get(node)
    if (follower === undefined) return false
    for (const difference of follower.answered(roll)) this.#tell(difference)
    if (isOld) follower.ask()
    this.settle()
    return follower.isUnsure
  }

  /** Gives the list to the watchers that wait for it, if all nodes are known. */
  settle (): void { if (this.#patience.running && this.isComplete) this.expire() }

  expire (): void {
    this.#clock.stop(this.#patience)
    this.#list([...this.watchers].filter(({ isListed }) => !isListed))
  }

  #list (watchers: Iterable<Watcher>): void {
    const users = [...this.#picture.users].sort()
    const more = users.length - this.#maxUsers
    const list = { type: 'list', users: users.slice(0, this.#maxUsers), complete: this.isComplete, ...(more > 0 ? { more } : {}) }
    const publication = this.#publication(list)
    for (const watcher of watchers) watcher.list(publication)
  }

  #tell ({ joined, left }: Difference): void {
    const listed = [...this.watchers].filter(({ isListed }) => isListed)
    if (listed.length === 0) return
    if (joined.length + left.length > MOST_TOLD) return this.#list(listed)
    for (const [type, users] of [['join', joined], ['leave', left]] as const) {
      for (const user of users) {
        const publication = this.#publication({ type, user })
        for (const watcher of listed) watcher.deliver(publication)
      }
    }
  }

  #publication (content: object): Publication {
    return new Publication(this.#destination, this.#ids.next(), JSON_HEADERS, Body.from(JSON.stringify(content)))
  }
}
