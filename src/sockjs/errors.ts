import { createError } from '../core/coded-error.ts'

/** Every error that the package throws at an application, by code. */
export const errors = {
  /** The plugin was registered in a scope that has it already. */
  AlreadyRegistered: createError('FST_SOCKJS_ALREADY_REGISTERED',
    'fastify-sockjs is registered already; call app.sockjs() once per endpoint instead', 500),
  /** An option has the wrong type or value, or is unknown. */
  InvalidOption: createError('FST_SOCKJS_INVALID_OPTION', 'option %s: %s', 500, TypeError),
  /** The path of an endpoint is not a path that can be served. */
  InvalidPath: createError('FST_SOCKJS_INVALID_PATH', 'path %s: %s', 500, TypeError),
  /** The handler of an endpoint is not a function, or the arguments are in another order. */
  InvalidHandler: createError('FST_SOCKJS_INVALID_HANDLER',
    'endpoint %s: %s; call app.sockjs(path, handler) or app.sockjs(path, options, handler)', 500, TypeError),
  /** Two endpoints have one path. */
  DuplicateEndpoint: createError('FST_SOCKJS_DUPLICATE_ENDPOINT', 'endpoint %s exists already', 500),
  /** An endpoint was added after the start, when Fastify takes no more routes. */
  TooLate: createError('FST_SOCKJS_TOO_LATE',
    'endpoint %s: the application has started, and Fastify takes no more routes; call app.sockjs() before app.ready() and app.listen()', 500),
  /** An option needs the WebSocket server of this package, but the application registered `@fastify/websocket` before. */
  ForeignWebsocketServer: createError('FST_SOCKJS_FOREIGN_WEBSOCKET_SERVER',
    'option %s has no effect: @fastify/websocket was registered before with options of its own; %s', 500),
  /** `send()` was given a value that the transport cannot carry. */
  InvalidMessage: createError('FST_SOCKJS_INVALID_MESSAGE', '%s', 500, TypeError),
  /** `close()` was given a code other than an integer from 1000 to 4999, or a reason other than a string. */
  InvalidClose: createError('FST_SOCKJS_INVALID_CLOSE', 'close(): %s', 500, TypeError),
  /** A function that was given as an option returned a wrong value. */
  InvalidAnswer: createError('FST_SOCKJS_INVALID_ANSWER', 'the function of the option %s: %s', 500, TypeError),
  /** A user has no property that tells it from others. The option `userKey` names one. */
  UnknownUserKey: createError('FST_SOCKJS_UNKNOWN_USER_KEY', 'the user has no id, sub, name or username; set the option userKey', 500, TypeError),
  /** The option `user` returned a promise. */
  AsyncUser: createError('FST_SOCKJS_ASYNC_USER', 'the option user must return the user, not a promise; find out the user in a hook', 500, TypeError),
  /** A session does not have the event, or the listener is not a function. */
  InvalidListener: createError('FST_SOCKJS_INVALID_LISTENER', '%s', 500, TypeError)
} as const
