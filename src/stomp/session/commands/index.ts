import type { ClientCommand } from '../../codec/index.ts'
import { StompError } from '../../errors.ts'
import { abort } from './abort.ts'
import { ack, nack } from './ack.ts'
import { begin } from './begin.ts'
import type { CommandHandler } from './command.ts'
import { commit } from './commit.ts'
import { connect } from './connect.ts'
import { disconnect } from './disconnect.ts'
import { send } from './send.ts'
import { subscribe } from './subscribe.ts'
import { unsubscribe } from './unsubscribe.ts'

/** Refuses a frame before CONNECTED (STOMP-C8). */
function connected (handler: CommandHandler): CommandHandler {
  return (session, frame) => {
    if (session.state !== 'connected') throw new StompError('STOMP_NOT_CONNECTED')
    return handler(session, frame)
  }
}

/** Bounds the rate of frames that make work for others (SEC-S37). */
function rated (handler: CommandHandler): CommandHandler {
  return connected((session, frame) => {
    session.host.rate?.take(session)
    return handler(session, frame)
  })
}

/** The handler of each command of a client. */
export const COMMANDS: Readonly<Record<ClientCommand, CommandHandler>> = {
  CONNECT: connect,
  STOMP: connect,
  SEND: rated(send),
  SUBSCRIBE: rated(subscribe),
  UNSUBSCRIBE: connected(unsubscribe),
  ACK: connected(ack),
  NACK: connected(nack),
  BEGIN: connected(begin),
  COMMIT: connected(commit),
  ABORT: connected(abort),
  DISCONNECT: connected(disconnect)
}
