/**
 * The registry of every error code of both products. The classes of errors and the texts of ERROR frames are made from it.
 *
 * A code never changes, because applications and clients compare it. Each `%s` in a text stands for a detail.
 */

/**
 * The reader of an error that is thrown.
 *
 * - `developer`: a mistake in the program, which shows itself while the application starts;
 * - `application`: a call or a message that failed while the application runs, so that a program handles the error.
 */
type ErrorReader = 'developer' | 'application'

/** An error that is thrown. The status is that of an HTTP response that reports it, and `base` is the class that it extends. */
export type ThrownEntry = readonly [reader: ErrorReader, code: string, status: number, base: ErrorConstructor, text: string]

/** The errors that the SockJS product throws. */
export const SOCKJS_ERRORS = {
  /** The plugin was registered in a scope that has it already. */
  AlreadyRegistered: ['developer', 'FST_SOCKJS_ALREADY_REGISTERED', 500, Error, 'fastify-sockjs is registered already; call app.sockjs() once per endpoint instead'],
  /** A part that needs the plugin was used before it, or without it. */
  NotRegistered: ['developer', 'FST_SOCKJS_NOT_REGISTERED', 500, Error, 'register fastify-sockjs before sockjsMetrics and collectMetrics'],
  /** An option has the wrong type or value, or is unknown. */
  InvalidOption: ['developer', 'FST_SOCKJS_INVALID_OPTION', 500, TypeError, 'option %s: %s'],
  /** The path of an endpoint is not a path that can be served. */
  InvalidPath: ['developer', 'FST_SOCKJS_INVALID_PATH', 500, TypeError, 'path %s: %s'],
  /** The handler of an endpoint is not a function, or the arguments are in another order. */
  InvalidHandler: ['developer', 'FST_SOCKJS_INVALID_HANDLER', 500, TypeError, 'endpoint %s: %s; call app.sockjs(path, handler) or app.sockjs(path, options, handler)'],
  /** Two endpoints have one path. */
  DuplicateEndpoint: ['developer', 'FST_SOCKJS_DUPLICATE_ENDPOINT', 500, Error, 'endpoint %s exists already'],
  /** An endpoint was added after the start, when Fastify takes no more routes. */
  TooLate: ['developer', 'FST_SOCKJS_TOO_LATE', 500, Error, 'endpoint %s: the application has started, and Fastify takes no more routes; call app.sockjs() before app.ready() and app.listen()'],
  /** An option needs the WebSocket server of this package, but the application registered `@fastify/websocket` before. */
  ForeignWebsocketServer: ['developer', 'FST_SOCKJS_FOREIGN_WEBSOCKET_SERVER', 500, Error, 'option %s has no effect: @fastify/websocket was registered before with options of its own; %s'],
  /** The option `allowDrafts` needs the package `websocket-driver`, which cannot be loaded. */
  MissingPackage: ['developer', 'FST_SOCKJS_MISSING_PACKAGE', 500, Error, 'endpoint %s: the option allowDrafts needs the package websocket-driver; run: npm install websocket-driver (it cannot be loaded: %s)'],
  /** `send()` was given a value that the transport cannot carry. */
  InvalidMessage: ['application', 'FST_SOCKJS_INVALID_MESSAGE', 500, TypeError, '%s'],
  /** `close()` was given a code other than an integer from 1000 to 4999, or a reason other than a string. */
  InvalidClose: ['application', 'FST_SOCKJS_INVALID_CLOSE', 500, TypeError, 'close(): %s'],
  /** A function that was given as an option returned a wrong value. */
  InvalidAnswer: ['application', 'FST_SOCKJS_INVALID_ANSWER', 500, TypeError, 'the function of the option %s: %s'],
  /** A user has no property that tells it from others. The option `userKey` names one. */
  UnknownUserKey: ['application', 'FST_SOCKJS_UNKNOWN_USER_KEY', 500, TypeError, 'the user has no id, sub, name or username; set the option userKey'],
  /** The option `user` returned a promise. */
  AsyncUser: ['application', 'FST_SOCKJS_ASYNC_USER', 500, TypeError, 'the option user must return the user, not a promise; find out the user in a hook'],
  /** A session does not have the event, or the listener is not a function. */
  InvalidListener: ['application', 'FST_SOCKJS_INVALID_LISTENER', 500, TypeError, '%s']
} as const satisfies Readonly<Record<string, ThrownEntry>>

