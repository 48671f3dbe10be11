import type { DemoEndpoint } from '../../examples/demo/src/endpoints.ts'
import type { EndpointOptions } from '../../src/index.ts'
import type { MemoryBrokerOptions, StompPluginOptions } from '../../src/stomp.ts'
import type { Exchange } from './proxy/exchange.ts'
import type { Hooks } from './proxy/hooks.ts'

/**
 * How a proxy breaks one exchange: it may change the request in place, answer it itself, and say with hooks what is to
 * become of the rest. What it remembers from one exchange to the next it keeps itself.
 */
export type Mutation = (exchange: Exchange) => Hooks | undefined

/** One connection of a STOMP client, whatever carries it. */
export interface StompLink {
  /** What a fault remembers of the connection. */
  readonly memory: Record<string, string | number | undefined>
  toClient: (text: string) => void
  toServer: (text: string) => void
  close: (code: number, reason: string) => void
}

/** What a fault does with what passes: octets as latin1 text; an empty list swallows it, several split it. */
export interface StompHooks {
  /** A message of the client, as it was cut. */
  received?: (text: string) => string | readonly string[]
  /** A frame, or beat, of the server. */
  sent?: (frame: string) => string | readonly string[]
  /** Undefined keeps the connection open. */
  closes?: (close: { code: number, reason: string }) => { code: number, reason: string } | undefined
  /** The connection is over, which the server may be left to notice or not. */
  ended?: () => 'unnoticed' | void
  /** The heartbeats of SockJS go on. */
  loud?: boolean
}

export type StompMutation = (link: StompLink) => StompHooks

/** How the demo server is built wrong, where its options can do what a proxy cannot. */
export interface ServerPatch {
  /** For every endpoint. */
  everywhere?: EndpointOptions
  endpoints?: Readonly<Record<string, EndpointOptions>>
  handlers?: Readonly<Record<string, DemoEndpoint['handler']>>
  /** Other options for the STOMP layer. */
  stomp?: Partial<StompPluginOptions>
  /** And for its broker. */
  broker?: MemoryBrokerOptions
}

interface Broken {
  /** Unique; `FAULT-n` for those that any suite should catch. */
  id: string
  /** The row whose rule is broken. */
  row: string
  /** What the server does wrong. */
  breaks: string
  /** Cases that should notice: a row with all its cases, `=` and an id for one alone, `*` for anything, a section. */
  expect: readonly string[]
}

/** One rule broken in a correct server: by a proxy before it, by the options that it was started with, or between the STOMP layer and its clients. */
export type Fault = Broken & {
  proxy?: Mutation
  server?: ServerPatch
  /** Stands between all clients of STOMP and the server. */
  stomp?: StompMutation
}

/** What came of one fault. */
export interface Outcome {
  id: string
  /** Expected cases that failed. */
  caught: string[]
  /** Expected cases that passed all the same. */
  silent: string[]
  /** Cases that failed and were not expected to. */
  also: string[]
  milliseconds: number
  /** The run itself broke down. */
  error?: string
}
