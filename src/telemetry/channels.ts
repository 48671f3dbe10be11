import { channel } from 'node:diagnostics_channel'
import type { BrokerStateEvent, EngineStateEvent, SessionCloseEvent, SessionOpenEvent, SessionRefuseEvent, StompConnectEvent, StompErrorEvent, StompSubscribeEvent } from './events.ts'

/**
 * A channel of `node:diagnostics_channel` with the type of its events.
 *
 * A part asks `hasSubscribers` before it makes an event, so that nothing is allocated while there is no subscriber.
 */
export interface Channel<Event extends object> {
  readonly hasSubscribers: boolean
  publish (event: Event): void
}

// The channels belong to the process, as all of `node:diagnostics_channel` does. A constant holds each one, because Node keeps only weak references.
export const sessionOpen: Channel<SessionOpenEvent> = channel('fastify-sockjs.session.open')
export const sessionClose: Channel<SessionCloseEvent> = channel('fastify-sockjs.session.close')
export const sessionRefuse: Channel<SessionRefuseEvent> = channel('fastify-sockjs.session.refuse')
export const engineState: Channel<EngineStateEvent> = channel('fastify-sockjs.engine.state')
export const stompConnect: Channel<StompConnectEvent> = channel('fastify-sockjs.stomp.connect')
export const stompSubscribe: Channel<StompSubscribeEvent> = channel('fastify-sockjs.stomp.subscribe')
export const stompError: Channel<StompErrorEvent> = channel('fastify-sockjs.stomp.error')
export const brokerState: Channel<BrokerStateEvent> = channel('fastify-sockjs.broker.state')
