import type { ContractMessage, ContractShape } from '../../contract/shape.ts'
import type { AnsweredPaths, PathsOf, WireHeadersOf, WireOf, WireParamsOf } from '../../contract/inferred.ts'
import type { Emitter } from '../emitter.ts'
import type { Handler } from '../events.ts'
import type { StompEventMap } from './events.ts'
import type { Headers } from './frame.ts'

/** The contract of a client without one: any destination, and any value. */
export interface AnyContract {
  /** Any message, with any answer. */
  readonly messages: Readonly<Record<string, Required<Pick<ContractMessage, 'answer'>>>>
  /** Any subscription. */
  readonly subscriptions: Readonly<Record<string, object>>
  /** Any destination. */
  readonly destinations: Readonly<Record<string, object>>
  /** Any question of the server. */
  readonly requests: Readonly<Record<string, object>>
}

/** A value without required parts. */
type Nothing = Record<never, never>

/** The state of a client. `interrupted` is the time between two connections. */
export type StompState = 'connecting' | 'connected' | 'interrupted' | 'closing' | 'closed'

/** Parameters and headers. A part without a required value may be left out. */
export type Given<Params, FrameHeaders> =
  OptionalIf<Nothing extends Params ? true : false, GivenParams<Params>> & OptionalIf<Nothing extends FrameHeaders ? true : false, GivenHeaders<FrameHeaders>>

/** The parameters of a destination. */
export interface GivenParams<Params> {
  /** The values of the `:name` parts. */
  readonly params: Params
}

/** The headers of a frame. */
export interface GivenHeaders<FrameHeaders> {
  /** More headers of the frame. */
  readonly headers: FrameHeaders
}

type OptionalIf<Condition extends boolean, Value> = Condition extends true ? Partial<Value> : Value

/** The options of SEND. */
export interface SendOptions {
  /** False sends without a receipt: the promise resolves when the frame is handed over. By default true. */
  readonly receipt?: boolean
}

/** The options of a question. */
export interface RequestOptions {
  /** The time for the answer in milliseconds. By default 30,000. */
  readonly timeout?: number
}

/** The options of SUBSCRIBE. */
export interface SubscribeOptions {
  /** The mode of acknowledgements. By default `auto`: the server takes each message as handled. */
  readonly ack?: 'auto' | 'client' | 'client-individual'
  /** The messages that may wait for the loop. One more ends the subscription with `STOMP_CLIENT_OVERFLOW`. By default 1,000. */
  readonly limit?: number
  /** A signal that ends the subscription. */
  readonly signal?: AbortSignal | undefined
  /** Called at the place of messages that are lost, so that the application loads its data again. */
  readonly ongap?: () => void
}

/** A message of the server. */
export interface StompMessage<Body = unknown> {
  /** The body: a text if the content type is `text/`, else parsed if it is JSON. An empty body is `undefined`. */
  readonly body: Body
  /** The body as it came. */
  readonly text: string
  /** The headers. */
  readonly headers: Headers
  /** The destination of the message. */
  readonly destination: string
  /** Acknowledges the message. Returns false if its connection has ended: then the server delivers it again. */
  ack (): boolean
  /** Refuses the message. Returns false as `ack` does. */
  nack (): boolean
}

/**
 * A subscription, over all connections. `for await` gives its messages, and leaving the loop unsubscribes.
 *
 * The loop throws a `StompClientError` if the server refused the subscription, if too many messages waited, or if the client ended by a failure.
 */
export interface StompSubscription<Body = unknown> extends AsyncGenerator<StompMessage<Body>, undefined> {
  /** The id of SUBSCRIBE. */
  readonly id: string
  /** The destination, with its parameters. */
  readonly destination: string
  /** Resolves at the first RECEIPT: every later message arrives. Rejects if the subscription ends before. */
  readonly ready: Promise<void>
  /** Ends the subscription. A loop over it ends, too. */
  unsubscribe (): void
}

/** Frames that take effect together. A transaction belongs to one connection, and its commit rejects when that has ended. */
export interface StompTransaction<C extends ContractShape = AnyContract> {
  /** The id of BEGIN. */
  readonly id: string
  /** Sends within the transaction. */
  send<Path extends PathsOf<C, 'messages'>> (destination: Path, ...rest: SendArguments<C, Path, object>): void
  /** Acknowledges a message within the transaction. */
  ack (message: StompMessage): void
  /** Refuses a message within the transaction. */
  nack (message: StompMessage): void
  /** Resolves when all frames have taken effect. */
  commit (): Promise<void>
  /** Resolves when all frames are dropped. */
  abort (): Promise<void>
}