/** The errors of engines, which connect the nodes of a cluster. */
export const ENGINE_ERRORS = {
  /** An option of an engine has the wrong type or value, or is unknown. */
  InvalidOption: ['developer', 'FST_SOCKJS_ENGINE_INVALID_OPTION', 500, TypeError, 'option %s of the engine: %s'],
  /** The engine cannot be used: it misses rights, its set-up is wrong, or it is in use already. */
  Refused: ['developer', 'FST_SOCKJS_ENGINE_REFUSED', 500, Error, 'engine %s: %s'],
  /** The engine was away for too long, or the node was stopped. */
  Unavailable: ['application', 'FST_SOCKJS_ENGINE_UNAVAILABLE', 503, Error, 'engine %s is not available: %s'],
  /** A publication is larger than the engine takes. */
  TooLarge: ['application', 'FST_SOCKJS_ENGINE_TOO_LARGE', 413, RangeError, 'a publication of %s bytes is larger than the %s bytes that the engine takes'],
  /** A queue or a log takes no more. */
  Full: ['application', 'FST_SOCKJS_ENGINE_FULL', 507, Error, 'engine %s takes no more messages: %s']
} as const satisfies Readonly<Record<string, ThrownEntry>>

/** The errors of the inspector. */
export const INSPECTOR_ERRORS = {
  /** The inspector was registered before the SockJS plugin, or without it. */
  NeedsSockjs: ['developer', 'FST_SOCKJS_INSPECTOR_NEEDS_SOCKJS', 500, Error, 'register fastify-sockjs before fastify-sockjs/inspector'],
  /** An option of the inspector has a wrong value, or is unknown. */
  InvalidOption: ['developer', 'FST_SOCKJS_INSPECTOR_INVALID_OPTION', 500, TypeError, 'option %s of the inspector: %s'],
  /** The inspector has no hook of its own that could refuse a client. */
  Unguarded: ['developer', 'FST_SOCKJS_INSPECTOR_UNGUARDED', 500, Error, 'nothing protects the inspector at %s: give it a hook that refuses strangers, such as onRequest: app.authenticate, or write open: true if another protection stands before it']
} as const satisfies Readonly<Record<string, ThrownEntry>>

/** The errors of the bridge between STOMP and Kafka. */
export const KAFKA_ERRORS = {
  /** The bridge was registered before the STOMP plugin, or without it. */
  NeedsStomp: ['developer', 'FST_STOMP_KAFKA_NEEDS_STOMP', 500, Error, 'register fastify-sockjs/stomp before fastify-sockjs/kafka'],
  /** The bridge was registered before. */
  AlreadyRegistered: ['developer', 'FST_STOMP_KAFKA_ALREADY_REGISTERED', 500, Error, 'fastify-sockjs/kafka is registered already; name all topics in one registration'],
  /** An option of the bridge has the wrong type or value, or is unknown. */
  InvalidOption: ['developer', 'FST_STOMP_KAFKA_INVALID_OPTION', 500, TypeError, 'option %s of the Kafka bridge: %s'],
  /** The rules would carry a message from Kafka back to the topic from which it came. */
  Loop: ['developer', 'FST_STOMP_KAFKA_LOOP', 500, Error, 'the rules of the Kafka bridge make a loop: %s']
} as const satisfies Readonly<Record<string, ThrownEntry>>

/** The errors of the plugin for OpenTelemetry. */
export const OTEL_ERRORS = {
  /** The plugin was registered before the SockJS plugin, or without it. */
  NeedsSockjs: ['developer', 'FST_SOCKJS_OTEL_NEEDS_SOCKJS', 500, Error, 'register fastify-sockjs before fastify-sockjs/otel'],
  /** The plugin was registered before. */
  AlreadyRegistered: ['developer', 'FST_SOCKJS_OTEL_ALREADY_REGISTERED', 500, Error, 'fastify-sockjs/otel is registered already'],
  /** An option of the plugin has the wrong type or value, or is unknown. */
  InvalidOption: ['developer', 'FST_SOCKJS_OTEL_INVALID_OPTION', 500, TypeError, 'option %s of fastify-sockjs/otel: %s']
} as const satisfies Readonly<Record<string, ThrownEntry>>

