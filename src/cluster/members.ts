import { addListener, emit, type Listeners, removeListener } from '../core/listeners.ts'
import { type RefusalLine, RefusalLog } from '../core/refusal-log.ts'
import { Timer, type TimerOwner } from '../core/timer.ts'
import { WIRE } from './batch.ts'
import { type Beat, proofOf, readBeat, writeBeat } from './beat.ts'
import type { ClusterNode } from './node.ts'
import { Others } from './others.ts'

/** Another node of the cluster. */
export interface Member {
  readonly id: string
  readonly name: string
}

/** Learns that a node has joined or left. */
export type MemberListener = (member: Member, change: Change) => void

interface Known extends Member {
  /** The time of the last sign of life. */
  heard: number
  /** The number of the last beat. */
  count: number
  /** The number of the beat from which on nothing that the node signs can be recorded. */
  readonly since: number
}

type Change = 'joined' | 'left'

/** The problems that an operator must solve. */
type Problem = 'secret' | 'name' | 'version'

const LINES: Readonly<Record<Problem, RefusalLine>> = {
  secret: { level: 'error', text: 'Another node has a different secret, so the two do not work together. Give both the same secret, or different namespaces.' },
  name: { level: 'error', text: 'Another node has the name of this node too. Give each node its own name.' },
  version: { level: 'error', text: 'Another node has a different version of the wire, so the two do not work together. Update one of them, or give them different namespaces.' }
}

/** The time between two beats, in milliseconds. */
const BEAT = 2_000
/** The time of silence after which a node counts as dead, in milliseconds. */
const DEAD = 6_000
/** The time between two looks at the others after which this node was stopped itself, in milliseconds. */
const STOPPED = 4_000
/** The round trips for which a starting node waits for the beats of others. Their answers need two. */
const ROUND_TRIPS = 4
/** The time after which it waits for no more of them, in milliseconds. An engine that is far away must not hold up the start. */
const LONG_ENOUGH = 2_000
/** Knows the other nodes that are alive. */
export class Members implements TimerOwner {
  readonly #node: ClusterNode
  readonly #known = new Map<string, Known>()
  readonly #others = new Others()
  readonly #timer = new Timer(this)
  readonly #problems: RefusalLog<Problem>
  #beatListeners: Listeners<undefined> = null
  #listeners: Listeners<{ member: Member, change: Change }> = null
  #listens = false
  #up = false
  #stopped = false
  #count = 0
  #looked = 0
  #refusal: string | null = null

  /** @internal */
  constructor (node: ClusterNode) {
    this.#node = node
    this.#problems = new RefusalLog(node.clock, LINES)
  }

