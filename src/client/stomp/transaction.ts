import type { ContractShape } from '../../contract/shape.ts'
import type { Connection } from './connection.ts'
import { clientError } from './errors.ts'
import type { Message } from './message.ts'
import { type Parts, sending } from './sending.ts'
import type { AnyContract, StompClient, StompTransaction } from './types.ts'

/**
 * Begins a transaction on the connection of a client. [STOMP 1.2, BEGIN]
 *
 * @throws STOMP_CLIENT_INTERRUPTED without a connection
 */
export function begin<C extends ContractShape = AnyContract> (client: StompClient<C>): StompTransaction<C> {
  const connection = (client as unknown as { connection (): Connection | undefined }).connection()
  if (!connection) throw clientError('INTERRUPTED', 'no connection')
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
  } as StompTransaction<C>
}
