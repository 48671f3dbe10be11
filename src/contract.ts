/** The contract between server and clients, which both import: `fastify-sockjs/contract`. @module */

export { type Checked, type Contract, defineContract } from './contract/define.ts'
export type { ContractDestination, ContractMessage, ContractRequest, ContractShape, ContractSubscription, Description } from './contract/shape.ts'
export type { ParamNames, ReceivedHeaders, ReceivedParams, WireHeaders, WireParams } from './contract/params.ts'
export type { Received, SchemaTypes, Sent, StandardTypes, Wire } from './contract/schema-types.ts'
export type {
  AnsweredPaths, PathsOf, ReceivedHeadersOf, ReceivedOf, ReceivedParamsOf, SentOf, TargetOf, TypesOf, WireHeadersOf, WireOf, WireParamsOf
} from './contract/inferred.ts'
