import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Guards } from './guards.ts'

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=UTF-8',
  css: 'text/css; charset=UTF-8',
  js: 'text/javascript; charset=UTF-8',
  json: 'application/json; charset=UTF-8',
  svg: 'image/svg+xml'
}

/** The headers of every file of a page. The page loads nothing from elsewhere, runs no inline code, and stands in no frame. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // A browser keeps a file, and asks each time whether it is still the same.
  'cache-control': 'private, no-cache'
}

/** A page that a plugin serves. */
export interface StaticPage {
  /** The path of the page, behind the prefix of the scope. */
  readonly path: string
  /** The files by name. `index.html` is the page. */
  readonly files: Readonly<Record<string, string>>
  /** The hooks that can refuse a request. */
  readonly guards: Guards
}

/** Serves a page at `<path>/`, and its files below. */
export function serveStaticPage (app: FastifyInstance, { path, files, guards }: StaticPage): void {
  const options = { ...guards, schema: { hide: true } } as object
  // The files have relative addresses, so that the page works behind a proxy that removes a prefix. They need the slash.
  const last = path.slice(path.lastIndexOf('/') + 1)
  app.get(path, options, async (_request, reply) => reply.redirect(`${last}/`, 308))
  for (const [name, text] of Object.entries(files)) {
    const send = fileSender(name, text)
    app.get(`${path}/${name === 'index.html' ? '' : name}`, options, send)
  }
}

function fileSender (name: string, text: string) {
  const body = Buffer.from(text)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1)]!
  return async function sendFile (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    reply.headers(HEADERS).header('etag', etag)
    const known = request.headers['if-none-match']
    if (known !== undefined && known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)) return reply.code(304).send()
    return reply.type(type).send(body)
  }
}
