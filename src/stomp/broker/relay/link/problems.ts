import { shorten } from '../../../../core/shorten.ts'
import type { FrameHeaders } from '../../../codec/index.ts'
import { type BrokerError, refusal, type RefusalCode } from '../../../refusals.ts'
import { ServerFailure } from './failures.ts'
import type { ServerAddress } from './servers.ts'

/**
 * The meaning of an ERROR of the broker (RELAY-6).
 *
 * - `race`: the client did two things at once. That is harmless, and no client is told (FACT-4);
 * - `over`: the subscription that a client ends has ended already;
 * - `subscription`: one subscription has ended, and the rest goes on (RELAY-24);
 * - `refused`: the broker refuses one frame;
 * - `fatal`: the connection cannot be used any more.
 */
export type Verdict = 'race' | 'over' | 'subscription' | 'refused' | 'fatal'

/** An ERROR in words of the relay. The words of a broker name hosts, queues and classes, and never reach a client. */
export interface Problem {
  readonly verdict: Verdict
  readonly error: BrokerError
}

type Row = readonly [pattern: RegExp, verdict: Verdict, code: RefusalCode]

/** The meanings, by the header `message` or the body after it. The first row that fits counts. */
const ROWS: readonly Row[] = [
  [/^Subscription not found/, 'race', 'STOMP_BROKER_REFUSED'],
  [/^No subscription (found|matched)/, 'over', 'STOMP_BROKER_REFUSED'],
  [/^Server cancelled subscription/, 'subscription', 'STOMP_SUBSCRIPTION_ENDED'],
  [/^(Version mismatch|Illegal command|Processing error)/, 'fatal', 'STOMP_BROKER_REFUSED'],
  [/^AMQP channel died|channel_died|connection_forced/i, 'fatal', 'STOMP_BROKER_LOST'],
  [/access_refused|Access refused|SecurityException|not authorized|User name .* is invalid|password is invalid/i, 'refused', 'STOMP_ACCESS_REFUSED'],
  [/^Bad CONNECT/, 'fatal', 'STOMP_ACCESS_REFUSED'],
  [/not_found|(Unknown|Invalid) destination|InvalidDestinationException/i, 'refused', 'STOMP_UNKNOWN_DESTINATION'],
  [/precondition_failed/i, 'refused', 'STOMP_INVALID_HEADER']
]

/** The most characters of an ERROR that a log line quotes. */
const QUOTED = 200

/** Finds the meaning of an ERROR. */
export function brokerProblem (headers: FrameHeaders, body: string, from: ServerAddress): Problem {
  const message = headers.get('message') ?? ''
  const row = ROWS.find(([pattern]) => pattern.test(message)) ?? ROWS.find(([pattern]) => pattern.test(body))
  const [, verdict, code] = row ?? [null, 'refused', 'STOMP_BROKER_REFUSED'] as const
  const quoted = [message, body.trim()].filter((text) => text !== '').join(': ')
  return { verdict, error: refusal(code, undefined, verdict === 'fatal', new ServerFailure(from, `the broker sent ERROR, ${shorten(quoted, QUOTED)}`)) }
}
