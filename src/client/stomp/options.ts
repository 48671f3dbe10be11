import type { ContractShape } from '../../contract/shape.ts'
import type { RequestHeaders } from '../options.ts'
import type { ReconnectingOptions, SessionLike } from '../reconnecting.ts'
import type { AnyContract } from './types.ts'

/** Headers of CONNECT, such as `login`, `passcode` and `authorization`. */
export type ConnectHeaders = Readonly<Record<string, string>>

/** The options of a STOMP client. Those of the sessions below are there, too. */
export interface StompOptions<C extends ContractShape = AnyContract> extends Omit<ReconnectingOptions, 'headers' | 'queue' | 'resume' | 'signal'> {
  /** The contract with the server. It gives the types of destinations and values. The client itself does not read it. */
  readonly contract?: C
  /** Headers of CONNECT, or a function that returns them, which is called before each CONNECT. */
  readonly headers?: ConnectHeaders | (() => ConnectHeaders | Promise<ConnectHeaders>)
  /** Opens the session below, in place of SockJS. `plainSocket` opens a WebSocket. */
  readonly socket?: (url: string | URL) => SessionLike
  /** Header fields of HTTP requests, as `headers` of `SockJS`. A WebSocket carries none of them. */
  readonly httpHeaders?: RequestHeaders
  /** The heart-beats in milliseconds, 0 for none: its own, and the ones that it asks of the server. By default `[10_000, 10_000]`. */
  readonly heartBeat?: readonly [outgoing: number, incoming: number]
  /** The time for CONNECTED in milliseconds. By default 10,000. */
  readonly connectTimeout?: number
  /** The frames that wait while there is no connection. By default 100. */
  readonly queue?: number
  /** False for servers without receipts, such as the simple broker of Spring: promises resolve when the frame is handed over. By default true. */
  readonly receipt?: boolean
  /** The destination of the errors of handlers, or false for brokers without it. By default `/user/queue/errors`. */
  readonly errors?: string | false
}
