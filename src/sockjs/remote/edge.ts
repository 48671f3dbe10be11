import { MalformedRecord, Reader } from '../../cluster/bytes.ts'
import type { Link, LinkService } from '../../cluster/link.ts'
import type { ClusterNode } from '../../cluster/node.ts'
import { SERVICES } from '../../cluster/services.ts'
import type { ForeignLegs } from '../endpoint/foreign-legs.ts'
import { EdgeLeg, type LegKeeper } from './edge-leg.ts'
import { SendLanes } from './send-lanes.ts'
import { type Attach, attachRecord, type Outcome, plainRecord, readOutcome, type Resume, resumeRecord, type Send, sendRecord, TO_EDGE, TO_OWNER } from './wire.ts'

/** The most requests of this edge that may wait for other nodes. */
const MAX_WAITING = 10_000

/** The outcome of a send. `full`: too much of its client waits for that node. `lost`: the link to it broke, so that no node can tell. */
export type SendOutcome = Outcome | 'full' | 'lost'

/** The legs and the sends of this edge whose sessions one other node owns. */
interface OwnerTraffic {
  readonly legs: Map<number, EdgeLeg>
  readonly sends: Map<number, (outcome: SendOutcome) => void>
  readonly lanes: SendLanes
}

/** A send that is on its way. */
export interface PendingSend {
  readonly outcome: Promise<SendOutcome>
  /** Tells the owner's node that the connection of the request is gone, and settles the outcome. No answer comes then. */
  gone (): void
}

/** Serves the clients of this node whose sessions other nodes own. */
export class Edge implements LinkService, LegKeeper, ForeignLegs {
  readonly #node: ClusterNode
  readonly #owners = new Map<Link, OwnerTraffic>()
  /** The last number of a leg or a send. */
  #last = 0
  #legs = 0
  #sends = 0
  #moved: EdgeLeg[] = []
  readonly #report = (): void => {
    const moved = this.#moved
    this.#moved = []
    for (const leg of moved) leg.report()
  }

  constructor (node: ClusterNode) {
    this.#node = node
  }

  /** The responses of this node that carry sessions of other nodes. */
  get legs (): number { return this.#legs }

  /** The sends of this node that wait for their outcome. */
  get sends (): number { return this.#sends }

  /** True if so many requests wait that no further one may. */
  get isFull (): boolean { return this.#legs >= 5 * MAX_WAITING || this.#sends >= MAX_WAITING }

  /** Asks the owner's node to carry a session over a response of this node. */
  attach (node: string, attach: Attach): EdgeLeg { return this.#leg(node, (number) => attachRecord(number, attach)) }

  /** Asks the owner's node to resume a session over a response or a WebSocket of this node. */
  resume (node: string, resume: Resume): EdgeLeg { return this.#leg(node, (number) => resumeRecord(number, resume)) }

  #leg (node: string, record: (number: number) => Uint8Array): EdgeLeg {
    const link = this.#node.link(node)
    const number = this.#next()
    const leg = new EdgeLeg(link, number, this)
    this.#traffic(link).legs.set(number, leg)
    this.#legs++
    link.send(SERVICES.toOwner, record(number))
    return leg
  }

  /** Brings the messages of a client to the owner's node. */
  send (node: string, send: Send): PendingSend {
    const link = this.#node.link(node)
    const number = this.#next()
    const { sends, lanes } = this.#traffic(link)
    this.#sends++
    const outcome = new Promise<SendOutcome>((resolve) => { sends.set(number, resolve) }).finally(() => { this.#sends-- })
    const settle = (outcome: SendOutcome): void => settleSend(sends, number, outcome)
    if (!lanes.add(send.principal, number, sendRecord(number, send))) settle('full')
    return {
      outcome,
      gone: () => {
        if (!sends.has(number)) return
        if (!lanes.remove(send.principal, number)) link.send(SERVICES.toOwner, plainRecord(TO_OWNER.gone, number))
        settle('lost')
      }
    }
  }

  /** Asks all owners to end the responses of this node, because it is about to stop. Each response is asked for once. */
  release (): void {
    for (const { legs } of this.#owners.values()) for (const leg of legs.values()) leg.release()
  }

  /** Drops all responses that are left. */
  destroyAll (): void {
    for (const { legs } of this.#owners.values()) for (const leg of [...legs.values()]) leg.destroy()
  }

  // --- LegKeeper ---------------------------------------------------------------------------------------------

  forget (link: Link, leg: number): void {
    if (this.#owners.get(link)?.legs.delete(leg) === true) this.#legs--
  }

  moved (leg: EdgeLeg): void {
    if (this.#moved.push(leg) === 1) process.nextTick(this.#report)
  }

  // --- LinkService -------------------------------------------------------------------------------------------

  received (link: Link, record: Uint8Array): void {
    const reader = new Reader(record)
    const operation = reader.u8()
    const number = reader.u32()
    const owner = this.#owners.get(link)
    if (operation === TO_EDGE.answer) {
      const outcome = readOutcome(reader)
      if (owner !== undefined) settleSend(owner.sends, number, outcome)
      return
    }
    const leg = owner?.legs.get(number)
    switch (operation) {
      case TO_EDGE.accepted: return leg?.decide('accepted')
      case TO_EDGE.nobody: return leg?.decide('nobody')
      case TO_EDGE.refused: return leg?.decide('refused')
      case TO_EDGE.frame: return leg?.frame(reader.text())
      case TO_EDGE.end: return leg?.end()
      case TO_EDGE.destroy: return leg?.destroy()
    }
    throw new MalformedRecord(`an operation of an owner, given ${operation}`)
  }

  broken (link: Link): void {
    const owner = this.#owners.get(link)
    if (owner === undefined) return
    for (const leg of [...owner.legs.values()]) leg.destroy()
    for (const resolve of owner.sends.values()) resolve('lost')
    this.#owners.delete(link)
  }

  // --- inside ------------------------------------------------------------------------------------------------

  #traffic (link: Link): OwnerTraffic {
    let owner = this.#owners.get(link)
    if (owner !== undefined) return owner
    const sends: OwnerTraffic['sends'] = new Map()
    owner = { legs: new Map(), sends, lanes: new SendLanes(link, (number) => settleSend(sends, number, 'full')) }
    this.#owners.set(link, owner)
    return owner
  }

  /** Numbers go round after 2^32 legs and sends. None of the first is left then. */
  #next (): number {
    this.#last = (this.#last + 1) % 2 ** 32
    return this.#last
  }
}

function settleSend (sends: OwnerTraffic['sends'], number: number, outcome: SendOutcome): void {
  const resolve = sends.get(number)
  sends.delete(number)
  resolve?.(outcome)
}
