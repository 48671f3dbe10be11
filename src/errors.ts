import { createError } from './coded-error.ts'

/** Every error that the package throws at an application, by code. */
export const errors = {
  /** `fastify-sockjs` was registered in a scope that has it already. */
  AlreadyRegistered: createError('FST_SOCKJS_ALREADY_REGISTERED',
    'fastify-sockjs is registered already; call app.sockjs() once per endpoint instead', 500),
  /** An option has the wrong type or value, or is unknown. */
  InvalidOption: createError('FST_SOCKJS_INVALID_OPTION', 'option %s: %s', 500, TypeError),
  /** The path of an endpoint is not usable. */
  InvalidPath: createError('FST_SOCKJS_INVALID_PATH', 'path %s: %s', 500, TypeError),
  /** The handler of an endpoint is not a function, or the arguments are in another order. */
  InvalidHandler: createError('FST_SOCKJS_INVALID_HANDLER',
    'endpoint %s: %s; call app.sockjs(path, handler) or app.sockjs(path, options, handler)', 500, TypeError),
  /** Two endpoints with one path. */
  DuplicateEndpoint: createError('FST_SOCKJS_DUPLICATE_ENDPOINT', 'endpoint %s exists already', 500),
  /** An endpoint was added when Fastify takes no more routes. */
  TooLate: createError('FST_SOCKJS_TOO_LATE',
    'endpoint %s: the application has started, and Fastify takes no more routes; call app.sockjs() before app.ready() and app.listen()', 500),
  /** An option that only a WebSocket server of our own can hold, while the application registered its own. */
  ForeignWebsocketServer: createError('FST_SOCKJS_FOREIGN_WEBSOCKET_SERVER',
    'option %s cannot hold: @fastify/websocket was registered before with options of its own; %s', 500),
  /** `send()` was given something that the transport cannot carry. */
  InvalidMessage: createError('FST_SOCKJS_INVALID_MESSAGE', '%s', 500, TypeError),
  /** `close()` was given a code other than an integer from 1000 to 4999, or a reason other than a string. */
  InvalidClose: createError('FST_SOCKJS_INVALID_CLOSE', 'close(): %s', 500, TypeError),
  /** A function that was given as an option returned a wrong value. */
  InvalidAnswer: createError('FST_SOCKJS_INVALID_ANSWER', 'the function of the option %s: %s', 500, TypeError),
  /** A user has nothing by which it could be told from others: set `userKey`. */
  UnknownUserKey: createError('FST_SOCKJS_UNKNOWN_USER_KEY', 'the user has no id, sub, name or username; set the option userKey', 500, TypeError),
  /** `user` gave a promise. */
  AsyncUser: createError('FST_SOCKJS_ASYNC_USER', 'the option user must answer at once; find out who it is in a hook', 500, TypeError),
  /** An event that sessions do not have, or a listener that is not a function. */
  InvalidListener: createError('FST_SOCKJS_INVALID_LISTENER', '%s', 500, TypeError)
} as const
