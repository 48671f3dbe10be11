import type { Access } from '../rules.ts'

/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** A schema of JSON Schema, draft 7. */
export type JsonSchema = boolean | { readonly [name: string]: Json }

/** A reference to another place of the document. */
export interface Reference {
  /** The place, such as `#/channels/app.hello`. */
  readonly $ref: string
}

/** A tag of an operation. */
export interface AsyncApiTag {
  /** The tag. */
  readonly name: string
}

/** An address at which clients connect. */
export interface AsyncApiServer {
  /** The host, with the port where it is not that of the protocol. */
  readonly host: string
  /** `http` or `https` for SockJS, `ws` or `wss` for a plain WebSocket, `stomp` for TCP. */
  readonly protocol: string
  /** The path of the endpoint. */
  readonly pathname?: string
  /** A text for people. */
  readonly description?: string
  /** The ways to log in. Each one is enough. */
  readonly security?: readonly Reference[]
  /** The binding `stomp`, which AsyncAPI leaves empty. */
  readonly bindings: AsyncApiBindings
  /** The way to connect. */
  readonly 'x-stomp-transport': 'sockjs' | 'websocket' | 'tcp'
  /** The versions of STOMP that the server speaks. */
  readonly 'x-stomp-versions': readonly string[]
}

/** The bindings of STOMP. AsyncAPI defines them, and defines no field in them. */
export interface AsyncApiBindings {
  /** The binding, without fields. */
  readonly stomp: Readonly<Record<string, never>>
}

/** A parameter of an address. AsyncAPI has no schema for it, so that the schema is an extension. */
export interface AsyncApiParameter {
  /** The values, if they are a list. */
  readonly enum?: readonly string[]
  /** The value that is used where none is given. */
  readonly default?: string
  /** A text for people. */
  readonly description?: string
  /** Examples of the value. */
  readonly examples?: readonly string[]
  /** The whole schema. */
  readonly 'x-stomp-schema'?: JsonSchema
}

/** A kind of message. */
export interface AsyncApiMessage {
  /** The name of the message for programs. */
  readonly name: string
  /** The title of its schema. */
  readonly title?: string
  /** One sentence for people. */
  readonly summary?: string
  /** The type of the body. */
  readonly contentType?: string
  /** The schema of the headers. */
  readonly headers?: JsonSchema | Reference
  /** The schema of the body. */
  readonly payload?: JsonSchema | Reference
  /** Examples of the message. */
  readonly examples?: readonly AsyncApiExample[]
  /** The binding `stomp`, which AsyncAPI leaves empty. */
  readonly bindings: AsyncApiBindings
  /** The reason for which there is no schema, where the route has one. */
  readonly 'x-stomp-note'?: string
}

/** An example of a message. */
export interface AsyncApiExample {
  /** The name of the example. */
  readonly name?: string
  /** One sentence for people. */
  readonly summary?: string
  /** The headers. */
  readonly headers?: { readonly [name: string]: Json }
  /** The body. */
  readonly payload?: Json
  /** The parameters of the address. */
  readonly 'x-stomp-params'?: { readonly [name: string]: Json }
}

/** A destination, or a family of destinations. */
export interface AsyncApiChannel {
  /** The destination, with parameters such as `{room}`. `null` where the message names it in `reply-to`. */
  readonly address: string | null
  /** One sentence for people. */
  readonly summary?: string
  /** The parameters of the destination. */
  readonly parameters?: Readonly<Record<string, AsyncApiParameter>>
  /** The kinds of messages. */
  readonly messages: Readonly<Record<string, AsyncApiMessage>>
  /** The binding `stomp`, which AsyncAPI leaves empty. */
  readonly bindings: AsyncApiBindings
}

