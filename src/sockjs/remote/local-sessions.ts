import { MalformedRecord, Reader } from '../../cluster/bytes.ts'
import type { Link, LinkService } from '../../cluster/link.ts'
import type { ClusterNode } from '../../cluster/node.ts'
import { QUESTIONS, SERVICES } from '../../cluster/services.ts'
import { delay } from '../../core/delay.ts'
import { isOwner } from '../endpoint/identity.ts'
import { BodyProblem, readPayload } from '../endpoint/messages.ts'
import { CLOSE, SENDS_BY } from '../protocol/index.ts'
import type { AnySession, HeldSender } from '../session/index.ts'
import { type Directory, PATIENCE } from './directory.ts'
import { legRoute } from './leg-routes.ts'
import { LegReceiver } from './leg-receiver.ts'
import { answerRecord, type Attach, type Outcome, plainRecord, readAttach, readSend, type Send, TO_EDGE, TO_OWNER } from './wire.ts'

/** The time for which the owner waits for the word that the last response has left, in milliseconds. */
const SETTLING = 1_000

/** The legs and the sends of one edge. */
interface EdgeTraffic {
  readonly legs: Map<number, LegReceiver>
  readonly sends: Map<number, HeldSend>
}

/** Serves the sessions of this node to the edges. */
export class LocalSessions implements LinkService {
  readonly #node: ClusterNode
  readonly #directory: Directory
  readonly #edges = new Map<Link, EdgeTraffic>()

  constructor (node: ClusterNode, directory: Directory) {
    this.#node = node
    this.#directory = directory
  }

  /** The responses of other nodes that carry sessions of this one. */
  get legs (): number { return this.#sum(({ legs }) => legs.size) }
  /** The requests of other nodes that wait until the application takes more. */
  get held (): number { return this.#sum(({ sends }) => sends.size) }

  #sum (read: (edge: EdgeTraffic) => number): number {
    let sum = 0
    for (const edge of this.#edges.values()) sum += read(edge)
    return sum
  }

  received (link: Link, record: Uint8Array): void {
    const reader = new Reader(record)
    const operation = reader.u8()
    const number = reader.u32()
    const edge = this.#edge(link)
    switch (operation) {
      case TO_OWNER.attach: return this.#attach(link, edge, number, readAttach(reader))
      case TO_OWNER.send: return this.#send(link, edge, number, readSend(reader))
      case TO_OWNER.left: return edge.legs.get(number)?.left(reader.u48())
      case TO_OWNER.release: return edge.legs.get(number)?.release()
      case TO_OWNER.gone: {
        edge.sends.get(number)?.lost()
        edge.sends.delete(number)
        return
      }
      case TO_OWNER.finished:
      case TO_OWNER.cut: {
        const leg = edge.legs.get(number)
        edge.legs.delete(number)
        return operation === TO_OWNER.finished ? leg?.finished() : leg?.cut()
      }
    }
    throw new MalformedRecord(`an operation of an edge, given ${operation}`)
  }

  broken (link: Link): void {
    const edge = this.#edges.get(link)
    if (edge === undefined) return
    this.#edges.delete(link)
    for (const leg of edge.legs.values()) leg.cut()
    for (const send of edge.sends.values()) send.lost()
  }

  #edge (link: Link): EdgeTraffic {
    let edge = this.#edges.get(link)
    if (edge === undefined) this.#edges.set(link, edge = { legs: new Map(), sends: new Map() })
    return edge
  }

  #attach (link: Link, edge: EdgeTraffic, number: number, { key, transport, principal }: Attach): void {
    const tell = (operation: number): void => link.send(SERVICES.toEdge, plainRecord(operation, number))
    const local = this.#directory.local(key)
    if (local === undefined) return tell(TO_EDGE.nobody)
    const { endpoint, id } = local
    const session = endpoint.find(id)
    if (session === undefined && !endpoint.reserved.has(id)) return tell(TO_EDGE.nobody)
    if (session !== undefined && (session.transport !== transport || !isOwner(endpoint, session, principal))) return tell(TO_EDGE.refused)
    const leg = new LegReceiver(link, number, session?.output ?? NO_OUTPUT, legRoute(endpoint, transport))
    edge.legs.set(number, leg)
    tell(TO_EDGE.accepted)
    // SESSION-3: the session itself is still being opened.
    if (session === undefined) return leg.close(CLOSE.conflict)
    const settled = this.settled(session)
    if (settled === null) session.output.attach(leg)
    // Meanwhile the client can have gone, or the edge can have given the leg back.
    else settled.then(() => { if (edge.legs.get(number) === leg && !leg.hasEnded) session.output.attach(leg) })
  }

  /**
   * Waits for the word that the trailing response of a session has left its edge. It returns `null` if there is none.
   *
   * A client that has read its response is often faster than that word. Without it, the session would end (SESSION-6).
   */
  settled (session: AnySession): Promise<void> | null {
    const settled = session.output.settled()
    return settled === null ? null : Promise.race([settled, this.#patience(session)])
  }

  /**
   * Resolves after the time that the word of an edge may take.
   *
   * After that time the edge is asked something. Its answer comes behind the word, if the word is under way, however slow the engine is.
   */
  async #patience ({ output }: AnySession): Promise<void> {
    const { calls, clock } = this.#node
    const { trailing } = output
    await delay(clock, SETTLING)
    // Usually the word has come by now, and no answer is needed.
    if (trailing instanceof LegReceiver && output.trailing === trailing) await calls.ask(trailing.edge, QUESTIONS.connected, new Uint8Array(0), PATIENCE)
  }

  #send (link: Link, edge: EdgeTraffic, number: number, { key, route, principal, payload }: Send): void {
    const answer = (outcome: Outcome): void => {
      edge.sends.delete(number)
      link.send(SERVICES.toEdge, answerRecord(number, outcome))
    }
    const local = this.#directory.local(key)
    const session = local?.endpoint.find(local.id)
    if (local === undefined || session === undefined || SENDS_BY[session.transport] !== route) return answer('missing')
    if (!isOwner(local.endpoint, session, principal)) return answer('missing')
    const messages = readPayload(payload, local.endpoint.options.maxMessageSize)
    if (messages instanceof BodyProblem) return answer(messages)
    const take = (): void => {
      session.receive(messages, Buffer.byteLength(payload!))
      if (session.held) this.#hold(session, edge, number, 0, () => answer('accepted'), answer)
      else answer('accepted')
    }
    if (!session.held) return take()
    // The body would wait at the edge if the session were there. Here its messages wait, and count as the body.
    this.#hold(session, edge, number, payload!.length, take, answer)
  }

  #hold (session: AnySession, edge: EdgeTraffic, number: number, bytes: number, release: () => void, answer: (outcome: Outcome) => void): void {
    const send = new HeldSend(bytes, release)
    edge.sends.set(number, send)
    if (!session.hold(send)) answer('flood')
  }
}

/** The output of a leg whose session does not exist yet: it gets a close frame, and nothing follows. */
const NO_OUTPUT = { done (): void {}, flushed (): void {}, interrupted (): void {} }

/** A send of an edge that waits until the application takes more. */
class HeldSend implements HeldSender {
  readonly bytes: number
  readonly release: () => void
  #gone = false

  constructor (bytes: number, release: () => void) {
    this.bytes = bytes
    this.release = release
  }

  get gone (): boolean { return this.#gone }

  /** Notes that its connection is gone. */
  lost (): void { this.#gone = true }
}
