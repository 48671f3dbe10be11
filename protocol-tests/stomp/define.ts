/** How STOMP cases are written down: once, for all the carriers on which they make sense. */
import { carriers } from '../client/stomp-carriers.ts'
import type { CarrierName } from '../client/stomp-carriers.ts'
import type { StompClient } from '../client/stomp-client.ts'
import type { Version } from '../client/stomp-frame.ts'
import type { Case, Section } from '../types.ts'
import { Stomp } from './kit.ts'
import type { Feature, Foundation } from './site.ts'

export const webSockets = ['ws-text', 'ws-binary'] as const
export const sockjsCarriers = ['sockjs', 'sockjs-xhr'] as const
/** Carriers that can bring octets that are no text. */
export const octetCarriers = ['ws-binary', 'tcp'] as const
/** Carriers whose loss the server notices at once. */
export const sockets = ['ws-text', 'ws-binary', 'sockjs', 'tcp'] as const

export interface StompCase {
  id: string
  title: string
  /** S: a MUST of the specification. C: a SHOULD, or what known clients need. D: a decision of this project. */
  level: 'S' | 'C' | 'D'
  /** All of them, unless it says otherwise; a case for one carrier has its bare id. */
  on?: readonly CarrierName[]
  features?: readonly Feature[]
  patience?: number
  also?: readonly string[]
  run: (s: Stomp) => Promise<void>
}

/** Which heading of the specification a section's rules stand under. */
export function section (name: string, title: string, source: string, cases: readonly StompCase[]): Section {
  return { name, title, source, cases: cases.flatMap(expand) }
}

const foundationOf: Record<CarrierName, Foundation> = {
  'ws-text': 'websocket', 'ws-binary': 'websocket', sockjs: 'sockjs', 'sockjs-xhr': 'sockjs', tcp: 'tcp'
}

function expand ({ on = carriers, features = [], run, ...rest }: StompCase): Case[] {
  return on.map((carrier): Case => ({
    ...rest,
    id: on.length === 1 ? rest.id : `${rest.id}.${carrier}`,
    needs: [],
    requires: [foundationOf[carrier], ...features],
    transport: carrier,
    run: async (t) => await run(new Stomp(t, carrier))
  }))
}

/** A frame that must not be gone along with. */
export interface Refusal extends Omit<StompCase, 'run'> {
  version?: Version
  /** What its `receipt` said; the ERROR must name it. */
  receipt?: string
  /** Sends it on a connected client. */
  send: (client: StompClient, s: Stomp) => void | Promise<void>
}

/**
 * The specification leaves open how a server refuses: ERROR, or only the end. Where it demands the refusal, there is a
 * second case for our own answer; where it does not, our answer is all there is to ask.
 */
export function refusal ({ version = '1.2', receipt, send, ...rest }: Refusal): StompCase[] {
  const provoke = async (s: Stomp): Promise<StompClient> => {
    const client = await s.connect(version)
    await send(client, s)
    return client
  }
  const answer = async (s: Stomp): Promise<void> => { await s.expectError(await provoke(s), receipt) }
  if (rest.level === 'D') return [{ ...rest, run: answer }]
  return [
    { ...rest, run: async (s) => { await s.expectRefused(await provoke(s)) } },
    { ...rest, id: `${rest.id}.error`, title: `${rest.title}; the answer is ERROR with a message, then the end`, level: 'D', on: [rest.on?.[0] ?? 'ws-text'], run: answer }
  ]
}
