import type { FastifyRequest } from 'fastify'
import type { OriginFunction, OriginRule, ResolvedOptions } from './options.ts'

/** Longer origins do not exist; refusing them bounds the work of every expression. */
const MAX_ORIGIN_LENGTH = 512

/** What the origin check has to know of a request. */
export interface OriginPolicy {
  /**
   * Whether the request may go on (CORS-10, SEC-S38). `carriesOrigin` is false for the transports whose requests have
   * none by nature; they are served only where the application said so.
   */
  allows (request: FastifyRequest, carriesOrigin: boolean): boolean | Promise<boolean>
}

/** The origin that a request claims; version 8 of WebSocket has a header of its own for it. */
export function originOf (request: FastifyRequest): string {
  const { origin } = request.headers
  if (origin !== undefined) return origin
  const draft = request.headers['sec-websocket-origin']
  return typeof draft === 'string' ? draft : ''
}

export function originPolicy (origins: ResolvedOptions['origins']): OriginPolicy {
  if (origins === '*') return { allows: () => true }
  const rules = typeof origins === 'function' ? [origins] : origins.map(compile)
  return {
    allows (request, carriesOrigin) {
      const origin = originOf(request)
      if (origin === '') return !carriesOrigin || !isCrossSite(request)
      if (origin.length > MAX_ORIGIN_LENGTH) return false
      return isOwnOrigin(origin, request) || matchesAny(rules, origin, request)
    }
  }
}

/** SEC-S42: a browser that sends no origin says in another way where a request comes from. */
function isCrossSite (request: FastifyRequest): boolean {
  const site = request.headers['sec-fetch-site']
  return site === 'cross-site' || site === 'same-site'
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: ':80', https: ':443' }

function isOwnOrigin (origin: string, request: FastifyRequest): boolean {
  const { protocol, host } = request
  const port = DEFAULT_PORTS[protocol]
  const canonical = port !== undefined && host.endsWith(port) ? host.slice(0, -port.length) : host
  return origin.toLowerCase() === `${protocol}://${canonical}`.toLowerCase()
}

type CompiledRule = RegExp | OriginFunction

/** `https://*.example.com` stands for any name or port made of ordinary characters. */
function compile (rule: OriginRule | OriginFunction): CompiledRule {
  if (typeof rule !== 'string') return rule
  const pattern = rule.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('[a-z0-9._-]+')
  return new RegExp(`^${pattern}$`, 'i')
}

async function matchesAny (rules: readonly CompiledRule[], origin: string, request: FastifyRequest): Promise<boolean> {
  for (const rule of rules) {
    const matches = typeof rule === 'function' ? await rule(origin, request) : origin.search(rule) >= 0
    if (matches === true) return true
  }
  return false
}
