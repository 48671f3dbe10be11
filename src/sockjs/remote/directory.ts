import type { ClusterNode } from '../../cluster/node.ts'
import { delay } from '../../core/delay.ts'
import { forgetOldest } from '../../core/forget-oldest.ts'
import { engineErrors } from '../../engine/errors.ts'
import type { Endpoint } from '../endpoint/endpoint.ts'
import type { AnySession } from '../session/index.ts'
import type { ClaimTimes } from './claim-times.ts'
import type { Lookups } from './lookups.ts'

/** The time for which a request waits while the engine is away, in milliseconds. An answer of 503 would end the session of its client. */
export const PATIENCE = 8_000

/** The interval at which a call is tried again if the engine fails although it is available, in milliseconds. */
const PAUSE = 100

/**
 * The pauses between the lookups for a key that no node seems to have, in milliseconds.
 *
 * A client gets the token of its session before the engine has the claim of it. If the client comes back at once, and to another node, the first
 * lookups can be too early. A busy node makes its claims late.
 */
const SEARCH_PAUSES: readonly number[] = [50, 150, 400]

/** The most owners that are remembered. */
const MAX_OWNERS = 10_000

/** The most keys that are kept. An HMAC is a fifth of the cost of a send at an edge. */
const MAX_KEYS = 10_000

/** A session of this node, or one that is being opened, by which other nodes find it. */
export interface LocalSession {
  readonly endpoint: Endpoint
  /** The client's id of the session. A session that was resumed through another node has a key in its place, until a request shows the id. */
  id: string
}

/** A claim of this node. */
export interface HeldClaim {
  /** False if another node has the key by now. */
  readonly held: boolean
  release (): void
}

/** The node that owns a session. `here`: this node, now, and the caller opens the session. `away`: the engine is not available. */
export type Owner = { readonly at: 'here', readonly claim: HeldClaim } | { readonly at: 'node', readonly node: string } | { readonly at: 'away' }

const AWAY: Owner = { at: 'away' }

/**
 * Finds the node that owns a session.
 *
 * The key of a session is made from its endpoint and the client's id by HMAC. It has no character that the messaging system understands,
 * the id, which is a credential, is not visible, and the key of one endpoint is of no use at another.
 */
export class Directory {
  readonly #node: ClusterNode
  readonly #local = new Map<string, LocalSession>()
  /** Owners of sessions that this edge has served, the oldest first. They never change, so that an entry is right or its node denies it. */
  readonly #owners = new Map<string, string>()
  /** Keys by the name of the endpoint and the client's id, which has no slash. The oldest come first. */
  readonly #keys = new Map<string, string>()
  /** The claims that are under way. Several requests for one session ask once. */
  readonly #asking = new Map<string, Promise<Owner>>()
  /**
   * The lookups of owners that are under way. Requests that come meanwhile share the answer.
   *
   * So a later send of a connection does not overtake the ones before it, which still wait (XHR-SEND-9).
   */
  readonly #locating = new Map<string, Promise<Owner | null>>()
  readonly #times: ClaimTimes
  readonly #lookups: Lookups

  constructor (node: ClusterNode, times: ClaimTimes, lookups: Lookups) {
    this.#node = node
    this.#times = times
    this.#lookups = lookups
  }

