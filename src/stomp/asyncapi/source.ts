import type { FastifyInstance } from 'fastify'
import type { ContractDestination, ContractRequest } from '../../contract.ts'
import type { MessageRouteOptions } from '../routes/message-routes.ts'
import type { SubscribeRouteOptions } from '../routes/subscribe-routes.ts'
import type { Access, RuleType } from '../rules.ts'

/** A route, with its destination as a template. */
export type RouteFacts =
  { readonly kind: 'message', readonly template: string, readonly options: MessageRouteOptions, readonly scope: FastifyInstance } |
  { readonly kind: 'subscribe', readonly template: string, readonly options: SubscribeRouteOptions, readonly scope: FastifyInstance }

/** A destination of a contract, or a question of the server to one client. */
export type DestinationFacts =
  { readonly kind: 'destination', readonly template: string, readonly entry: ContractDestination, readonly scope: FastifyInstance } |
  { readonly kind: 'request', readonly template: string, readonly entry: ContractRequest, readonly scope: FastifyInstance }

/** An endpoint, with the ways to connect to it. */
export interface EndpointFacts {
  readonly path: string
  readonly sockjs: boolean
  readonly websocket: boolean
}

/** The facts of the application that a document tells. */
export interface DocumentSource {
  readonly routes: readonly RouteFacts[]
  readonly destinations: readonly DestinationFacts[]
  readonly endpoints: readonly EndpointFacts[]
  /** The address of STOMP over TCP, `null` where the server does not listen for it. */
  readonly tcp: { readonly host: string, readonly port: number } | null
  readonly prefixes: readonly string[]
  readonly clientSend: 'any' | 'application-only'
  readonly maxBody: number
  readonly presence: readonly string[]
  /** Tells which clients the rules allow at a destination. CONNECT has none. */
  readonly accessTo: (type: RuleType, template: string | null) => Access
}