/** The errors that the STOMP product throws. */
export const STOMP_ERRORS = {
  /** The STOMP plugin was registered before the SockJS plugin, or without it. */
  NeedsSockjs: ['developer', 'FST_STOMP_NEEDS_SOCKJS', 500, Error, 'register fastify-sockjs before fastify-sockjs/stomp'],
  /** The STOMP plugin was registered before. */
  AlreadyRegistered: ['developer', 'FST_STOMP_ALREADY_REGISTERED', 500, Error, 'fastify-sockjs/stomp is registered already'],
  /** An option, a hook or a rule has a wrong value, or is unknown. */
  InvalidOption: ['developer', 'FST_STOMP_INVALID_OPTION', 500, TypeError, 'option %s: %s'],
  /** The document of the API was asked for before the application was ready, when routes may be missing. */
  NotReady: ['developer', 'FST_STOMP_NOT_READY', 500, Error, '%s: the application is not ready, so that routes may be missing; call it after await app.ready()'],
  /** A message or subscribe route has a wrong path, no handler or an unknown option. */
  InvalidRoute: ['developer', 'FST_STOMP_INVALID_ROUTE', 500, TypeError, 'route %s: %s'],
  /** A contract has a mistake, or the handlers, the prefixes or the broker do not fit it. `defineContract()` throws an error with this code, too. */
  InvalidContract: ['developer', 'FST_STOMP_INVALID_CONTRACT', 500, TypeError, 'contract: %s'],
  /** Two routes have one path. */
  DuplicateRoute: ['developer', 'FST_STOMP_DUPLICATE_ROUTE', 500, Error, 'route %s exists already'],
  /** The application prefix overlaps a prefix of the broker, or two prefixes overlap each other. */
  PrefixConflict: ['developer', 'FST_STOMP_PREFIX_CONFLICT', 500, Error, 'prefix %s overlaps %s'],
  /** A destination has the wrong form, or no route and no broker serves it. */
  InvalidDestination: ['application', 'FST_STOMP_INVALID_DESTINATION', 400, TypeError, 'destination %s: %s'],
  /** A body cannot be sent or read as its content type says. */
  InvalidBody: ['application', 'FST_STOMP_INVALID_BODY', 400, TypeError, '%s'],
  /** `session.expiresAt` was given a value that is not a time. */
  InvalidExpiry: ['application', 'FST_STOMP_INVALID_EXPIRY', 500, TypeError, 'expiresAt must be a time in milliseconds since 1970, or undefined; it was given %s'],
  /** The params, the headers or the body of a message do not match the schema of its route. */
  Validation: ['application', 'FST_STOMP_VALIDATION', 400, Error, '%s'],
  /** A value that the application sends does not match the schema of the answer or of the destination. */
  InvalidValue: ['application', 'FST_STOMP_INVALID_VALUE', 500, TypeError, '%s'],
  /** The session that `app.stomp.request()` asks is not connected, or has ended before its answer. */
  RequestGone: ['application', 'FST_STOMP_REQUEST_GONE', 410, Error, 'session %s is not connected'],
  /** The session that `app.stomp.request()` asks does not subscribe to the destination of the question. */
  RequestUnheard: ['application', 'FST_STOMP_REQUEST_UNHEARD', 409, Error, 'session %s does not subscribe to %s'],
  /** The client did not answer `app.stomp.request()` in time. It may still have got the question. */
  RequestTimeout: ['application', 'FST_STOMP_REQUEST_TIMEOUT', 504, Error, 'session %s has not answered within %s ms'],
  /** A node that may own the session did not answer. The client may have got the question. */
  RequestUnreachable: ['application', 'FST_STOMP_REQUEST_UNREACHABLE', 503, Error, 'a node that may own session %s has not answered'],
  /** The client has answered `app.stomp.request()` with the header `error`. */
  RequestRefused: ['application', 'FST_STOMP_REQUEST_REFUSED', 502, Error, 'the client has refused: %s'],
  /** The answer of the client cannot be read, or does not match its schema. */
  RequestInvalid: ['application', 'FST_STOMP_REQUEST_INVALID', 502, Error, 'the answer of the client: %s'],
  /** A client of `app.stomp.inject()` got an ERROR frame. `code` is the code of that frame. */
  InjectRefused: ['application', 'FST_STOMP_INJECT_REFUSED', 400, Error, '%s'],
  /** A client of `app.stomp.inject()` waits on a connection that has closed. */
  InjectClosed: ['application', 'FST_STOMP_INJECT_CLOSED', 500, Error, '%s'],
  /** `app.stomp.inject()` waited for a frame that did not come. */
  InjectTimeout: ['application', 'FST_STOMP_INJECT_TIMEOUT', 500, Error, '%s']
} as const satisfies Readonly<Record<string, ThrownEntry>>

