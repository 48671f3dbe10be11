import { Buffer } from 'node:buffer'
import { commandNamed } from '../stomp/codec/index.ts'
import type { Message } from '../stream/message-stream.ts'
import { MOST_SHOWN } from './stomp-tables.ts'

/** A message of a watched session, as the page shows it. */
export interface ShownMessage {
  /** A STOMP command, `heart-beat`, `part` for a part of a STOMP frame, or `message`. */
  readonly kind: string
  readonly bytes: number
  /** The headers that hold no secret, and the body; left out unless bodies are shown. */
  readonly text?: string
}

/** The headers of STOMP whose values are shown. Of every other header only the name is shown, because the value may be a secret. */
const SHOWN_HEADERS: ReadonlySet<string> = new Set([
  'accept-version', 'ack', 'content-length', 'content-type', 'destination', 'heart-beat', 'host', 'id', 'message', 'message-id', 'persistent', 'priority',
  'receipt', 'receipt-id', 'redelivered', 'selector', 'server', 'subscription', 'transaction', 'version', 'x-epoch', 'x-gap', 'x-offset', 'x-recover', 'recovered'
])

/** Shows a message of a session that does not speak STOMP. */
export function showMessage (message: Message, bodies: boolean): ShownMessage {
  const bytes = sizeOf(message)
  if (!bodies) return { kind: 'message', bytes }
  return { kind: 'message', bytes, text: typeof message === 'string' ? message.slice(0, MOST_SHOWN) : `${bytes} bytes that are not text` }
}

/**
 * Shows a message of a STOMP session.
 *
 * A message may hold a part of a frame only, and then nothing of it is shown: it may be a part of the headers.
 */
export function showFrame (message: Message, bodies: boolean): ShownMessage {
  const bytes = sizeOf(message)
  const text = typeof message === 'string' ? message : Buffer.from(message.buffer, message.byteOffset, message.byteLength).toString('utf8')
  if (/^[\r\n]*$/.test(text)) return { kind: 'heart-beat', bytes }
  const frame = text.replace(/^[\r\n]+/, '')
  const command = /^[A-Z]+(?=\r?\n)/.exec(frame)?.[0] ?? ''
  const end = /\r?\n\r?\n/.exec(frame)
  if (!isCommand(command) || end === null) return { kind: isCommand(command) ? command : 'part', bytes }
  const head = frame.slice(0, end.index)
  // The server refuses a head with a NUL or a stray carriage return. It is not clear where its headers end.
  if (!bodies || /\0|\r(?!\n)/.test(head)) return { kind: command, bytes }
  const headers = head.split(/\r?\n/).slice(1).map(showHeader)
  const body = frame.slice(end.index + end[0].length, end.index + end[0].length + MOST_SHOWN).split('\0', 1)[0]!
  return { kind: command, bytes, text: [...headers, '', body].join('\n').slice(0, 2 * MOST_SHOWN) }
}

function isCommand (text: string): boolean { return commandNamed(text, 'client', undefined) !== undefined || commandNamed(text, 'server', undefined) !== undefined }

function showHeader (line: string): string {
  const at = line.indexOf(':')
  const name = line.slice(0, at)
  return SHOWN_HEADERS.has(name) ? line : `${name}:(not shown)`
}

function sizeOf (message: Message): number { return typeof message === 'string' ? Buffer.byteLength(message) : message.byteLength }
