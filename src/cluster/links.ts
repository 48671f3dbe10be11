import type { Clock } from '../core/clock.ts'
import { Timer, type TimerOwner } from '../core/timer.ts'
import { type Batch, FLAGS, HEADER, readHeader, writeHeader } from './batch.ts'
import { MalformedRecord } from './bytes.ts'
import type { Inbox } from './inbox.ts'
import { Link, type LinkService } from './link.ts'
import type { ClusterNode } from './node.ts'
import { SIGNATURE } from './signed-channels.ts'

/** The most bytes of a batch. */
const MOST_BYTES = 256 * 1024
/** The nodes whose epochs this node remembers, if fewer are members. */
const MOST_EPOCHS = 1_000
/** The time between two looks at all links, in milliseconds. */
const LOOK_EVERY = 1_000
/** The time without a batch after which a link sends an empty one. A peer that does not know the link then says so. */
const QUIET = 4_000
/** The time within which the peer of a new link must be known, in milliseconds. */
const UNKNOWN = 6_000

/** All links of a node. */
export class Links implements TimerOwner {
  readonly clock: Clock
  /** The bytes that one batch may have. */
  readonly mostBytes: number
  readonly #node: ClusterNode
  readonly #links = new Map<string, Link>()
  readonly #services = new Map<number, LinkService>()
  /** The highest epoch that a peer may not use again. */
  readonly #epochs = new Map<string, number>()
  readonly #waiting = new Set<Link>()
  readonly #timer = new Timer(this)
  /** The batches that were sent again, since the start. */
  repeats = 0
  #epoch = 0
  #stopped = false

  constructor (node: ClusterNode) {
    const { maxPayload, sign } = node.engine.facts
    this.#node = node
    this.clock = node.clock
    this.mostBytes = Math.min(maxPayload - (sign ? SIGNATURE : 0), MOST_BYTES)
  }