/**
 * An error that the client reads in an ERROR frame.
 *
 * The text never quotes the input. It holds no colon and no backslash, because an ERROR that is sent before a version is agreed
 * cannot escape them (STOMP-E4, STOMP-X2).
 */
export interface ClientEntry {
  readonly text: string
  /** The HTTP status that fits the error, for error handlers. If it is left out, it is 400. */
  readonly status?: number
}

/** The faults of a frame that the codec finds. `#` in a text is the limit. */
export const FRAME_ERRORS = {
  STOMP_NUL_IN_HEAD: { text: 'The frame ended before the empty line that closes its head' }, // STOMP-F1
  STOMP_STRAY_CARRIAGE_RETURN: { text: 'A carriage return is not followed by a line feed' }, // STOMP-F3
  STOMP_HEADER_WITHOUT_COLON: { text: 'A header line has no colon' }, // STOMP-F6
  STOMP_EMPTY_HEADER_NAME: { text: 'A header has no name' }, // STOMP-F6
  STOMP_INVALID_UTF8: { text: 'The head of the frame is not valid UTF-8' }, // STOMP-F11
  STOMP_UNDEFINED_ESCAPE: { text: 'A header holds an undefined escape sequence' }, // STOMP-E2
  STOMP_BODY_LENGTH_MISMATCH: { text: 'The body does not end where content-length says' }, // STOMP-B1
  STOMP_BAD_CONTENT_LENGTH: { text: 'content-length is not a number of octets' }, // STOMP-B4
  STOMP_CONFLICTING_CONTENT_LENGTH: { text: 'content-length is repeated with another value' }, // STOMP-B4
  STOMP_BODY_NOT_ALLOWED: { text: 'This command cannot carry a body' }, // STOMP-B5
  STOMP_NO_COMMON_VERSION: { text: 'None of the protocol versions asked for is supported' }, // STOMP-C3
  STOMP_BAD_HEART_BEAT: { text: 'heart-beat is not a pair of non-negative integers' }, // STOMP-H1
  STOMP_COMMAND_TOO_LONG: { text: 'The command is longer than # octets' }, // STOMP-L1
  STOMP_TOO_MANY_HEADERS: { text: 'The frame has more than # headers' }, // STOMP-L1
  STOMP_HEADER_LINE_TOO_LONG: { text: 'A header line is longer than # octets' }, // STOMP-L1
  STOMP_HEAD_TOO_LONG: { text: 'The head of the frame is longer than # octets' }, // STOMP-L1
  STOMP_BODY_TOO_LONG: { text: 'The body is longer than # octets' }, // STOMP-L1
  STOMP_CONNECT_FRAME_TOO_LONG: { text: 'A frame before CONNECTED is longer than # octets' }, // STOMP-L2
  STOMP_UNKNOWN_COMMAND: { text: 'The command is unknown' } // STOMP-U1
} as const satisfies Readonly<Record<string, ClientEntry>>

