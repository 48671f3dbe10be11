import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Broker, BrokerState } from './broker/broker.ts'
import type { Subscription } from './session/subscriptions.ts'
import type { Users } from './users.ts'

const STATES: readonly BrokerState[] = ['starting', 'available', 'unavailable', 'blocked']

const VERSIONS = ['1.0', '1.1', '1.2'] as const

const KINDS = ['topic', 'queue', 'user', 'app'] as const

/** Adds the numbers that exist anyway: sessions, their subscriptions, and the state of the broker. */
export function observeServer (telemetry: Telemetry, users: Users, broker: Broker): void {
  telemetry.observe('stomp.server.sessions', () => {
    const counts = zeros(VERSIONS)
    for (const { version } of users.sessions) counts[version]++
    return VERSIONS.map((version) => ({ attributes: { 'stomp.version': version }, value: counts[version] }))
  })
  telemetry.observe('stomp.server.subscriptions', () => {
    const counts = zeros(KINDS)
    for (const { subscriptions } of users.sessions) for (const subscription of subscriptions) counts[kindOf(subscription, broker)]++
    return KINDS.map((kind) => ({ attributes: { 'stomp.subscription.kind': kind }, value: counts[kind] }))
  })
  telemetry.observe('stomp.broker.state', () => STATES.map((state) => ({ attributes: { 'stomp.broker.state': state }, value: broker.state === state ? 1 : 0 })))
  broker.report?.(telemetry)
}

function kindOf ({ source, destination }: Subscription, broker: Broker): typeof KINDS[number] {
  if (source === 'user') return 'user'
  return source === 'broker' ? broker.kindOf?.(destination) ?? 'topic' : 'app'
}

function zeros<Key extends string> (keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>
}
