import { encodeBody } from './bodies.ts'
import type { Connection } from './connection.ts'
import { fillDestination, type Params } from './destinations.ts'
import { clientError } from './errors.ts'
import type { GivenHeaders } from './frame.ts'
import type { Message } from './message.ts'

/** The parts of a frame that the application gives. */
export interface Parts {
  readonly params?: Params
  readonly headers?: GivenHeaders
}

/** The headers and the body of SEND. */
export function sending (destination: string, value: unknown, { params, headers }: Parts = {}): readonly [headers: GivenHeaders, body: string | undefined] {
  const { body, type } = encodeBody(value)
  return [{ destination: fillDestination(destination, params), 'content-type': type, ...headers }, body]
}

/** Begins a transaction on a connection. [STOMP 1.2, BEGIN] */
export function begin (connection: Connection | undefined) {
  if (!connection) throw clientError('INTERRUPTED')
  const id = connection.id()
  const frame = { transaction: id }
  connection.send('BEGIN', frame)
  return {
    id,
    send (destination: string, value?: unknown, options?: Parts) {
      const [headers, body] = sending(destination, value, options)
      connection.send('SEND', { ...headers, ...frame }, body)
    },
    ack: (message: Message) => message.settle('ACK', id),
    nack: (message: Message) => message.settle('NACK', id),
    commit: () => connection.confirmed('COMMIT', frame).then(() => {}),
    abort: () => connection.confirmed('ABORT', frame).then(() => {})
  }
}