/** The refusals of a session, which keeps the rules of the protocol, and of the application above it. */
export const SESSION_ERRORS = {
  STOMP_NOT_CONNECTED: { text: 'The first frame must be CONNECT or STOMP' },
  STOMP_ALREADY_CONNECTED: { text: 'This connection has a session already' },
  STOMP_CONNECT_TIMEOUT: { text: 'No CONNECT frame came in time' },
  STOMP_ACCESS_REFUSED: { text: 'Access refused', status: 403 },
  STOMP_AUTHENTICATION_FAILED: { text: 'Login refused', status: 401 },
  STOMP_SESSION_EXPIRED: { text: 'The session has expired', status: 401 },
  STOMP_UNKNOWN_HOST: { text: 'The host header is missing or names no virtual host of this server' },
  STOMP_HEADER_MISSING: { text: 'A required header is missing' },
  STOMP_INVALID_ACK_MODE: { text: 'The ack header must be auto, client or client-individual' },
  STOMP_DUPLICATE_SUBSCRIPTION: { text: 'A subscription with this id exists already' },
  STOMP_UNKNOWN_SUBSCRIPTION: { text: 'There is no subscription with this id' },
  STOMP_TOO_MANY_SUBSCRIPTIONS: { text: 'Too many subscriptions' },
  STOMP_DESTINATION_TOO_LONG: { text: 'The destination is too long' },
  STOMP_UNKNOWN_DESTINATION: { text: 'Nothing here serves this destination', status: 404 },
  STOMP_NO_PRESENCE: { text: 'This topic has no presence', status: 404 },
  STOMP_TOO_MANY_WATCHERS: { text: 'Too many clients watch the presence of this topic' },
  STOMP_UNKNOWN_MESSAGE: { text: 'The message is not known, or is acknowledged already' },
  STOMP_TOO_MANY_UNACKNOWLEDGED: { text: 'Too many unacknowledged messages' },
  STOMP_TOO_MANY_STREAMS: { text: 'Too many streams of answers' },
  STOMP_DUPLICATE_TRANSACTION: { text: 'A transaction with this id is open already' },
  STOMP_UNKNOWN_TRANSACTION: { text: 'There is no open transaction with this id' },
  STOMP_TOO_MANY_TRANSACTIONS: { text: 'Too many open transactions' },
  STOMP_TRANSACTION_TOO_LARGE: { text: 'The transaction is too large' },
  STOMP_HEART_BEAT_LOST: { text: 'No heart-beat came in time' },
  STOMP_TOO_MANY_EOLS: { text: 'Too many empty lines' },
  STOMP_RATE_EXCEEDED: { text: 'Too many frames in too short a time', status: 429 },
  STOMP_HANDLER_FAILED: { text: 'The message could not be processed', status: 500 },
  STOMP_INTERNAL: { text: 'Internal server error', status: 500 }
} as const satisfies Readonly<Record<string, ClientEntry>>

/** The refusals of a broker. A code that a session has too means the same to the client. */
export const BROKER_ERRORS = {
  STOMP_BROKER_UNAVAILABLE: { text: 'The broker is not available' },
  STOMP_BROKER_STOPPED: { text: 'The broker was stopped' },
  STOMP_BROKER_LOST: { text: 'The connection to the broker was lost' },
  STOMP_BROKER_TIMEOUT: { text: 'The broker did not answer in time' },
  STOMP_BROKER_BUSY: { text: 'Too much waits for the broker' },
  STOMP_BROKER_REFUSED: { text: 'The broker has refused this' },
  STOMP_ACCESS_REFUSED: { text: 'The broker refuses access' },
  STOMP_SUBSCRIPTION_ENDED: { text: 'The broker has ended the subscription' },
  STOMP_BROKER_FULL: { text: 'The queues of this broker are full' },
  STOMP_UNKNOWN_DESTINATION: SESSION_ERRORS.STOMP_UNKNOWN_DESTINATION,
  STOMP_INVALID_DESTINATION: { text: 'The destination has the wrong form' },
  STOMP_DESTINATION_TOO_LONG: SESSION_ERRORS.STOMP_DESTINATION_TOO_LONG,
  STOMP_INVALID_HEADER: { text: 'A header has no valid value' },
  STOMP_QUEUE_FULL: { text: 'The queue is full' },
  STOMP_MESSAGE_TOO_LARGE: { text: 'The message is larger than the broker takes', status: 413 },
  STOMP_TOO_MANY_QUEUES: { text: 'There are too many queues' },
  STOMP_TOO_MANY_TEMPORARY_QUEUES: { text: 'There are too many temporary queues on this connection' },
  STOMP_FELL_BEHIND: { text: 'The subscription fell behind, and messages for it were lost' }
} as const satisfies Readonly<Record<string, ClientEntry>>