/** The place of the answers to a message. */
export interface AsyncApiReply {
  /** The header that names the destination. */
  readonly address?: {
    /** The place of the destination in the message. */
    readonly location: string
    /** A text for people. */
    readonly description: string
  }
  /** The channel of the answers. */
  readonly channel: Reference
  /** The answers. */
  readonly messages: readonly Reference[]
}

/** One target of the answers to a message. */
export interface AsyncApiAnswer {
  /** The operation that sends the answer. */
  readonly operation: string
  /** The receivers: all subscribers, the sessions of the sender's user, or the sending session. */
  readonly to: 'all' | 'user' | 'sender'
}

/** A way in which the application receives or sends messages. */
export interface AsyncApiOperation {
  /** `receive` for messages from clients, `send` for messages to clients. */
  readonly action: 'receive' | 'send'
  /** The channel. */
  readonly channel: Reference
  /** One sentence for people. */
  readonly summary?: string
  /** A text for people. */
  readonly description?: string
  /** Tags, which put operations into groups. */
  readonly tags?: readonly AsyncApiTag[]
  /** The ways to log in, if the operation needs a user. Each one is enough. */
  readonly security?: readonly Reference[]
  /** The messages of the channel that belong to the operation. */
  readonly messages: readonly Reference[]
  /** The answer, if one client gets it. */
  readonly reply?: AsyncApiReply
  /** The binding `stomp`, which AsyncAPI leaves empty. */
  readonly bindings: AsyncApiBindings
  /** The frame by which a client uses the operation. */
  readonly 'x-stomp-command': 'SEND' | 'SUBSCRIBE'
  /** The part of the application. `destination` is one of the broker or of users, and `request` a question of the server to one client. */
  readonly 'x-stomp-kind': 'message' | 'subscribe' | 'destination' | 'request'
  /** The clients that the rules allow. */
  readonly 'x-stomp-access': Access
  /** The operations that send the answers. */
  readonly 'x-stomp-answers'?: readonly AsyncApiAnswer[]
}

/** The facts about the API, as the application gives them. Further fields of AsyncAPI, such as `license`, are passed on. */
export interface AsyncApiInfo {
  /** The name of the API. */
  readonly title: string
  /** The version of the API. */
  readonly version: string
  /** A text for people. */
  readonly description?: string
  readonly [name: string]: Json | undefined
}

/** A document of AsyncAPI 3.1. */
export interface AsyncApiDocument {
  /** The version of AsyncAPI. */
  readonly asyncapi: '3.1.0'
  /** The facts about the API. */
  readonly info: AsyncApiInfo
  /** The type of bodies of which none is told. */
  readonly defaultContentType: 'application/json'
  /** The addresses at which clients connect. */
  readonly servers: Readonly<Record<string, AsyncApiServer>>
  /** The destinations. */
  readonly channels: Readonly<Record<string, AsyncApiChannel>>
  /** The operations, as the application sees them. */
  readonly operations: Readonly<Record<string, AsyncApiOperation>>
  /** The schemas, and the ways to log in. */
  readonly components: {
    /** The schemas. */
    readonly schemas: Readonly<Record<string, JsonSchema>>
    /** The ways to log in. */
    readonly securitySchemes?: Readonly<Record<string, SecurityScheme>>
  }
  /** `required` where CONNECT without a login is refused. */
  readonly 'x-stomp-authentication': 'required' | 'optional'
  /** The prefixes of the destinations of the application. The channels have the first one. */
  readonly 'x-stomp-application-prefixes': readonly string[]
  /** The destinations to which clients may send. */
  readonly 'x-stomp-client-send': 'any' | 'application-only'
  /** The most octets of a body. */
  readonly 'x-stomp-max-body': number
  /** The topics whose subscribers clients may watch. */
  readonly 'x-stomp-presence'?: readonly string[]
}

/** A way to log in, as AsyncAPI describes it. */
export interface SecurityScheme {
  /** The kind, such as `userPassword`, `http` or `httpApiKey`. */
  readonly type: string
  readonly [name: string]: Json
}
