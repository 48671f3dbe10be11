import type { FastifyRequest } from 'fastify'

/**
 * The path behind the endpoint's own, as Fastify's router has found it (URL-2): without query and origin, and with slashes as the router options of the
 * application want them. Percent signs are still escaped, so that an id is decoded once. `null` where an escape stands for a slash (SEC-S46) or in
 * the last segment, which is a word of the protocol and has one spelling (URL-12).
 */
export function restOf (request: FastifyRequest): string | null {
  const rest = (request.params as { '*'?: string })['*']
  if (rest === undefined) return ''
  const url = request.raw.url!
  if (!url.includes('%')) return '/' + rest
  const path = url.split('?', 1)[0]!
  if (path.includes('%', path.lastIndexOf('/')) || /%2f/i.test(path)) return null
  return '/' + rest.replaceAll('%', '%25')
}
