import { addListener, emit, type Listeners, removeListener } from '../core/listeners.ts'
import { type RefusalLine, RefusalLog } from '../core/refusal-log.ts'
import { Timer, type TimerOwner } from '../core/timer.ts'
import { NODE_ID, WIRE } from './batch.ts'
import type { ClusterNode } from './node.ts'

/** Another node of the cluster. */
export interface Member {
  readonly id: string
  readonly name: string
}

/** Learns that a node has joined or left. */
export type MemberListener = (member: Member, change: 'joined' | 'left') => void

/** All that a node says of itself. Every version of the wire has these values, and the same proof. */
interface Beat extends Member {
  readonly wire: number
  /** The number of the beat, from 1. A beat that is late, repeated or recorded by a stranger proves nothing. */
  readonly count: number
  /** False until the start is complete. */
  readonly up: boolean
  /** True in the last beat. */
  readonly goodbye: boolean
  /** Proves that the node has the secret. */
  readonly secret: string
}

interface Known extends Member {
  /** The time of the last sign of life. */
  heard: number
  /** The number of the last beat. */
  count: number
}

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
const LONGEST_BEAT = 1_024
/** The most nodes that are remembered after they have left. */
const MOST_LEFT = 1_000

/** The names that people may give a node. */
export const NODE_NAME = /^[A-Za-z0-9._-]{1,64}$/

/** Knows the other nodes that are alive. */
export class Members implements TimerOwner {
  readonly #node: ClusterNode
  readonly #known = new Map<string, Known>()
  /** The numbers of the last beats of the nodes that have left. */
  readonly #left = new Map<string, number>()
  readonly #timer = new Timer(this)
  readonly #problems: RefusalLog<Problem>
  #listeners: Listeners<{ member: Member, change: 'joined' | 'left' }> = null
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
  hasLeft (id: string): boolean { return this.#left.has(id) }

  nameOf (id: string): string | undefined { return this.#known.get(id)?.name }

  /** Calls `listener` for every node that joins or leaves. Returns the function that ends it. */
  onChange (listener: MemberListener): () => void {
    const each = ({ member, change }: { member: Member, change: 'joined' | 'left' }): void => listener(member, change)
    this.#listeners = addListener(this.#listeners, each)
    return () => { this.#listeners = removeListener(this.#listeners, each) }
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
    const { id, name, count } = beat
    if (id === this.#node.id || this.#stopped) return
    if (beat.secret !== this.#proof(beat)) return this.#tell('secret', beat)
    if (beat.wire !== WIRE) return this.#otherVersion(beat)
    const known = this.#known.get(id)
    if (count <= (known?.count ?? this.#left.get(id) ?? 0)) return
    if (known !== undefined) known.count = count
    if (beat.goodbye) return this.#remove(id, count, 'the peer has stopped')
    if (name === this.#node.name) this.#tell('name', beat)
    if (!this.heard(id)) this.#add({ id, name, count, heard: this.#node.clock.now() })
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

  /** Says that this node lives. Another node answers the first beat only, so that there is none before this node receives the answer. */
  #beat (goodbye = false): void {
    if (!this.#listens) return
    const said = { wire: WIRE, id: this.#node.id, name: this.#node.name, count: ++this.#count, up: this.#up, goodbye }
    const beat: Beat = { ...said, secret: this.#proof(said) }
    this.#node.engine.channels.publish(this.#node.names.members, Buffer.from(JSON.stringify(beat)))
  }

  /** The proof covers the whole beat, so that a stranger cannot say goodbye for a node. */
  #proof ({ wire, id, name, count, up, goodbye }: Omit<Beat, 'secret'>): string {
    return this.#node.names.key('member', `${wire}`, id, name, `${count}`, `${up}`, `${goodbye}`)
  }

  #add (known: Known): void {
    this.#known.set(known.id, known)
    this.#left.delete(known.id)
    this.#beat()
    this.#emit(known, 'joined')
  }

  #remove (id: string, count: number, reason: string): void {
    const known = this.#known.get(id)
    this.#known.delete(id)
    this.#left.set(id, count)
    if (this.#left.size > MOST_LEFT) this.#left.delete(this.#left.keys().next().value!)
    if (known === undefined) return
    this.#node.links.breakPeer(id, reason)
    this.#emit(known, 'left')
  }

  #emit ({ id, name }: Member, change: 'joined' | 'left'): void {
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

function readBeat (data: Uint8Array): Beat | null {
  if (data.byteLength > LONGEST_BEAT) return null
  try {
    const beat = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()) as Partial<Beat> | null
    const { wire, id, name, count, up, goodbye, secret } = beat ?? {}
    const fits = Number.isSafeInteger(wire) && Number.isSafeInteger(count) && typeof id === 'string' && NODE_ID.test(id) && typeof name === 'string' && NODE_NAME.test(name) &&
      typeof up === 'boolean' && typeof goodbye === 'boolean' && typeof secret === 'string'
    return fits ? beat as Beat : null
  } catch {
    return null
  }
}