  keyOf ({ name }: Pick<Endpoint, 'name'>, id: string): string {
    const parts = `${name}/${id}`
    const known = this.#keys.get(parts)
    if (known !== undefined) return known
    const key = this.#node.names.key('session', name, id)
    this.#keys.set(parts, key)
    forgetOldest(this.#keys, MAX_KEYS)
    return key
  }

  /** Finds a session of this node. */
  local (key: string): LocalSession | undefined { return this.#local.get(key) }

  /** Lets one edge that knows the key find a session of this node, without a claim. */
  hold (key: string, session: LocalSession): HeldClaim {
    this.#local.set(key, session)
    return { held: true, release: () => { this.#local.delete(key) } }
  }

  /** Claims a key that belongs to no id of a client. Returns the function that frees it, or `null` if the engine is away. */
  async announce (key: string): Promise<(() => void) | null> {
    const claim = await this.#ask('claim', () => this.#node.engine.claims.claim(key, () => {}))
    // A token that another node has by chance belongs to that node.
    return claim === null ? null : () => { if (claim.owner === null) claim.release() }
  }

  /** Finds a session of this node that another node brought back, by the id that its client now shows. */
  shown (endpoint: Endpoint, id: string): AnySession | undefined {
    const session = this.#local.get(this.keyOf(endpoint, id))
    if (session === undefined || session.id === id) return undefined
    endpoint.rename(session.id, id)
    session.id = id
    return endpoint.find(id)
  }

  /**
   * Finds the owner without asking, if this edge has served the session before and that node has not left.
   *
   * While a request looks the owner up, no other one goes before it.
   */
  remembered (key: string): string | undefined {
    if (this.#locating.has(key)) return undefined
    const node = this.#owners.get(key)
    if (node === undefined || !this.#node.members.hasLeft(node)) return node
    this.#owners.delete(key)
    return undefined
  }

  /** Forgets an owner, because it does not have the session any more. */
  forget (key: string): void { this.#owners.delete(key) }

  /**
   * Claims a session for this node, or finds its owner, for a request of an address.
   *
   * Of several calls at once the first gets `here`, and the others get this node by its id.
   */
  claim (key: string, session: LocalSession, address: string): Promise<Owner> { return this.#lookups.during(address, this.#claimOnce(key, session)) }

  /** Finds the owner of a session, for a request of an address. `null` if no node has it. */
  locate (key: string, address: string): Promise<Owner | null> { return this.#lookups.during(address, this.#locateOnce(key)) }

  /**
   * Finds the owner of a key that its node may be about to claim, for a request of an address. `null` if no node has it after several lookups.
   *
   * In the pauses between them, the request asks no engine and does not count.
   */
  async search (key: string, address: string): Promise<Owner | null> {
    for (const pause of SEARCH_PAUSES) {
      const owner = await this.locate(key, address)
      if (owner !== null) return owner
      await delay(this.#node.clock, pause)
    }
    return this.locate(key, address)
  }

  #claimOnce (key: string, session: LocalSession): Promise<Owner> {
    const asking = this.#asking.get(key)
    if (asking !== undefined) return asking.then((owner) => owner.at === 'here' ? { at: 'node', node: this.#node.id } : owner)
    const asked = this.#claim(key, session).finally(() => this.#asking.delete(key))
    this.#asking.set(key, asked)
    return asked
  }

  #locateOnce (key: string): Promise<Owner | null> {
    let locating = this.#locating.get(key)
    if (locating === undefined) {
      locating = this.#locate(key).finally(() => this.#locating.delete(key))
      this.#locating.set(key, locating)
    }
    return locating
  }

  async #claim (key: string, session: LocalSession): Promise<Owner> {
    const { facts, claims } = this.#node.engine
    if (facts.keysLast === 'connection') {
      const owner = await this.#locate(key)
      if (owner !== null) return owner
    }
    const claim = await this.#ask('claim', () => claims.claim(key, () => this.#lost(key)))
    if (claim === null) return AWAY
    if (claim.owner !== null) return this.#at(key, claim.owner)
    this.#local.set(key, session)
    const isHeld = (): boolean => this.#local.get(key) === session
    const release = (): void => {
      if (isHeld()) this.#local.delete(key)
      claim.release()
    }
    return { at: 'here', claim: { get held () { return isHeld() }, release } }
  }

  async #locate (key: string): Promise<Owner | null> {
    const node = await this.#ask('locate', () => this.#find(key))
    if (node === null) return AWAY
    return node.owner === null ? null : this.#at(key, node.owner)
  }

  /**
   * Finds the owner of a key, for sure.
   *
   * If keys last as long as a connection, a node that connects again has none for a moment. So the answer that no node has the key counts only
   * if all nodes were connected before and after it. Otherwise the question is put again.
   */
  async #find (key: string): Promise<{ owner: string | null }> {
    const { engine: { claims, facts }, attendance } = this.#node
    if (facts.keysLast === 'lease') return { owner: await claims.locate(key) }
    const before = attendance.before()
    const owner = await claims.locate(key)
    if (owner !== null || (await before && await attendance.after())) return { owner }
    throw new engineErrors.Unavailable(facts.name, 'a node was away while it was asked')
  }

  /** Ends the session, because another node has claimed its key while this node could not reach the engine. */
  #lost (key: string): void {
    const session = this.#local.get(key)
    this.#local.delete(key)
    session?.endpoint.find(session.id)?.end('claimed')
  }

  #at (key: string, node: string): Owner {
    if (node !== this.#node.id) this.#remember(key, node)
    return { at: 'node', node }
  }

  #remember (key: string, node: string): void {
    this.#owners.delete(key)
    this.#owners.set(key, node)
    forgetOldest(this.#owners, MAX_OWNERS)
  }

  /** Asks the engine until it answers. Returns `null` if it stays away for longer than a request can wait. */
  async #ask<T extends { readonly owner: string | null }> (operation: 'claim' | 'locate', question: () => Promise<T>): Promise<T | null> {
    const answer = await this.#askAgain(() => this.#times.measure(operation, question))
    this.#times.answered(operation, answer)
    return answer
  }

  async #askAgain<T> (question: () => Promise<T>): Promise<T | null> {
    const { clock } = this.#node
    const deadline = clock.now() + PATIENCE
    for (;;) {
      if (!await this.#node.whenAvailable(deadline - clock.now())) return null
      try {
        return await question()
      } catch (error) {
        if (!(error instanceof engineErrors.Unavailable)) throw error
      }
      if (clock.now() >= deadline) return null
      await delay(clock, PAUSE)
    }
  }
}
