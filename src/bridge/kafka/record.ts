import { isUtf8 } from 'node:buffer'
import type { OutgoingMessage } from '../../stomp/broker/broker.ts'
import { Body, FrameHeaders } from '../../stomp/codec/index.ts'
import { userHeaders } from '../../stomp/session/user-headers.ts'
import type { KafkaHeader, KafkaRead, KafkaWrite } from './client.ts'

/** A record of Kafka, as the application gets it. */
export interface KafkaRecord extends Omit<KafkaRead, 'key'> {
  /** The key as text, `null` if the record has none. U+FFFD stands for octets that are not UTF-8. */
  readonly key: string | null
  /** The key as octets, `null` if the record has none. */
  readonly keyBytes: Uint8Array | null
}

/** The prefix of the headers that the bridge alone sets. A header of a client or of a record with this prefix does not count. */
const OWN = 'x-kafka-'

/** The most octets of the headers that a record brings to its subscribers. Further headers are left out. */
const MOST_HEADERS = 16_384

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')

/** Makes the record that the application gets. */
export function recordOf (read: KafkaRead): KafkaRecord {
  return { ...read, key: read.key === null ? null : textOf(read.key), keyBytes: read.key }
}

/** Makes the id of the message of a record. A broker that remembers ids drops a record that Kafka gives again. */
export function idOf ({ topic, partition, offset }: KafkaRead): string {
  return `kafka-${topic}-${partition}-${offset}`
}

/** Makes the message of a record. */
export function messageOf (record: KafkaRead, destination: string, contentType: string | undefined): OutgoingMessage {
  const { value } = record
  const headers = new FrameHeaders([
    [`${OWN}topic`, record.topic], [`${OWN}partition`, String(record.partition)], [`${OWN}offset`, String(record.offset)]
  ])
  if (value === null) headers.set(`${OWN}tombstone`, 'true')
  const type = contentTypeOf(record.headers) ?? contentType ?? (value === null || isUtf8(value) ? 'text/plain;charset=UTF-8' : 'application/octet-stream')
  headers.set('content-type', type)
  for (const [name, text] of userHeaders(legalHeaders(record.headers))) headers.add(name, text)
  return { destination, headers, body: value === null ? Body.EMPTY : Body.from(value), id: idOf(record) }
}

/**
 * Finds the headers that STOMP can carry. A header has text, so that a value which is not UTF-8 becomes base64, under the name `<name>-base64`.
 * STOMP has no NUL in a header.
 */
function * legalHeaders (headers: readonly KafkaHeader[]): Iterable<readonly [string, string]> {
  let left = MOST_HEADERS
  for (const [given, value] of headers) {
    const name = given.replaceAll('\0', '')
    if (name === '' || name.toLowerCase().startsWith(OWN) || name.toLowerCase() === 'content-type') continue
    const isText = isUtf8(value)
    const text = isText ? textOf(value).replaceAll('\0', '') : Buffer.from(value).toString('base64')
    left -= Buffer.byteLength(name) + Buffer.byteLength(text)
    if (left < 0) return
    yield [isText ? name : `${name}-base64`, text]
  }
}

function contentTypeOf (headers: readonly KafkaHeader[]): string | undefined {
  const found = headers.find(([name, value]) => name.toLowerCase() === 'content-type' && value.length > 0 && isUtf8(value))
  return found === undefined ? undefined : textOf(found[1]).replace(/[\0\r\n]/g, '')
}

/** A key that the application gives: text, octets or none. */
export type KafkaKey = string | Uint8Array | null | undefined

/** Makes the record of a message. The destination stands in the header `x-stomp-destination`. */
export function writeOf ({ destination, headers, body }: OutgoingMessage, key: KafkaKey): KafkaWrite {
  const kept: KafkaHeader[] = [['x-stomp-destination', Buffer.from(destination)]]
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    if (!lower.startsWith(OWN) && lower !== 'x-stomp-destination') kept.push([name, Buffer.from(value)])
  }
  return { key: key === undefined || key === null ? null : Buffer.from(key), value: body.bytes, headers: kept }
}

/** Makes the dead letter of a record: the record as it came, with its place and the reason in headers. */
export function letterOf (record: KafkaRead, reason: string): KafkaWrite {
  const place: readonly (readonly [string, string])[] = [
    ['topic', record.topic], ['partition', String(record.partition)], ['offset', String(record.offset)], ['timestamp', String(record.timestamp)], ['error', reason]
  ]
  const own = place.map(([name, value]): KafkaHeader => [OWN + name, Buffer.from(value)])
  return { key: record.key, value: record.value, headers: [...record.headers.filter(([name]) => !name.toLowerCase().startsWith(OWN)), ...own] }
}
