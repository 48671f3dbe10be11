import { addListener, emit, type Listeners, removeListener } from '../core/listeners.ts'
import { Timer, type TimerOwner } from '../core/timer.ts'
import { WIRE } from './batch.ts'
import type { ClusterNode } from './node.ts'

/** Another node of the cluster. */
export interface Member {
  readonly id: string
  readonly name: string
}

/** Learns that a node has joined or left. */
export type MemberListener = (member: Member, change: 'joined' | 'left') => void

/** All that a node says of itself. Every version of the wire has these values. */
interface Beat extends Member {
  readonly wire: number
  /** False until the start is complete. */
  readonly up: boolean
  /** True in the last beat. */
  readonly goodbye: boolean
  /** Proves that the node has the secret. */
  readonly secret: string
}

interface Known extends Member {
  heard: number
}

/** The time between two beats, in milliseconds. */
const BEAT = 2_000
/** The time of silence after which a node counts as dead, in milliseconds. */
const DEAD = 6_000
/** The time that a starting node waits for the beats of others, in milliseconds. */
const ANSWERS = 500
/** The time between two lines about the same problem, in milliseconds. */
const SILENCE = 60_000
/** The most problems that are told apart. */
const MOST_TOLD = 100
const LONGEST_BEAT = 1_024
/** The most nodes that are remembered after they have left. */
const MOST_LEFT = 1_000
const ID = /^[\w-]{16}$/

/** The names that people may give a node. */
export const NODE_NAME = /^[A-Za-z0-9._-]{1,64}$/

/** Knows the other nodes that are alive. */
export class Members implements TimerOwner {
  readonly #node: ClusterNode
  readonly #known = new Map<string, Known>()
  readonly #left = new Set<string>()
  readonly #timer = new Timer(this)
  readonly #answers = new Timer(this)
  readonly #told = new Map<string, number>()
  #listeners: Listeners<{ member: Member, change: 'joined' | 'left' }> = null
  #up = false
  #refusal: string | null = null
  #heardEnough: () => void = () => {}

  /** @internal */
  constructor (node: ClusterNode) { this.#node = node }

  /** The live nodes, without this one. */
  get all (): Iterable<Member> { return this.#known.values() }

  has (id: string): boolean { return this.#known.has(id) }

  /** Tells whether the node was a member, and has stopped or died since. */
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
    this.#node.clock.start(this.#timer, BEAT)
    if (this.#node.state === 'available') {
      await new Promise<void>((resolve) => {
        this.#heardEnough = resolve
        this.#node.clock.start(this.#answers, ANSWERS)
        this.#beat()
      })
      this.#node.clock.stop(this.#answers)
    }
    this.#up = true
    return this.#refusal
  }

  /** @internal Says goodbye. */
  stop (): void {
    this.#node.clock.stop(this.#timer)
    this.#node.clock.stop(this.#answers)
    this.#heardEnough()
    this.#beat(true)
    for (const { id } of [...this.#known.values()]) this.#remove(id, 'this node has stopped')
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
    if (beat.id === this.#node.id) return
    if (beat.wire !== WIRE) return this.#otherVersion(beat)
    const { id, name } = beat
    if (beat.secret !== this.#proof(beat)) {
      return this.#tell(`secret ${id}`, { name, id }, `Node ${this.#node.name} and node ${name} have different secrets, so they do not work together. Give both the same secret, or different namespaces.`)
    }
    if (beat.goodbye) return this.#remove(id, 'the peer has stopped')
    if (name === this.#node.name) this.#tell(`name ${name}`, { name, id }, `Another node has the name ${name} too. Give each node its own name.`)
    if (!this.heard(id)) this.#add({ id, name, heard: this.#node.clock.now() })
    this.#heardEnough()
  }

  /** @internal */
  expire (timer: Timer): void {
    if (timer === this.#answers) return this.#heardEnough()
    this.#node.clock.start(this.#timer, BEAT)
    if (this.#node.state !== 'available') return
    this.#beat()
    const now = this.#node.clock.now()
    for (const { id, heard } of [...this.#known.values()]) if (now - heard >= DEAD) this.#remove(id, 'the peer was silent')
  }

  #beat (goodbye = false): void {
    const said = { wire: WIRE, id: this.#node.id, name: this.#node.name, up: this.#up, goodbye }
    const beat: Beat = { ...said, secret: this.#proof(said) }
    this.#node.engine.channels.publish(this.#node.names.members, Buffer.from(JSON.stringify(beat)))
  }

  /** The proof covers the whole beat, so that a stranger cannot say goodbye for a node. */
  #proof ({ wire, id, name, up, goodbye }: Omit<Beat, 'secret'>): string {
    return this.#node.names.key('member', `${wire}`, id, name, `${up}`, `${goodbye}`)
  }

  #add (known: Known): void {
    this.#known.set(known.id, known)
    this.#left.delete(known.id)
    this.#beat()
    this.#emit(known, 'joined')
  }

  #remove (id: string, reason: string): void {
    const known = this.#known.get(id)
    if (known === undefined) return
    this.#known.delete(id)
    this.#left.add(id)
    if (this.#left.size > MOST_LEFT) this.#left.delete(this.#left.values().next().value!)
    this.#node.links.breakPeer(id, reason)
    this.#emit(known, 'left')
  }

  #emit ({ id, name }: Member, change: 'joined' | 'left'): void {
    emit(this.#listeners, { member: { id, name }, change }, (error) => this.#node.log.error({ err: error }, 'A listener has failed as a node joined or left.'))
  }

  /** A node that starts gives way to nodes that run. */
  #otherVersion ({ id, name, wire, up }: Beat): void {
    const text = `node ${this.#node.name} has version ${WIRE} of the wire, and node ${name} has version ${wire}`
    if (!this.#up && up) {
      this.#refusal = `${text}; update one of them, or give them different namespaces`
      return this.#heardEnough()
    }
    this.#tell(`wire ${id}`, { name, id }, `The nodes do not work together: ${text}.`)
    if (!up) this.#beat()
  }

  #tell (problem: string, facts: object, text: string): void {
    const now = this.#node.clock.now()
    if (now - (this.#told.get(problem) ?? -SILENCE) < SILENCE) return
    if (this.#told.size >= MOST_TOLD) this.#told.clear()
    this.#told.set(problem, now)
    this.#node.log.error(facts, text)
  }
}

function readBeat (data: Uint8Array): Beat | null {
  if (data.byteLength > LONGEST_BEAT) return null
  try {
    const beat = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString()) as Partial<Beat> | null
    const { wire, id, name, up, goodbye = false, secret = '' } = beat ?? {}
    const fits = typeof wire === 'number' && typeof id === 'string' && ID.test(id) && typeof name === 'string' && NODE_NAME.test(name) &&
      typeof up === 'boolean' && typeof goodbye === 'boolean' && typeof secret === 'string'
    return fits ? { wire, id, name, up, goodbye, secret } : null
  } catch {
    return null
  }
}
