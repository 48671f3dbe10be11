/** The client for browsers, workers, React Native and servers: `fastify-sockjs/client`. @module */

export { SockJS, SockJS as default } from './client/sockjs.ts'
export { reconnecting } from './client/reconnecting.ts'
export { resumable } from './client/resumable.ts'
export type { Resumable, ResumableEventMap } from './client/resumable.ts'
export type { ResumableOptions } from './client/resumed-session.ts'
export type { Closing, InterruptEvent, Reconnecting, ReconnectingEventMap, ReconnectingOptions, ReconnectingUrl } from './client/reconnecting.ts'
export type { Emitter, Listener } from './client/emitter.ts'
export type { Handler, SockJSCloseEvent, SockJSEvent, SockJSEventMap, SockJSMessageEvent } from './client/events.ts'
export type { FailedAttempt, RequestHeaders, SockJSOptions, SockJSTransport } from './client/options.ts'
