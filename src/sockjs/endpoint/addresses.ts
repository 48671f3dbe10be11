import { Reader, Writer } from '../../cluster/bytes.ts'
import type { Link, LinkService } from '../../cluster/link.ts'
import type { Member } from '../../cluster/members.ts'
import type { ClusterNode } from '../../cluster/node.ts'
import { SERVICES } from '../../cluster/services.ts'
import { Timer, type TimerOwner } from '../../core/timer.ts'

/** The interval at which a node tells the others of its changes, in milliseconds. */
const INTERVAL = 200

type Counts = Map<string, number>

/**
 * Counts the sessions of each address, on all nodes (SEC-S17).
 *
 * The nodes tell each other their counts, a moment later. A client that opens sessions at several nodes within that moment can exceed the
 * limit by as many as it opens there.
 */
export class Addresses implements LinkService, TimerOwner {
  readonly #node: ClusterNode | null
  readonly #own: Counts = new Map()
  /** The counts of the other nodes, by the id of the node. */
  readonly #others = new Map<string, Counts>()
  /** The addresses whose counts have changed since the others were told. */
  readonly #changed = new Set<string>()
  readonly #timer = new Timer(this)

  /** @param node the node, or `null` if the process is alone */
  constructor (node: ClusterNode | null) {
    this.#node = node
    if (node === null) return
    node.serve(SERVICES.addresses, this)
    node.members.onChange((member, change) => {
      if (change === 'joined') this.#tell(member, [...this.#own.keys()])
      else this.#others.delete(member.id)
    })
  }

  /** Returns the number of sessions of an address, on all nodes. */
  of (address: string): number {
    let count = this.#own.get(address) ?? 0
    for (const counts of this.#others.values()) count += counts.get(address) ?? 0
    return count
  }

  /** Counts a session of this node, or its end. */
  add (address: string, delta: 1 | -1): void {
    set(this.#own, address, (this.#own.get(address) ?? 0) + delta)
    if (this.#node === null) return
    this.#changed.add(address)
    if (!this.#timer.running) this.#node.clock.start(this.#timer, INTERVAL)
  }

  expire (): void {
    const changed = [...this.#changed]
    this.#changed.clear()
    for (const member of this.#node!.members.all) this.#tell(member, changed)
  }

  #tell (member: Member, addresses: readonly string[]): void {
    if (addresses.length === 0) return
    const writer = new Writer().u32(addresses.length)
    for (const address of addresses) writer.text(address).u32(this.#own.get(address) ?? 0)
    this.#node!.link(member.id).send(SERVICES.addresses, writer.done())
  }

  received (link: Link, record: Uint8Array): void {
    const reader = new Reader(record)
    let counts = this.#others.get(link.peer)
    if (counts === undefined) this.#others.set(link.peer, counts = new Map())
    for (const [address, count] of reader.list(() => [reader.text(), reader.u32()] as const)) set(counts, address, count)
  }

  /** Forgets the counts of a node that could not be reached. If it is alive, it gets the own counts again. */
  broken (link: Link): void {
    this.#others.delete(link.peer)
    for (const member of this.#node!.members.all) if (member.id === link.peer) this.#tell(member, [...this.#own.keys()])
  }
}

function set (counts: Counts, address: string, count: number): void {
  if (count > 0) counts.set(address, count)
  else counts.delete(address)
}
