import type { DemoEndpoint } from '../../src/cli/endpoints.ts'
import type { EndpointOptions } from '../../src/index.ts'
import type { Exchange } from './proxy/exchange.ts'
import type { Hooks } from './proxy/hooks.ts'

/**
 * How a proxy breaks one exchange: it may change the request in place, answer it itself, and say with hooks what is to
 * become of the rest. What it remembers from one exchange to the next it keeps itself.
 */
export type Mutation = (exchange: Exchange) => Hooks | undefined

/** How the demo server is built wrong, where its options can do what a proxy cannot. */
export interface ServerPatch {
  /** For every endpoint. */
  everywhere?: EndpointOptions
  endpoints?: Readonly<Record<string, EndpointOptions>>
  handlers?: Readonly<Record<string, DemoEndpoint['handler']>>
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

/** One rule broken in a correct server: by a proxy before it, or by the options that it was started with. */
export type Fault = Broken & ({ proxy: Mutation, server?: ServerPatch } | { proxy?: undefined, server: ServerPatch })

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
