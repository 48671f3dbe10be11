import { decodeBody } from './bodies.ts'
import type { Connection } from './connection.ts'
import type { Frame, Headers } from './frame.ts'
import type { StompMessage } from './types.ts'

/** A MESSAGE, with the connection over which it came. */
export class Message implements StompMessage {
  readonly headers: Headers
  readonly text: string
  readonly #connection: Connection

  constructor ({ headers, body }: Frame, connection: Connection) {
    this.headers = headers
    this.text = body
    this.#connection = connection
  }

  get body (): unknown { return decodeBody(this.headers, this.text) }
  get destination (): string { return this.headers['destination']! }

  ack (): boolean { return this.settle('ACK') }
  nack (): boolean { return this.settle('NACK') }

  /** Sends ACK or NACK, whose headers each version has changed. [STOMP 1.2, ACK] */
  settle (command: 'ACK' | 'NACK', transaction?: string): boolean {
    const { ack: id, 'message-id': message, subscription } = this.headers
    const headers = this.#connection.version > '1.1' ? { id } : { 'message-id': message, subscription }
    return this.#connection.send(command, { ...headers, transaction })
  }
}
