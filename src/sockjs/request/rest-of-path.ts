import type { FastifyRequest } from 'fastify'

/**
 * Returns the path behind the path of the endpoint, as the router of Fastify found it (URL-2).
 *
 * It has neither origin nor query, and the router options of the application have decided on its slashes. Percent signs are still escaped,
 * so that an id is decoded once. The result is `null` if an escape stands for a slash (SEC-S46). It is also `null` if the last segment has
 * an escape, because that segment is a word of the protocol, with one spelling (URL-12).
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
