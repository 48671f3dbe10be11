import { MalformedRecord, Reader, Writer } from '../../cluster/bytes.ts'
import type { Principal } from '../endpoint/identity.ts'
import { BODY_PROBLEMS } from '../endpoint/messages.ts'
import type { CloseReason, TransportName } from '../protocol/index.ts'

/**
 * The records about sessions that live on another node. The numbers are part of the wire.
 *
 * Each record begins with its operation and the number that the edge has given to a leg or to a send.
 */
export const TO_OWNER = {
  /** A response at the edge can carry frames of a session. */
  attach: 1,
  /** Bytes of a leg have left the edge. */
  left: 2,
  /** A leg that had ended has completely left the edge. */
  finished: 3,
  /** The connection of a leg is gone. */
  cut: 4,
  /** The edge is about to stop: the leg should end as at its limit. */
  release: 5,
  /** Messages of the client. */
  send: 6,
  /** The connection of a send that has no answer yet is gone. */
  gone: 7,
  /** A client resumes a session by a response or a WebSocket at the edge. */
  resume: 8,
  /** The client of a WebSocket at the edge has closed it. */
  closed: 9
} as const

export const TO_EDGE = {
  /** The session takes the leg. Frames follow. */
  accepted: 1,
  /** Says that this node does not have the session. */
  nobody: 2,
  /** The session belongs to another client, or has another transport. */
  refused: 3,
  /** One frame. */
  frame: 4,
  /** The response ends. */
  end: 5,
  /** The connection of the leg must be dropped at once. */
  destroy: 6,
  /** The outcome of a send. */
  answer: 7
} as const

/** The outcomes of a send, by their number on the wire. */
const OUTCOMES = ['accepted', 'missing', 'flood', ...Object.values(BODY_PROBLEMS)] as const
export type Outcome = (typeof OUTCOMES)[number]

/** The transports whose sessions other nodes can serve, by their number on the wire. */
const TRANSPORT_NUMBERS = ['xhr-polling', 'xhr-streaming', 'eventsource', 'htmlfile', 'jsonp-polling', 'websocket'] as const satisfies readonly TransportName[]

/** The ways by which messages come, by their number on the wire. The last one is a WebSocket at an edge. */
const SEND_ROUTES = ['xhr_send', 'jsonp_send', 'websocket'] as const
export type SendRoute = (typeof SEND_ROUTES)[number]

export interface Attach {
  readonly key: string
  readonly transport: TransportName
  readonly principal: Principal
  /** The messages that the client confirms by its request, or `null`. */
  readonly confirmed: number | null
}

/** A client at an edge that claims its session. */
export interface Resume {
  /** The key of the new id of the client. */
  readonly key: string
  readonly transport: TransportName
  readonly principal: Principal
  /** The key of the token. The token itself does not travel. */
  readonly tokenKey: string
  readonly count: number
}

export interface Send {
  readonly key: string
  readonly route: SendRoute
  readonly principal: Principal
  /** The payload as the client has sent it. It is `null` if it is not UTF-8. */
  readonly payload: string | null
  /** The messages that the client confirms by its request, or `null`. */
  readonly confirmed: number | null
  /** True if the client ends its session by these messages. */
  readonly leaves: boolean
}

/** Writes a record that has nothing but its operation and its number. */
export function plainRecord (operation: number, number: number): Uint8Array {
  return new Writer().u8(operation).u32(number).done()
}

export function attachRecord (leg: number, { key, transport, principal, confirmed }: Attach): Uint8Array {
  const writer = new Writer().u8(TO_OWNER.attach).u32(leg).text(key).u8((TRANSPORT_NUMBERS as readonly TransportName[]).indexOf(transport))
  return writeCount(writePrincipal(writer, principal), confirmed).done()
}

export function readAttach (reader: Reader): Attach {
  return { key: reader.text(), transport: oneOf(TRANSPORT_NUMBERS, reader.u8(), 'a transport'), principal: readPrincipal(reader), confirmed: readCount(reader) }
}

export function resumeRecord (leg: number, { key, transport, principal, tokenKey, count }: Resume): Uint8Array {
  const writer = new Writer().u8(TO_OWNER.resume).u32(leg).text(key).u8((TRANSPORT_NUMBERS as readonly TransportName[]).indexOf(transport))
  return writePrincipal(writer, principal).text(tokenKey).u48(count).done()
}

export function readResume (reader: Reader): Resume {
  const key = reader.text()
  const transport = oneOf(TRANSPORT_NUMBERS, reader.u8(), 'a transport')
  return { key, transport, principal: readPrincipal(reader), tokenKey: reader.text(), count: reader.u48() }
}

export function closedRecord (leg: number, { code, reason }: CloseReason): Uint8Array {
  return new Writer().u8(TO_OWNER.closed).u32(leg).u32(code).text(reason).done()
}

export function readClosed (reader: Reader): CloseReason { return { code: reader.u32(), reason: reader.text() } }

export function leftRecord (leg: number, position: number): Uint8Array {
  return new Writer().u8(TO_OWNER.left).u32(leg).u48(position).done()
}

export function sendRecord (number: number, { key, route, principal, payload, confirmed, leaves }: Send): Uint8Array {
  const writer = new Writer().u8(TO_OWNER.send).u32(number).text(key).u8(SEND_ROUTES.indexOf(route))
  writePrincipal(writer, principal).u8(payload === null ? 0 : 1).text(payload ?? '')
  return writeCount(writer, confirmed).u8(leaves ? 1 : 0).done()
}

export function readSend (reader: Reader): Send {
  const key = reader.text()
  const route = oneOf(SEND_ROUTES, reader.u8(), 'a route')
  const principal = readPrincipal(reader)
  const isText = reader.u8() === 1
  const payload = reader.text()
  return { key, route, principal, payload: isText ? payload : null, confirmed: readCount(reader), leaves: reader.u8() === 1 }
}

export function frameRecord (leg: number, text: string): Uint8Array {
  return new Writer().u8(TO_EDGE.frame).u32(leg).text(text).done()
}

export function answerRecord (number: number, outcome: Outcome): Uint8Array {
  return new Writer().u8(TO_EDGE.answer).u32(number).u8(OUTCOMES.indexOf(outcome)).done()
}

export function readOutcome (reader: Reader): Outcome { return oneOf(OUTCOMES, reader.u8(), 'an outcome') }

/** Writes a count, or 0 for none. */
function writeCount (writer: Writer, count: number | null): Writer { return writer.u48(count === null ? 0 : count + 1) }

function readCount (reader: Reader): number | null {
  const written = reader.u48()
  return written === 0 ? null : written - 1
}

function writePrincipal (writer: Writer, { userKey, origin, ip }: Principal): Writer {
  return writer.text(userKey).text(origin).text(ip)
}

function readPrincipal (reader: Reader): Principal {
  return { userKey: reader.text(), origin: reader.text(), ip: reader.text() }
}

function oneOf<T> (values: readonly T[], number: number, expected: string): T {
  const value = values[number]
  if (value === undefined) throw new MalformedRecord(expected)
  return value
}