  get available (): boolean { return this.#node.state === 'available' }

  serve (service: number, handler: LinkService): void {
    if (this.#services.has(service)) throw new Error(`service ${service} has a handler already`)
    this.#services.set(service, handler)
  }

  link (peer: string): Link {
    if (peer === this.#node.id) throw new Error(`a node has no link to itself, given ${peer}`)
    const known = this.#links.get(peer)
    if (known !== undefined) return known
    const link = new Link(this, peer, ++this.#epoch)
    this.#links.set(peer, link)
    if (this.#stopped) link.doom('this node has stopped')
    else if (!this.#timer.running) this.clock.start(this.#timer, LOOK_EVERY)
    return link
  }

  /** Remembers that a link has something to send. One call sends for all links of a turn. */
  wants (link: Link): void {
    this.#waiting.add(link)
    if (this.#waiting.size === 1) setImmediate(() => this.#flush())
  }

  publish (peer: string, header: Omit<Batch, 'from'>, bytes: Buffer): void {
    writeHeader(bytes, { ...header, from: this.#node.id })
    this.#node.channels.publish(this.#node.names.node(peer), bytes)
  }

  /** Takes a publication on the channel of this node. */
  receive (data: Uint8Array): void {
    const batch = readHeader(data)
    if (batch === null || batch.from === this.#node.id) return this.#node.dropped('malformed', 'batch')
    const { from, flags, source } = batch
    if (!this.#node.members.has(from)) return this.#node.dropped('stranger', from)
    if ((flags & FLAGS.reset) !== 0) return this.#reset(batch)
    let link = this.#links.get(from)
    if (source <= (this.#epochs.get(from) ?? 0) || source < (link?.peerEpoch ?? 0)) return this.#refuse(batch)
    if (link !== undefined && link.peerEpoch !== 0 && source > link.peerEpoch) {
      this.break(link, 'the peer has begun a new link', false)
      // A service may have made a new link as it learnt of that.
      link = this.#links.get(from)
    }
    if (!this.#belongs(batch, link)) {
      if (link?.peerEpoch === source) this.break(link, 'the peer knows another link', false)
      return this.#refuse(batch)
    }
    link ??= this.link(from)
    link.peerEpoch = source
    if (!link.receive(batch, data)) this.#node.dropped('malformed', from)
  }

  /** Notes that a peer has said something new. A batch that is repeated, or that a stranger has recorded, proves nothing. */
  heard (link: Link): void { this.#node.members.heard(link.peer) }

  /** Gives the records of a batch to their services. */
  deliver (link: Link, inbox: Inbox): void {
    try {
      for (let record = inbox.next(); record !== null && !link.isBroken; record = inbox.next()) {
        const service = this.#services.get(inbox.service)
        if (service === undefined) this.#node.dropped('service', `${inbox.service}`)
        else this.#give(service, link, record)
      }
    } catch (error) {
      if (!(error instanceof MalformedRecord)) throw error
      this.#node.log.warn({ peer: link.peer, err: error }, 'A link breaks because a record of the other node is malformed.')
      this.break(link, error.message, true)
    }
  }

  /** Breaks a link, and tells every service. `tell` tells the peer too. */
  break (link: Link, reason: string, tell: boolean): void {
    if (!link.end()) return
    this.#links.delete(link.peer)
    this.#remember(link.peer, link.peerEpoch)
    if (tell) this.#publishReset(link.peer, link.epoch, link.peerEpoch)
    this.#node.log.debug({ peer: link.peer, reason }, 'A link to another node has broken.')
    for (const service of this.#services.values()) {
      try {
        service.broken(link, reason)
      } catch (error) {
        this.#node.log.error({ err: error }, 'A service has failed as it learnt of a broken link.')
      }
    }
  }

  /** Breaks the link to a peer that is gone. */
  breakPeer (peer: string, reason: string): void {
    const link = this.#links.get(peer)
    if (link !== undefined) this.break(link, reason, true)
  }

  breakAll (reason: string): void {
    for (const link of [...this.#links.values()]) this.break(link, reason, true)
  }

  /** Goes on after the engine was away. */
  resume (): void {
    for (const link of this.#links.values()) link.resume()
  }

  stop (): void {
    this.#stopped = true
    this.breakAll('this node has stopped')
    this.clock.stop(this.#timer)
  }

  /** Looks at all links. */
  expire (): void {
    if (this.#links.size > 0) this.clock.start(this.#timer, LOOK_EVERY)
    if (!this.available) return
    const now = this.clock.now()
    for (const link of [...this.#links.values()]) {
      if (!this.#node.members.has(link.peer) && now - link.since >= UNKNOWN) this.break(link, 'the peer is not there', true)
      else if (link.isQuiet(QUIET)) link.speak()
    }
  }

  #flush (): void {
    const links = [...this.#waiting]
    this.#waiting.clear()
    for (const link of links) link.flush()
  }

  #give (service: LinkService, link: Link, record: Uint8Array): void {
    try {
      service.received(link, record)
    } catch (error) {
      if (error instanceof MalformedRecord) throw error
      this.#node.log.error({ err: error, peer: link.peer }, 'A service has failed at a record of another node.')
    }
  }

  /** Tells whether a batch can be one of a link, or the first of a new link. */
  #belongs ({ source, target, flags }: Batch, link: Link | undefined): boolean {
    if (link === undefined) return target === 0 && (flags & FLAGS.fresh) !== 0
    if (target !== 0 && target !== link.epoch) return false
    return link.peerEpoch === source || (flags & FLAGS.fresh) !== 0
  }

  /** Breaks the link that the peer has broken. */
  #reset ({ from, source, target }: Batch): void {
    const link = this.#links.get(from)
    this.#remember(from, source)
    if (link === undefined) return
    const concerned = target === link.epoch || (source !== 0 && link.peerEpoch !== 0 && source >= link.peerEpoch)
    if (concerned) this.break(link, 'the peer has broken the link', false)
  }

  /** Tells the peer that its link has no counterpart here. */
  #refuse ({ from, source }: Batch): void {
    this.#remember(from, source)
    this.#publishReset(from, 0, source)
  }

  #publishReset (peer: string, source: number, target: number): void {
    this.publish(peer, { flags: FLAGS.reset, source, target, seq: 0, ack: 0 }, Buffer.allocUnsafe(HEADER))
  }

  /** Remembers an epoch that the peer may not use again. */
  #remember (peer: string, epoch: number): void {
    const known = this.#epochs.get(peer) ?? 0
    if (epoch <= known) return
    // The peer moves to the end, and the oldest that is no member goes. The old batches of a member must never count again.
    this.#epochs.delete(peer)
    this.#epochs.set(peer, epoch)
    if (this.#epochs.size <= MOST_EPOCHS) return
    for (const id of this.#epochs.keys()) {
      if (this.#node.members.has(id)) continue
      this.#epochs.delete(id)
      return
    }
  }
}
