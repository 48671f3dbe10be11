import { Timer, type TimerOwner } from '../core/timer.ts'
import { type Batch, FLAGS, HEADER } from './batch.ts'
import { Inbox, LONGEST_RECORD } from './inbox.ts'
import type { Links } from './links.ts'
import { Outbox, type SentBatch } from './outbox.ts'

/** A user of links, which has its own number before each record. */
export interface LinkService {
  /** Takes a record. A MalformedRecord that it throws breaks the link. The service may keep the record. */
  received (link: Link, record: Uint8Array): void
  /** Learns, once, that nothing more comes and that the last records may not have arrived. */
  broken (link: Link, reason: string): void
}

/** The bytes that may wait on a link, pending or not acknowledged. */
const MOST_WAITING = LONGEST_RECORD
/** The bytes of the batches that are on their way at the same time. */
const WINDOW = 4 * 1024 * 1024
/** The time after which batches are sent again, in milliseconds. */
const REPEAT_AFTER = 1_000
/** The shortest time between two repeats, in milliseconds. */
const REPEAT_GAP = 50
/** The time that an acknowledgement waits for a batch that takes it along, in milliseconds. */
const ACK_AFTER = 100
/** The batches and the bytes that are acknowledged at once. */
const ACK_BATCHES = 32
const ACK_BYTES = 64 * 1024

/** A connection of two nodes: each record arrives once and in order, until the link breaks. */
export class Link implements TimerOwner {
  /** The id of the other node. */
  readonly peer: string
  /** @internal The number of this link among all links of this node. */
  readonly epoch: number
  /** @internal The number that the peer gives the link; 0 before its first batch. */
  peerEpoch = 0
  /** @internal The time at which the link was made, or at which the engine came back. */
  since: number
  /** Is called when the peer has more of the records. A service that holds records back sets it. */
  progressed: (() => void) | null = null
  readonly #links: Links
  readonly #outbox = new Outbox()
  readonly #inbox = new Inbox()
  readonly #ackTimer = new Timer(this)
  readonly #repeatTimer = new Timer(this)
  #received = 0
  #owedBatches = 0
  #owedBytes = 0
  #ackDue = false
  #misses = false
  #spoke = 0
  #repeated = -REPEAT_GAP
  #asked = -REPEAT_GAP
  #doom: string | null = null
  #isBroken = false

  /** @internal Links are made by `node.link()`. */
  constructor (links: Links, peer: string, epoch: number) {
    this.#links = links
    this.peer = peer
    this.epoch = epoch
    this.since = links.clock.now()
  }