  /** The live nodes, without this one. */
  get all (): Iterable<Member> { return this.#known.values() }

  has (id: string): boolean { return this.#known.has(id) }

  /** Tells whether the node was a member once and is none any more. */
  hasLeft (id: string): boolean { return this.#others.hasLeft(id) }

  nameOf (id: string): string | undefined { return this.#known.get(id)?.name }

  /** Calls `listener` for every node that joins or leaves. Returns the function that ends it. */
  onChange (listener: MemberListener): () => void {
    const each = ({ member, change }: { member: Member, change: Change }): void => listener(member, change)
    this.#listeners = addListener(this.#listeners, each)
    return () => { this.#listeners = removeListener(this.#listeners, each) }
  }

  /** Calls `listener` with each beat that the timer causes, and that the engine can take. */
  onBeat (listener: () => void): void { this.#beatListeners = addListener(this.#beatListeners, listener) }

  /** @internal The number of the last beat. It tells the others when this node has signed something. */
  get count (): number { return this.#count }

  /**
   * @internal Tells whether a signed publication can be new, by the number of its sender's last beat.
   *
   * A publication is older than this node, or recorded while this node counted the sender as gone, if that number is too low.
   */
  isNew (id: string, count: number): boolean {
    if (id === this.#node.id) return true
    const known = this.#known.get(id)
    if (known !== undefined) return count >= known.since
    if (count > (this.#others.countOf(id) ?? Infinity)) return true
    this.#others.missed(id)
    return false
  }

  /** @internal Makes this node known. Resolves with the reason why it must not join, or with `null`. */
  async start (): Promise<string | null> {
    this.#looked = this.#node.clock.now()
    this.#node.clock.start(this.#timer, BEAT)
    await this.#answers()
    this.#up = true
    return this.#refusal
  }

  /** @internal Greets the others, now that this node receives their answers. */
  listening (): void {
    this.#listens = true
    this.#beat()
  }

  /** @internal Says goodbye. */
  stop (): void {
    this.#node.clock.stop(this.#timer)
    this.#beat(true)
    this.#stopped = true
    for (const { id, count } of [...this.#known.values()]) this.#remove(id, count, 'this node has stopped')
  }

  /** @internal Counts silence anew, because the engine was away. */
  resume (): void {
    const now = this.#node.clock.now()
    for (const known of this.#known.values()) known.heard = now
    this.#beat()
  }

  /** @internal Notes a sign of life. Tells whether the node is a member. */
  heard (id: string): boolean {
    const known = this.#known.get(id)
    if (known === undefined) return false
    known.heard = this.#node.clock.now()
    return true
  }

  /** @internal Takes a publication on the channel of the members. */
  receive (data: Uint8Array): void {
    const beat = readBeat(data)
    if (beat === null) return this.#node.dropped('malformed', 'beat')
    const { id, name, count, to } = beat
    if (id === this.#node.id || this.#stopped || (to !== '' && to !== this.#node.id)) return
    if (beat.secret !== proofOf(beat, this.#node.names)) return this.#tell('secret', beat)
    if (beat.wire !== WIRE) return this.#otherVersion(beat)
    const known = this.#known.get(id)
    if (count <= (known?.count ?? this.#others.countOf(id) ?? 0)) return
    if (known !== undefined) known.count = count
    if (beat.goodbye) return this.#remove(id, count, 'the peer has stopped')
    if (name === this.#node.name) this.#tell('name', beat)
    if (to !== '') this.#greetedBy(beat)
    else if (!this.heard(id)) this.#ask(beat)
  }

  expire (): void {
    const { clock, state } = this.#node
    const now = clock.now()
    const wasStopped = now - this.#looked >= STOPPED
    this.#looked = now
    clock.start(this.#timer, BEAT)
    if (state !== 'available') return
    // The beats that came while this node was stopped may not have been read yet.
    if (wasStopped) return this.resume()
    this.#beat()
    emit(this.#beatListeners, undefined, (error) => this.#node.log.error({ err: error }, 'A listener has failed at a beat.'))
    for (const { id, count, heard } of [...this.#known.values()]) if (now - heard >= DEAD) this.#remove(id, count, 'the peer was silent')
  }

  /**
   * Waits for the beats of the nodes that run. It takes no time of the clock, so that a test that moves the clock need not move it here.
   *
   * A node that answers later still becomes a member. Only the refusal of its version comes too late.
   */
  async #answers (): Promise<void> {
    const { clock, engine: { channels } } = this.#node
    const begun = clock.now()
    try {
      for (let i = 0; i < ROUND_TRIPS && clock.now() - begun < LONG_ENOUGH && this.#refusal === null && this.#node.state === 'available'; i++) {
        // An engine may only ask its server about new publications.
        this.#beat()
        await channels.flushed()
        await new Promise((resolve) => { setImmediate(resolve) })
      }
    } catch (error) {
      this.#node.log.debug({ err: error }, 'The engine has left while this node waited for the others.')
    }
  }

  /** Says that this node lives. The nodes that do not know it ask for a greeting, so there is no beat before this node receives them. */
  #beat (goodbye = false): void {
    if (this.#listens) this.#node.engine.channels.publish(this.#node.names.members, this.#say({ goodbye, to: '', heard: 0, asks: false }))
  }

  /** Greets a node on its own channel. Its id is new for every start, so that no earlier greeting is one for that node. */
  #greet (to: string, heard: number, asks: boolean): void {
    if (this.#listens) this.#node.channels.publish(this.#node.names.node(to), this.#say({ goodbye: false, to, heard, asks }))
  }

  #say (values: Pick<Beat, 'goodbye' | 'to' | 'heard' | 'asks'>): Buffer {
    const { id, name, names } = this.#node
    return writeBeat({ wire: WIRE, id, name, count: ++this.#count, up: this.#up, ...values }, names)
  }

  /** Asks a node for a greeting, because its beat can be recorded. */
  #ask ({ id, count }: Beat): void {
    if (this.#others.asks(id, count)) this.#greet(id, count, true)
  }

  /** Counts a node as a member, because it has received the id of this one. */
  #greetedBy ({ id, name, count, heard, asks }: Beat): void {
    if (this.heard(id)) {
      if (asks) this.#greet(id, count, false)
      return
    }
    // The greeting can be one that was lost before the node left. The next one answers this one.
    if (!this.#others.isBack(id, heard)) return this.#greet(id, count, true)
    const before = this.#others.countOf(id)
    const missed = this.#others.joins(id)
    this.#known.set(id, { id, name, count, since: before === undefined ? count : before + 1, heard: this.#node.clock.now() })
    if (asks) this.#greet(id, count, false)
    this.#emit({ id, name }, 'joined')
    if (missed) this.#node.gap('a node has published before it was known')
  }

  #remove (id: string, count: number, reason: string): void {
    const known = this.#known.get(id)
    this.#known.delete(id)
    this.#others.leaves(id, count, this.#count)
    if (known === undefined) return
    this.#node.links.breakPeer(id, reason)
    this.#emit(known, 'left')
  }

  #emit ({ id, name }: Member, change: Change): void {
    emit(this.#listeners, { member: { id, name }, change }, (error) => this.#node.log.error({ err: error }, 'A listener has failed as a node joined or left.'))
  }

  /** A node that starts gives way to nodes that run. */
  #otherVersion (beat: Beat): void {
    if (this.#up || !beat.up) {
      this.#tell('version', beat)
      if (!beat.up) this.#beat()
      return
    }
    this.#refusal = `node ${this.#node.name} has version ${WIRE} of the wire, and node ${beat.name} has version ${beat.wire}; update one of them, or give them different namespaces`
  }

  #tell (problem: Problem, { id, name, wire }: Beat): void { this.#problems.tell(this.#node.log, problem, '', id, { name, id, wire }) }
}
