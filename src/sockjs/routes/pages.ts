import { createHash, randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { clientScript, clientVersion } from '../../embedded/client-script.ts'
import { ownClientScript } from '../../embedded/own-client.ts'
import { stompClientScript } from '../../embedded/stomp-client.ts'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { checkedBaseUrl } from '../options/answers.ts'
import { GREETING, iframePage, infoBody } from '../protocol/index.ts'
import { sendClosing, sendText, setCache, setNoCache, TEXT } from '../request/responses.ts'

/** The copy of sockjs-client that an endpoint sends and its iframe page loads. */
export interface ClientScript {
  readonly path: string
  readonly body: Buffer
  readonly etag: string
}

/** Makes the script from the copy in the build. A server that is bundled into one file has no other copy. */
export function embeddedClientScript (): ClientScript {
  const body = Buffer.from(clientScript)
  return { path: `/sockjs-${clientVersion}.min.js`, body, etag: etagOf(body) }
}

function etagOf (body: string | Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
}

export function greeting (_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.type(TEXT).send(GREETING)
}

/** Answers `/info` (INFO-1 to INFO-9). The work is always the same, because the client measures its time (INFO-12). */
export async function info (endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { options } = endpoint
  // A client that asks now opens a session next, which a drain refuses.
  if (endpoint.registration.refusing) return sendClosing(reply)
  const baseUrl = typeof options.baseUrl === 'function' ? checkedBaseUrl(await options.baseUrl(request)) : options.baseUrl
  if (request.method === 'GET') endpoint.fallbacks?.asked(request)
  setNoCache(reply)
  return reply.type('application/json; charset=UTF-8').send(infoBody({
    websocket: options.transports.websocket,
    cookieNeeded: options.sessionCookie !== false,
    entropy: randomBytes(4).readUInt32BE(),
    baseUrl,
    resume: endpoint.resumables?.within
  }))
}

/** Makes the route of the iframe page, with one body and one ETag for the life of the endpoint (IFRAME-4, IFRAME-5). */
export function iframe (endpoint: Endpoint, clientUrl: string) {
  const body = iframePage(clientUrl)
  const etag = etagOf(body)
  return function sendIframe (request: FastifyRequest, reply: FastifyReply): FastifyReply {
    endpoint.embedding.frame(reply)
    setCache(reply)
    return sendTagged(request, reply, body, etag, 'text/html; charset=UTF-8')
  }
}

/** Makes a script of the clients of this package. */
function ownScript (path: string, text: string): ClientScript {
  const body = Buffer.from(text)
  return { path, body, etag: etagOf(body) }
}

/** The name by which pages of the application load sockjs-client. */
const UNVERSIONED = '/sockjs.min.js'

/** Makes the route of the scripts. `sockjsClient` is `null` if the iframe page names another copy. */
export function client (endpoint: Endpoint, sockjsClient: ClientScript | null) {
  const owns = [ownScript('/client.js', ownClientScript), ownScript('/stomp-client.js', stompClientScript)]
  return function sendClient (request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const path = request.url.split('?', 1)[0]!
    const own = owns.find((script) => path.endsWith(script.path))
    const script = own ?? sockjsClient
    const isVersioned = own === undefined && !path.endsWith(UNVERSIONED)
    if (script === null || (isVersioned && !path.endsWith(script.path))) return sendText(reply, 404, 'Not found.\n')
    setCache(reply)
    endpoint.embedding.script(reply)
    // A cache keeps a script without a version, and asks for a newer one each time.
    if (!isVersioned) reply.header('cache-control', 'public, max-age=0, must-revalidate').removeHeader('expires')
    return sendTagged(request, reply, script.body, script.etag, 'application/javascript; charset=UTF-8')
  }
}

/** Sends a body with its tag, or 304 to a client that has the body (IFRAME-6, IFRAME-7). */
function sendTagged (request: FastifyRequest, reply: FastifyReply, body: string | Buffer, etag: string, type: string): FastifyReply {
  reply.header('etag', etag)
  if (hasTag(request.headers['if-none-match'], etag)) return reply.code(304).send()
  return reply.type(type).send(body)
}

/** Looks for a tag in a list of tags, compared weakly, or `*` (RFC 9110, section 13.1.2). */
function hasTag (header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}
