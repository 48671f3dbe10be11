import { isPromise } from '../../../core/promise.ts'
import type { AckMode, SubscribeResult } from '../../broker/broker.ts'
import type { ClientCommand, Frame } from '../../codec/index.ts'
import type { ClientDestination } from '../../destinations.ts'
import { StompError } from '../../errors.ts'
import type { StompSession } from '../stomp-session.ts'
import type { Subscription } from '../subscriptions.ts'
import { destinationOf } from './destination.ts'
import { confirm, required } from './frame.ts'

const ACK_MODES: ReadonlySet<string> = new Set<AckMode>(['auto', 'client', 'client-individual'])

/** [STOMP 1.2, SUBSCRIBE] Adds a subscription. */
export function subscribe (session: StompSession, frame: Frame<ClientCommand>): void | Promise<void> {
  const { host } = session
  const destination = destinationOf(session, frame)
  if (session.version !== '1.0') required(frame, 'id')
  const ack = ackModeOf(session, frame)
  if (session.subscriptions.size >= host.settings.limits.subscriptions) {
    throw new StompError('STOMP_TOO_MANY_SUBSCRIPTIONS', `at most ${host.settings.limits.subscriptions}`)
  }
  const allowed = host.application.checkSubscribe(session, frame, destination)
  return allowed instanceof Promise ? allowed.then(() => accept(session, frame, destination, ack)) : accept(session, frame, destination, ack)
}

/** Reads the header `ack` (STOMP-S3). */
function ackModeOf (session: StompSession, frame: Frame<ClientCommand>): AckMode {
  const mode = frame.headers.get('ack') ?? 'auto'
  if (!ACK_MODES.has(mode) || (session.version === '1.0' && mode === 'client-individual')) throw new StompError('STOMP_INVALID_ACK_MODE')
  return mode as AckMode
}

function accept (session: StompSession, frame: Frame<ClientCommand>, destination: ClientDestination, ack: AckMode): void {
  // The session may have been closed while hooks and rules were asked.
  if (session.state !== 'connected') return
  const { application, broker } = session.host
  const { owner, name } = destination
  if (owner === 'broker' && !broker.accepts(name, 'subscribe')) throw new StompError('STOMP_UNKNOWN_DESTINATION')
  const subscription = session.subscriptions.add(frame.headers.get('id'), name, ack, owner)
  if (owner === 'broker') return acceptByBroker(session, frame, subscription)
  if (owner !== 'user') {
    subscription.feed = application.feed(session, subscription, frame, destination)
    if (subscription.feed === null) throw new StompError('STOMP_UNKNOWN_DESTINATION')
    // The first messages of the feed may have been too many for the session.
    if (session.over) return subscription.feed.stop()
  }
  register(session, subscription)
  confirm(session, frame, subscription.feed?.ready)
}

function register (session: StompSession, subscription: Subscription): void {
  // The subscription may have ended before the broker had it.
  if (session.subscriptions.find(subscription.key) !== subscription) return
  subscription.registered = true
  session.host.observer.subscribed(session, subscription)
}

/** Subscribes at the broker. After the RECEIPT every message comes, and it has the position of a history (STOMP-R2). */
function acceptByBroker (session: StompSession, frame: Frame<ClientCommand>, subscription: Subscription): void {
  const { key, destination, ack } = subscription
  let answer: SubscribeResult | void
  const registered = (result: SubscribeResult | void): void => {
    answer = result
    register(session, subscription)
    if (result?.recovered !== undefined) session.host.telemetry.recovered(result.recovered)
    if (result?.recovered === false) notRecovered(session, subscription)
  }
  const work = session.connection!.subscribe({ key, destination, ack, headers: frame.headers })
  const later = isPromise(work) ? work : null
  if (later === null) registered(work as SubscribeResult | void)
  confirm(session, frame, later?.then(registered), () => historyHeaders(answer))
}

/**
 * Answers `x-recover` where messages are lost. The client gets an empty MESSAGE that says so, before any other of the subscription.
 */
function notRecovered (session: StompSession, { id, destination, serial }: Subscription): void {
  session.sendFrame('MESSAGE', [
    ...(id === undefined ? [] : [['subscription', id] as const]),
    ['destination', destination],
    ['message-id', `${session.id}-${serial}`],
    ['x-recovered', 'false']
  ])
}

function historyHeaders (answer: SubscribeResult | void): (readonly [string, string])[] {
  const headers: (readonly [string, string])[] = []
  if (answer?.position !== undefined) headers.push(['x-position', answer.position])
  if (answer?.recovered !== undefined) headers.push(['x-recovered', String(answer.recovered)])
  return headers
}
