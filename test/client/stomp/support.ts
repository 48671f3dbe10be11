import type { Test } from 'tap'
import { connectStomp, type StompClient, type StompMessage, type StompOptions } from '../../../src/stomp-client.ts'
import { memoryBroker } from '../../../src/stomp.ts'
import { buildStomp, type StompTestOptions, type StompTestServer } from '../../stomp/support.ts'
import { Arrivals, within } from '../../support/wait.ts'
import '../support.ts'

export { TRANSPORTS } from '../support.ts'

/** The events of a client that tests wait for. */
const EVENTS = ['connected', 'interrupted', 'recovered', 'gap', 'error', 'closed'] as const

type Events = { readonly [Name in typeof EVENTS[number]]: Arrivals<any> }

/** A client whose events can be waited for. The test closes it. */
export type WatchedClient = StompClient & { readonly events: Events }

/** Starts a STOMP server at `/stomp` whose topics below `/topic/history` have a history. */
export function startStomp (t: Test, options: StompTestOptions = {}): Promise<StompTestServer> {
  return buildStomp(t, {
    listen: true,
    fastify: { forceCloseConnections: true },
    ...options,
    stomp: { broker: memoryBroker({ history: [{ pattern: '/topic/history/**', messages: 1000 }] }), ...options.stomp }
  })
}

/** Opens a client with short pauses. */
export function open (t: Test, port: number, options: StompOptions = {}, path = 'stomp'): WatchedClient {
  return watch(t, connectStomp(`http://127.0.0.1:${port}/${path}`, { timeout: 60_000, minDelay: 5, maxDelay: 50, ...options }))
}

export function watch (t: Test, client: StompClient): WatchedClient {
  const events = Object.fromEntries(EVENTS.map((name) => [name, new Arrivals()])) as unknown as Events
  for (const name of EVENTS) client.addEventListener(name, (event) => events[name].push(event))
  t.teardown(() => client.close())
  return Object.assign(client, { events })
}

/** Waits for some messages of a subscription, and returns their bodies. */
export async function take (subscription: AsyncIterator<StompMessage, undefined>, count: number): Promise<unknown[]> {
  const bodies: unknown[] = []
  for (let i = 0; i < count; i++) {
    const { value } = await within(subscription.next(), `message ${i + 1} of ${count}`)
    bodies.push(value?.body)
  }
  return bodies
}

/** Waits until a client is connected. */
export async function connected (client: WatchedClient): Promise<WatchedClient> {
  await client.events.connected.next('CONNECTED')
  return client
}
