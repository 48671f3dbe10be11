import type { Received, ReceivedHeaders, ReceivedParams, SchemaTypes, Sent } from '../../contract.ts'
import type { BodyKind } from './content.ts'
import type { RouteSchema } from './validation.ts'

/** Types that are given by hand, as in `app.stomp.message<{ Body: Order }>(…)`. They stand above those of the schemas. */
export interface StompRouteGeneric {
  /** The body of the message. */
  Body?: unknown
  /** The parameters of the path. */
  Params?: unknown
  /** The headers of the frame. */
  Headers?: unknown
  /** The answer of the handler. */
  Answer?: unknown
}

/** The schema of a part of a route, `undefined` where there is none. */
type SchemaIn<Schema, Part extends keyof RouteSchema> = Part extends keyof Schema ? Schema[Part] : undefined

/** The types of the bodies that are not JSON. */
interface BodyKinds {
  json: unknown
  text: string
  bytes: Uint8Array
}

/** The body that a handler gets: by hand, by the schema, or by the option `body`. */
export type BodyOf<Types extends SchemaTypes, Given, Schema, Kind extends BodyKind> =
  'Body' extends keyof Given ? Given['Body'] : OrByKind<Received<Types, SchemaIn<Schema, 'body'>>, Kind>

type OrByKind<Body, Kind extends BodyKind> = unknown extends Body ? BodyKind extends Kind ? unknown : BodyKinds[Kind] : Body

/** The parameters that a handler gets: by hand, by the schema, or by the path. */
export type ParamsOf<Types extends SchemaTypes, Given, Schema, Path extends string> =
  'Params' extends keyof Given ? Given['Params'] : ReceivedParams<Types, SchemaIn<Schema, 'params'>, Path>

/** The headers that a handler gets: by hand, or by the schema. */
export type HeadersOf<Types extends SchemaTypes, Given, Schema> =
  'Headers' extends keyof Given ? Given['Headers'] : ReceivedHeaders<Types, SchemaIn<Schema, 'headers'>>

/** The answer that a handler gives: by hand, or by the schema. */
export type AnswerOf<Types extends SchemaTypes, Given, Schema> =
  'Answer' extends keyof Given ? Given['Answer'] : Sent<Types, SchemaIn<Schema, 'answer'>>

/**
 * The values that a handler may return: one answer, none, or a stream of answers.
 *
 * It is `unknown` without a type. The compiler takes `never` for a type that it does not know yet.
 */
export type HandlerResult<Answer> = unknown extends Answer ? unknown : [Answer] extends [never] ? unknown : Returned<Answer> | Promise<Returned<Answer>>

type Returned<Answer> = Answer | AsyncIterable<Answer> | null | undefined | void
