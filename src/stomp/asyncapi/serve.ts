import type { FastifyInstance, FastifyRequest } from 'fastify'
import { asyncapiPage } from '../../embedded/asyncapi-page.ts'
import { stompClientScript } from '../../embedded/stomp-client.ts'
import { guardsOf } from '../../pages/guards.ts'
import { serveStaticPage } from '../../pages/static-page.ts'
import type { AsyncApiPluginOptions } from './options.ts'

/** Serves the document at `<path>.json`, and the page at `<path>`. `write` writes the document for a client that has reached the server at an origin. */
export function serveDocument (app: FastifyInstance, options: AsyncApiPluginOptions & { readonly path: string }, paths: readonly string[], write: (origin: string) => string): void {
  const { path, tryIt = true } = options
  const guards = guardsOf(options)
  app.get(`${path}.json`, { ...guards, schema: { hide: true } } as object, async (request, reply) => {
    return reply.headers({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'private, no-cache', 'x-content-type-options': 'nosniff' }).send(write(originOf(request)))
  })
  // The page finds the endpoints from its own address, because a proxy may have removed a prefix.
  const up = '../'.repeat(path.split('/').length - 1)
  const place = { document: `../${path.slice(path.lastIndexOf('/') + 1)}.json`, endpoints: tryIt ? paths.map((each) => up + each.slice(1)) : [] }
  serveStaticPage(app, { path, files: { ...asyncapiPage, 'stomp-client.js': stompClientScript, 'place.json': JSON.stringify(place) }, guards })
}

/** A name or an address, with or without a port. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i

/** The origin at which a client has reached the server. A Host header without a host counts as `localhost`. */
function originOf ({ protocol, host }: FastifyRequest): string {
  return `${protocol}://${HOST.test(host) ? host : 'localhost'}`
}
