import { decodeBody } from './bodies.ts'
import type { Connection } from './connection.ts'
import type { Frame } from './frame.ts'
import type { StompMessage } from './types.ts'

/** A MESSAGE, with the connection over which it came. */
export interface Message extends StompMessage {
  /** Sends ACK or NACK. */
  settle (command: 'ACK' | 'NACK', transaction?: string): boolean
}

/** Makes the message of a frame. */
export function openMessage ({ headers, body: text }: Frame, connection: Connection): Message {
  const settle = (command: 'ACK' | 'NACK', transaction?: string): boolean => connection.send(command, { id: headers['ack'], transaction })
  return {
    headers,
    text,
    destination: headers['destination']!,
    get body () { return decodeBody(headers, text) },
    ack: () => settle('ACK'),
    nack: () => settle('NACK'),
    settle
  }
}
