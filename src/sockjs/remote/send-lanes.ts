import type { Link } from '../../cluster/link.ts'
import { SERVICES } from '../../cluster/services.ts'
import { Fifo } from '../../core/fifo.ts'
import type { Principal } from '../endpoint/identity.ts'

const MIB = 1024 * 1024

/** The bytes of sends that are on a link at the same time. The rest of the room of a link is for legs. */
const MOST_ON_LINK = 16 * MIB

/** The bytes of one client that may wait for room on the link. One send may always wait. */
const MOST_OF_CLIENT = 8 * MIB

/** The bytes of all clients that may wait for room on the link. */
const MOST_WAITING = 64 * MIB

/** A send that waits for room on the link. */
interface WaitingSend {
  readonly number: number
  readonly record: Uint8Array
}

/** The sends of one client that wait. */
interface Lane {
  readonly sends: Fifo<WaitingSend>
  bytes: number
}

/**
 * Shares the room of a link among the clients that send through it.
 *
 * A link that is full breaks, and all its legs are cut. So sends wait here while a part of the link is full, and the clients take turns.
 */
export class SendLanes {
  readonly #link: Link
  readonly #refuse: (number: number) => void
  /** The lane whose turn it is comes first. */
  readonly #lanes = new Map<string, Lane>()
  #waitingBytes = 0
  /** The sends on the link. Each has its end among the bytes of the link, and its size. */
  readonly #ends = new Fifo<number>()
  readonly #sizes = new Fifo<number>()
  #bytesOnLink = 0

  /** @param refuse is called with a send that has waited and loses its place */
  constructor (link: Link, refuse: (number: number) => void) {
    this.#link = link
    this.#refuse = refuse
  }

  /** Gives a send to the link, now or when it has room. Returns false if too much of this client waits. */
  add (principal: Principal, number: number, record: Uint8Array): boolean {
    this.#settle()
    if (this.#lanes.size === 0 && this.#hasRoom(record)) {
      this.#send(record)
      return true
    }
    const client = clientOf(principal)
    const lane = this.#lanes.get(client) ?? { sends: new Fifo<WaitingSend>(), bytes: 0 }
    const bytes = record.byteLength
    if (lane.bytes > 0 && lane.bytes + bytes > MOST_OF_CLIENT) return false
    if (!this.#makeRoom(bytes, lane)) return false
    this.#lanes.set(client, lane)
    lane.sends.push({ number, record })
    this.#count(lane, bytes)
    this.#link.progressed = this.#goOn
    return true
  }

  /** Takes back a send of a client that is gone. Returns false if the link has it. */
  remove (principal: Principal, number: number): boolean {
    const client = clientOf(principal)
    const lane = this.#lanes.get(client)
    const gone = lane?.sends.remove((send) => send.number === number) ?? []
    for (const { record } of gone) this.#count(lane!, -record.byteLength)
    if (lane?.sends.length === 0) this.#lanes.delete(client)
    return gone.length > 0
  }

  /** Sends on, because the peer has more than before. */
  readonly #goOn = (): void => {
    this.#settle()
    for (const [client, lane] of this.#lanes) {
      const { record } = lane.sends.first!
      if (!this.#hasRoom(record)) return
      lane.sends.shift()
      this.#count(lane, -record.byteLength)
      this.#send(record)
      // The client has had its turn. A map goes on with an entry that is added behind.
      this.#lanes.delete(client)
      if (lane.sends.length > 0) this.#lanes.set(client, lane)
    }
    this.#link.progressed = null
  }

  #hasRoom ({ byteLength }: Uint8Array): boolean { return this.#bytesOnLink === 0 || this.#bytesOnLink + byteLength <= MOST_ON_LINK }

  #send (record: Uint8Array): void {
    this.#link.send(SERVICES.toOwner, record)
    this.#ends.push(this.#link.addedBytes)
    this.#sizes.push(record.byteLength)
    this.#bytesOnLink += record.byteLength
  }

  /** Forgets the sends that the peer has. */
  #settle (): void {
    for (let end = this.#ends.first; end !== undefined && end <= this.#link.arrivedBytes; end = this.#ends.first) {
      this.#ends.shift()
      this.#bytesOnLink -= this.#sizes.shift()!
    }
  }

  /** Refuses the newest sends of the clients of which the most waits, until there is room. Returns false if that is the client of the new one. */
  #makeRoom (bytes: number, own: Lane): boolean {
    while (this.#waitingBytes > 0 && this.#waitingBytes + bytes > MOST_WAITING) {
      const [client, largest] = [...this.#lanes].reduce((a, b) => b[1].bytes > a[1].bytes ? b : a)
      if (largest.bytes <= own.bytes + bytes) return false
      const { number, record } = largest.sends.pop()!
      this.#count(largest, -record.byteLength)
      if (largest.sends.length === 0) this.#lanes.delete(client)
      this.#refuse(number)
    }
    return true
  }

  #count (lane: Lane, bytes: number): void {
    lane.bytes += bytes
    this.#waitingBytes += bytes
  }
}

/** A user is one client at any address. Clients without a user are told apart by their address. */
function clientOf ({ userKey, ip }: Principal): string { return userKey === '' ? `address ${ip}` : `user ${userKey}` }