type SendArguments<C extends ContractShape, Path extends string, Options> =
  ValueAndOptions<WireOf<C, 'messages', Path, 'body'>, Options & Given<WireParamsOf<C, 'messages', Path>, WireHeadersOf<C, 'messages', Path>>>

type ValueAndOptions<Value, Options> = Nothing extends Options
  ? undefined extends Value ? [value?: Value, options?: Options] : [value: Value, options?: Options]
  : [value: Value, options: Options]

/** The destinations to which a client of a contract subscribes. */
export type SubscribedPaths<C extends ContractShape> = PathsOf<C, 'destinations'> | PathsOf<C, 'subscriptions'>

/** The part of a contract in which a destination stands. */
type PartOf<C extends ContractShape, Path> = Path extends PathsOf<C, 'destinations'> ? 'destinations' : 'subscriptions'

/** The body of the messages of a destination. */
export type MessageBody<C extends ContractShape, Path extends string> =
  Path extends PathsOf<C, 'destinations'> ? WireOf<C, 'destinations', Path, 'body'> : WireOf<C, 'subscriptions', Path, 'answer'>

type OptionsAndListener<Options, Listener> = Nothing extends Options ? [options?: Options, listener?: Listener] : [options: Options, listener?: Listener]

/** A STOMP client over many connections, typed by a contract. */
export interface StompClient<C extends ContractShape = AnyContract> extends Emitter<StompEventMap> {
  /** Called when a connection is there, the first or another one. */
  onconnected?: Handler<StompEventMap['connected']>
  /** Called when a connection has ended or could not be made, and another attempt follows. */
  oninterrupted?: Handler<StompEventMap['interrupted']>
  /** Called when all subscriptions exist again after an interruption. */
  onrecovered?: Handler<StompEventMap['recovered']>
  /** Called where messages of a subscription are lost. */
  ongap?: Handler<StompEventMap['gap']>
  /** Called with an error that no promise and no loop of the application gets. */
  onerror?: Handler<StompEventMap['error']>
  /** Called once, when the client has ended. */
  onclosed?: Handler<StompEventMap['closed']>
  /** The state. */
  readonly state: StompState

  /**
   * Subscribes. The messages go to the listener, or else to the loop over the result.
   *
   * @throws STOMP_CLIENT_BAD_ARGUMENT for a parameter without a value, STOMP_CLIENT_CLOSED
   */
  subscribe<Path extends SubscribedPaths<C>> (
    destination: Path,
    ...rest: OptionsAndListener<
      SubscribeOptions & Given<WireParamsOf<C, PartOf<C, Path>, Path>, WireHeadersOf<C, PartOf<C, Path>, Path>>,
      (message: StompMessage<MessageBody<C, Path>>) => void
    >
  ): StompSubscription<MessageBody<C, Path>>

  /**
   * Sends a value, and resolves when the server has processed it. While there is no connection it waits.
   *
   * It rejects with the code of the server, or with `STOMP_CLIENT_INTERRUPTED` if it is unknown whether the server has processed it.
   */
  send<Path extends PathsOf<C, 'messages'>> (destination: Path, ...rest: SendArguments<C, Path, SendOptions>): Promise<void>

  /** Sends a question, and resolves with the first answer. It rejects as `send` does, and with `STOMP_CLIENT_TIMEOUT` or `STOMP_CLIENT_REFUSED`. */
  request<Path extends AnsweredPaths<C>> (destination: Path, ...rest: SendArguments<C, Path, RequestOptions>): Promise<WireOf<C, 'messages', Path, 'answer'>>

  /**
   * Answers the questions that come to a destination, of the server or of other clients.
   *
   * If the handler throws, the text of its error goes to the other end, and the error itself to the event `error`.
   */
  answer<Path extends PathsOf<C, 'requests'>> (
    destination: Path,
    handler: (
      question: WireOf<C, 'requests', Path, 'body'>, message: StompMessage<WireOf<C, 'requests', Path, 'body'>>
    ) => WireOf<C, 'requests', Path, 'answer'> | Promise<WireOf<C, 'requests', Path, 'answer'>>
  ): StompSubscription

  /** Ends the client: DISCONNECT with its RECEIPT, and then the connection. Resolves when it has ended. */
  close (): Promise<void>
}
