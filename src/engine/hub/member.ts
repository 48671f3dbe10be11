import type { Socket } from 'node:net'
import type { ClaimTable, Claimant } from './claim-table.ts'
import { readFields } from './fields.ts'
import { Line, type LineOwner } from './line.ts'
import type { Routes } from './routes.ts'
import { type HubStore, STORE_HANDLERS, StoreUser } from './store-handlers.ts'
import { OP, readHello, SHORTEST, VERSION } from './wire.ts'

/** The tables that the members of a hub share. */
export interface HubTables {
  readonly namespace: string
  readonly routes: Routes<Member>
  readonly claims: ClaimTable
  readonly store: HubStore
  /** All members. The node of a new one is not known before its hello. */
  readonly lines: Set<Member>
  /** The members by the ids of their nodes. */
  readonly nodes: Map<string, Member>
  readonly maxQueue: number
}

/** Reads the fields of one operation that a node sends after its hello. */
type Handler = (member: Member, tables: HubTables, bytes: Buffer, start: number, end: number) => void

const textOf = (bytes: Buffer, start: number, end: number): string => bytes.toString('latin1', start, end)

const HANDLERS: Readonly<Partial<Record<number, Handler>>> = {
  [OP.subscribe]: (member, { routes }, bytes, start, end) => {
    const channel = textOf(bytes, start, end)
    if (member.channels.has(channel)) return
    member.channels.add(channel)
    routes.add(channel, member)
  },
  [OP.unsubscribe]: (member, { routes }, bytes, start, end) => {
    const channel = textOf(bytes, start, end)
    if (member.channels.delete(channel)) routes.delete(channel, member)
  },
  [OP.publish]: (member, { routes }, bytes, start, end) => {
    const name = start + 2
    const data = name + bytes.readUInt16BE(start)
    if (data > end) return member.line.destroy('the name of a channel is longer than its frame')
    const channel = textOf(bytes, name, data)
    for (const each of routes.find(channel)) each.line.out.again(bytes, start, end)
  },
  [OP.ping]: (member, _tables, bytes, start) => { member.answer(bytes.readUInt32BE(start), '') },
  [OP.claim]: (member, { claims }, bytes, start, end) => { claims.claim(member, bytes.readUInt32BE(start), textOf(bytes, start + 4, end)) },
  [OP.reclaim]: (member, { claims }, bytes, start, end) => { claims.reclaim(member, bytes.readUInt32BE(start), textOf(bytes, start + 4, end)) },
  [OP.locate]: (member, { claims }, bytes, start, end) => { claims.locate(member, bytes.readUInt32BE(start), textOf(bytes, start + 4, end)) },
  [OP.release]: (member, { claims }, bytes, start, end) => { claims.release(member, textOf(bytes, start, end)) }
}

/** One node at the hub, with the hub's end of its line. */
export class Member implements LineOwner, Claimant {
  readonly line: Line
  readonly keys = new Set<string>()
  /** The names and patterns that the node listens to. */
  readonly channels = new Set<string>()
  readonly #tables: HubTables
  readonly #storeUser: StoreUser
  #node = ''

  constructor (socket: Socket, tables: HubTables) {
    this.#tables = tables
    this.line = new Line(socket, this, tables.maxQueue)
    this.#storeUser = new StoreUser(this.line, tables.store)
    tables.lines.add(this)
  }

  /** The id of the node; the empty string before its hello. */
  get node (): string { return this.#node }

  answer (request: number, owner: string): void { this.line.out.numbered(OP.answer, request, owner) }

  frame (op: number, bytes: Buffer, start: number, end: number): void {
    if (this.#node === '') return this.#greet(op, bytes, start, end)
    const handler = HANDLERS[op]
    if (handler !== undefined && end - start >= SHORTEST[op]!) return handler(this, this.#tables, bytes, start, end)
    const fields = readFields(op, bytes, start, end)
    const storeHandler = STORE_HANDLERS[op]
    if (fields === null || storeHandler === undefined) return this.line.destroy(`a frame with the operation ${op} and ${end - start} bytes is not known`)
    storeHandler(this.#storeUser, fields)
  }

  drained (): void { this.#storeUser.resume() }

  closed (): void {
    const { routes, claims, lines, nodes } = this.#tables
    lines.delete(this)
    for (const channel of this.channels) routes.delete(channel, this)
    claims.leave(this)
    this.#storeUser.leave()
    if (nodes.get(this.#node) === this) nodes.delete(this.#node)
  }

  #greet (op: number, bytes: Buffer, start: number, end: number): void {
    const hello = op === OP.hello ? readHello(bytes, start, end) : null
    if (hello === null) return this.line.destroy('the first frame was not a hello')
    const { namespace, claims, nodes } = this.#tables
    if (hello.version !== VERSION) return this.#refuse(`the hub speaks version ${VERSION} of its protocol, and this node version ${hello.version}`)
    if (hello.namespace !== namespace) return this.#refuse(`the namespace of the hub is ${namespace}, and that of this node ${hello.namespace}`)
    // The node has a new line because it knows that the old one is of no use.
    const before = nodes.get(hello.node)
    before?.closed()
    before?.line.destroy('the node has another connection')
    this.#node = hello.node
    nodes.set(hello.node, this)
    if (hello.returning) claims.expectClaims()
    this.line.out.bytes(OP.welcome, Buffer.of(VERSION))
    this.line.out.fields(OP.epoch, [], [this.#tables.store.logs.epoch])
  }

  #refuse (reason: string): void {
    this.line.out.bytes(OP.refused, Buffer.concat([Buffer.of(VERSION), Buffer.from(reason)]))
    this.line.end()
  }
}
