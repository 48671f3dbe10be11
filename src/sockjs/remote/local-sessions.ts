import { MalformedRecord, Reader } from '../../cluster/bytes.ts'
import type { Link, LinkService } from '../../cluster/link.ts'
import type { ClusterNode } from '../../cluster/node.ts'
import { QUESTIONS, SERVICES } from '../../cluster/services.ts'
import { delay } from '../../core/delay.ts'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { isOwner } from '../endpoint/identity.ts'
import { BodyProblem, readPayload } from '../endpoint/messages.ts'
import { CLOSE, SENDS_BY, type TransportName } from '../protocol/index.ts'
import type { AnySession, HeldSender } from '../session/index.ts'
import { type Directory, type HeldClaim, PATIENCE } from './directory.ts'
import { legRoute } from './leg-routes.ts'
import { LegReceiver } from './leg-receiver.ts'
import type { TokenClaims } from './token-claims.ts'
import { answerRecord, type Attach, type Outcome, plainRecord, readAttach, readClosed, readResume, readSend, type Resume, type Send, type SendRoute, TO_EDGE, TO_OWNER } from './wire.ts'

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
  readonly #tokens: TokenClaims
  readonly #edges = new Map<Link, EdgeTraffic>()
  /** The legs that wait for the claim of the new id of their client. */
  readonly #coming = new Map<Link, Set<number>>()

  constructor (node: ClusterNode, directory: Directory, tokens: TokenClaims) {
    this.#node = node
    this.#directory = directory
    this.#tokens = tokens
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
      case TO_OWNER.resume:
        this.#resume(link, edge, number, readResume(reader)).catch(() => link.send(SERVICES.toEdge, plainRecord(TO_EDGE.destroy, number)))
        return
      case TO_OWNER.send: return this.#send(link, edge, number, readSend(reader))
      case TO_OWNER.left: return edge.legs.get(number)?.left(reader.u48())
      case TO_OWNER.release: return edge.legs.get(number)?.release()
      case TO_OWNER.gone: {
        edge.sends.get(number)?.lost()
        edge.sends.delete(number)
        return
      }
      case TO_OWNER.finished:
      case TO_OWNER.cut:
      case TO_OWNER.closed: {
        const leg = edge.legs.get(number)
        edge.legs.delete(number)
        this.#coming.get(link)?.delete(number)
        if (operation === TO_OWNER.closed) return leg?.closed(readClosed(reader))
        return operation === TO_OWNER.finished ? leg?.finished() : leg?.cut()
      }
    }
    throw new MalformedRecord(`an operation of an edge, given ${operation}`)
  }

  broken (link: Link): void {
    const edge = this.#edges.get(link)
    if (edge === undefined) return
    this.#edges.delete(link)
    this.#coming.delete(link)
    for (const leg of edge.legs.values()) leg.cut()
    for (const send of edge.sends.values()) send.lost()
  }

  #edge (link: Link): EdgeTraffic {
    let edge = this.#edges.get(link)
    if (edge === undefined) this.#edges.set(link, edge = { legs: new Map(), sends: new Map() })
    return edge
  }

  #attach (link: Link, edge: EdgeTraffic, number: number, { key, transport, principal, confirmed }: Attach): void {
    const tell = (operation: number): void => link.send(SERVICES.toEdge, plainRecord(operation, number))
    const local = this.#directory.local(key)
    if (local === undefined) return tell(TO_EDGE.nobody)
    const { endpoint, id } = local
    const session = endpoint.find(id)
    if (session === undefined && !endpoint.reserved.has(id)) return tell(TO_EDGE.nobody)
    if (session !== undefined && (session.transport !== transport || !isOwner(endpoint, session, principal))) return tell(TO_EDGE.refused)
    if (session !== undefined && !endpoint.isServing(session, id)) return tell(TO_EDGE.refused)
    if (session !== undefined && session.resumption !== null && confirmed !== null) session.resumption.confirmed(confirmed)
    const leg = new LegReceiver(link, number, session?.output ?? NO_OUTPUT, legRoute(endpoint, transport))
    edge.legs.set(number, leg)
    tell(TO_EDGE.accepted)
    // SESSION-3: the session itself is still being opened.
    if (session === undefined) return leg.close(CLOSE.conflict)
    const settled = this.settled(session)
    if (settled === null) session.output.attach(leg)
    // Meanwhile the client can have gone, or the edge can have given the leg back.
    else settled.then(() => { if (edge.legs.get(number) === leg && !leg.hasEnded && isBound(endpoint, session, id)) session.output.attach(leg) })
  }

  /**
   * Gives a session of this node to its client, who has come back to another one.
   *
   * The client of a WebSocket comes through that edge only, so that its key needs no claim.
   */
  async #resume (link: Link, edge: EdgeTraffic, number: number, { key, transport, principal, tokenKey, count }: Resume): Promise<void> {
    const tell = (operation: number): void => link.send(SERVICES.toEdge, plainRecord(operation, number))
    const own = this.#tokens.find(tokenKey)
    if (own === undefined) return tell(TO_EDGE.nobody)
    const { endpoint, token } = own
    const claim = { token, count }
    // No node is asked for a claim that cannot be met.
    if (endpoint.resumables!.find(claim, principal) === null) return tell(TO_EDGE.refused)
    this.#coming.set(link, (this.#coming.get(link) ?? new Set()).add(number))
    const held = await this.#hold(endpoint, key, transport, principal.ip).catch(() => null)
    const stays = this.#coming.get(link)?.delete(number) === true
    if (held === null) return tell(TO_EDGE.destroy)
    const session = stays ? endpoint.resume(claim, principal, transport, idOf(key), held) : null
    endpoint.telemetry.resumption(session === null ? 'refused' : 'resumed')
    if (session === null) {
      held.release()
      return tell(TO_EDGE.refused)
    }
    const leg = new LegReceiver(link, number, session.output, legRoute(endpoint, transport))
    edge.legs.set(number, leg)
    tell(TO_EDGE.accepted)
    session.output.attach(leg)
  }

  /** Holds the key of a new id. Returns `null` if the engine is away, or if a session has the id. */
  async #hold (endpoint: Endpoint, key: string, transport: TransportName, ip: string): Promise<HeldClaim | null> {
    const session = { endpoint, id: idOf(key) }
    if (transport === 'websocket') return this.#directory.hold(key, session)
    const owner = await this.#directory.claim(key, session, ip)
    return owner.at === 'here' ? owner.claim : null
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

  #send (link: Link, edge: EdgeTraffic, number: number, { key, route, principal, payload, confirmed, leaves }: Send): void {
    const answer = (outcome: Outcome): void => {
      edge.sends.delete(number)
      link.send(SERVICES.toEdge, answerRecord(number, outcome))
    }
    const local = this.#directory.local(key)
    const session = local?.endpoint.find(local.id)
    if (local === undefined || session === undefined || routeOf(session) !== route) return answer('missing')
    const { endpoint, id } = local
    if (!isOwner(endpoint, session, principal) || !endpoint.isServing(session, id)) return answer('missing')
    if (session.resumption !== null && confirmed !== null) session.resumption.confirmed(confirmed)
    const messages = readPayload(payload, endpoint.incoming)
    if (messages instanceof BodyProblem) return answer(messages)
    const take = (): void => {
      // The client has resumed the session elsewhere while these messages waited, and sends them again.
      if (!endpoint.isServing(session, id)) return answer('missing')
      session.receive(messages, Buffer.byteLength(payload!))
      if (leaves && session.resumption !== null) session.output.left()
      if (session.held) this.#wait(session, edge, number, 0, () => answer('accepted'), answer)
      else answer('accepted')
    }
    if (!session.held) return take()
    // The body would wait at the edge if the session were there. Here its messages wait, and count as the body.
    this.#wait(session, edge, number, payload!.length, take, answer)
  }

  #wait (session: AnySession, edge: EdgeTraffic, number: number, bytes: number, release: () => void, answer: (outcome: Outcome) => void): void {
    const send = new HeldSend(bytes, release)
    edge.sends.set(number, send)
    if (!session.hold(send)) answer('flood')
  }
}

/** The output of a leg whose session does not exist yet: it gets a close frame, and nothing follows. */
const NO_OUTPUT = { done (): void {}, flushed (): void {}, interrupted (): void {}, closed (): void {} }

/** The id of a session that was brought back through an edge, which hides the id of the client. No client can choose a slash. */
function idOf (key: string): string { return `/${key}` }

/** Tells whether a session still has its id. */
function isBound (endpoint: Endpoint, session: AnySession, id: string): boolean { return session.resumption === null || endpoint.find(id) === session }

/** The way by which the messages of a session come from an edge. */
function routeOf ({ transport }: AnySession): SendRoute { return SENDS_BY[transport] ?? 'websocket' }

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