  get isBroken (): boolean { return this.#isBroken || this.#doom !== null }

  /** The bytes that the peer has not acknowledged. */
  get waitingBytes (): number { return this.#outbox.pendingBytes + this.#outbox.sentBytes }

  /** The bytes of all records that were given to this link. */
  get addedBytes (): number { return this.#outbox.addedBytes }

  /** The bytes of these records that the peer has. */
  get arrivedBytes (): number { return this.#outbox.arrivedBytes }

  /** Sends a record at the end of this turn of the event loop. A broken link drops it. The record must not change any more. */
  send (service: number, record: Uint8Array): void {
    if (this.isBroken) return
    this.#outbox.add(service, record)
    if (this.waitingBytes > MOST_WAITING) this.doom('too much waits')
    else this.#links.wants(this)
  }

  /** @internal Breaks the link at the end of this turn, so that no service is told within its own call. */
  doom (reason: string): void {
    this.#doom ??= reason
    this.#links.wants(this)
  }

  /** @internal Sends all that this turn has brought together. */
  flush (): void {
    if (this.#isBroken) return
    if (this.#doom !== null) return this.#links.break(this, this.#doom, true)
    if (!this.#links.available) return
    const outbox = this.#outbox
    while (outbox.pendingBytes > 0 && outbox.sentBytes < WINDOW) this.#transmit(outbox.next(this.#links.mostBytes))
    if (this.#ackDue) this.speak()
  }

  /** @internal Sends a batch without records. */
  speak (): void { this.#publish(0, Buffer.allocUnsafe(HEADER)) }

  /** @internal Sends all batches again, because the engine is back. */
  resume (): void {
    this.since = this.#links.clock.now()
    this.#repeat()
    this.#links.wants(this)
  }

  /** @internal True if this node has said nothing for a time, although the peer knows the link. */
  isQuiet (time: number): boolean { return this.peerEpoch !== 0 && this.#links.clock.now() - this.#spoke >= time }

  /** @internal Takes a batch. Tells whether it can be one of this link. */
  receive (batch: Batch, data: Uint8Array): boolean {
    const acknowledged = this.#outbox.acknowledge(batch.ack)
    if (acknowledged === null) return false
    const { clock } = this.#links
    if (acknowledged || batch.seq === this.#received + 1) this.#links.heard(this)
    if (acknowledged) {
      clock.stop(this.#repeatTimer)
      if (this.#outbox.sentBytes > 0) clock.start(this.#repeatTimer, REPEAT_AFTER)
      if (this.#outbox.pendingBytes > 0) this.#links.wants(this)
      this.progressed?.()
    }
    if ((batch.flags & FLAGS.missing) !== 0) this.#repeat()
    if (batch.seq === 0) return true
    if (!this.#ackTimer.running) clock.start(this.#ackTimer, ACK_AFTER)
    if (batch.seq === this.#received + 1) this.#take(batch, data)
    else if (batch.seq > this.#received) this.#ask()
    return true
  }

  /** @internal Ends the link. Tells whether it was whole. */
  end (): boolean {
    if (this.#isBroken) return false
    this.#isBroken = true
    this.#links.clock.stop(this.#ackTimer)
    this.#links.clock.stop(this.#repeatTimer)
    return true
  }

  expire (timer: Timer): void {
    if (timer === this.#ackTimer) this.speak()
    else {
      this.#repeat()
      this.#links.clock.start(this.#repeatTimer, REPEAT_AFTER)
    }
  }

  #take (batch: Batch, data: Uint8Array): void {
    this.#received = batch.seq
    this.#owedBatches++
    this.#owedBytes += data.byteLength
    if (this.#owedBatches >= ACK_BATCHES || this.#owedBytes >= ACK_BYTES) {
      this.#ackDue = true
      this.#links.wants(this)
    }
    // The engine uses its buffer again, and services may keep their records.
    this.#inbox.feed(Buffer.from(data.subarray(HEADER)))
    this.#links.deliver(this, this.#inbox)
  }

  /** Asks for the batches that are missing. */
  #ask (): void {
    this.#misses = true
    const now = this.#links.clock.now()
    if (now - this.#asked < REPEAT_GAP) return
    this.#asked = now
    this.speak()
  }

  #repeat (): void {
    const now = this.#links.clock.now()
    if (this.#isBroken || !this.#links.available || now - this.#repeated < REPEAT_GAP) return
    this.#repeated = now
    for (const batch of this.#outbox.sent) {
      this.#links.repeats++
      this.#transmit(batch)
    }
  }

  #transmit ({ seq, bytes }: SentBatch): void {
    this.#publish(seq, bytes)
    if (!this.#repeatTimer.running) this.#links.clock.start(this.#repeatTimer, REPEAT_AFTER)
  }

  /** Every batch acknowledges, and asks for missing batches. */
  #publish (seq: number, bytes: Buffer): void {
    const flags = (this.#misses ? FLAGS.missing : 0) | (this.#outbox.acked === 0 ? FLAGS.fresh : 0)
    this.#misses = false
    this.#ackDue = false
    this.#owedBatches = 0
    this.#owedBytes = 0
    this.#links.clock.stop(this.#ackTimer)
    this.#spoke = this.#links.clock.now()
    this.#links.publish(this.peer, { flags, source: this.epoch, target: this.peerEpoch, seq, ack: this.#received }, bytes)
  }
}
