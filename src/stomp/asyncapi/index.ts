export { buildDocument } from './document.ts'
export { type AsyncApiOptions, type AsyncApiPluginOptions, checkAsyncApi, checkAsyncApiPlugin } from './options.ts'
export { serveDocument } from './serve.ts'
export type { DocumentSource, RouteFacts } from './source.ts'
export type {
  AsyncApiAnswer, AsyncApiBindings, AsyncApiChannel, AsyncApiDocument, AsyncApiExample, AsyncApiInfo, AsyncApiMessage, AsyncApiOperation, AsyncApiParameter, AsyncApiReply, AsyncApiServer, AsyncApiTag, Json, JsonSchema, Reference, SecurityScheme
} from './types.ts'
