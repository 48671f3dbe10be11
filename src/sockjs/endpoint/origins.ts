import type { FastifyRequest } from 'fastify'
import type { OriginFunction, OriginRule, ResolvedOptions } from '../options/options.ts'
import { MAX_ORIGIN_LENGTH, originMatcher, withoutDefaultPort } from '../options/origin-rules.ts'

/** The check of origins. */
export interface OriginPolicy {
  /**
   * Tells whether the request may go on (CORS-10, SEC-S38).
   *
   * `carriesOrigin` is false for the transports whose requests have no origin. The server answers them only if the application switched them
   * on.
   */
  allows (request: FastifyRequest, carriesOrigin: boolean): boolean | Promise<boolean>
}

/** Reads the origin that a request claims. Version 8 of WebSocket has a header of its own for it. */
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

/** Tells whether a request without an origin comes from another site, by the header that browsers set (SEC-S42). */
function isCrossSite (request: FastifyRequest): boolean {
  const site = request.headers['sec-fetch-site']
  return site === 'cross-site' || site === 'same-site'
}

/** The schemes of WebSockets and the schemes of their pages. Some proxies write `wss` for an upgrade. */
const PAGE_SCHEMES: ReadonlyMap<string, string> = new Map([['wss', 'https'], ['ws', 'http']])

/**
 * Finds the scheme of the page, as the connection or a trusted proxy tells it.
 *
 * Fastify takes the last entry of a list, which the proxy next to the server has written. Where any proxy of the chain has ended
 * TLS, the page came by `https`.
 */
export function schemeOf (request: FastifyRequest): string {
  // Fastify returns the text that the proxy wrote.
  const told: string = request.protocol
  if (told === 'https') return told
  const scheme = pageScheme(told)
  return scheme === 'http' && forwardedList(request, 'x-forwarded-proto', told).some((entry) => pageScheme(entry) === 'https') ? 'https' : scheme
}

function pageScheme (told: string): string {
  const scheme = told.toLowerCase()
  return PAGE_SCHEMES.get(scheme) ?? scheme
}

const NO_ENTRIES: readonly string[] = []

/**
 * Reads the entries of a header to which several proxies have added.
 *
 * The list is empty unless Fastify trusts the header and has taken `last` from it. If Fastify does not trust the peer, the request has one
 * address only. A peer without `X-Forwarded-For` is not a proxy, and not a browser either, because browsers cannot set these headers.
 */
function forwardedList (request: FastifyRequest, name: 'x-forwarded-proto' | 'x-forwarded-host', last: string): readonly string[] {
  const header = request.headers[name]
  if (typeof header !== 'string' || !header.includes(',') || !mayTrust(request)) return NO_ENTRIES
  const entries = header.split(',', MAX_PROXIES + 1).map((entry) => entry.trim())
  return entries.length <= MAX_PROXIES && entries.at(-1) === last ? entries : NO_ENTRIES
}

function mayTrust ({ ips, headers }: FastifyRequest): boolean {
  return ips !== undefined && (ips.length > 1 || headers['x-forwarded-for'] === undefined)
}

/** The most proxies in a chain. The entries of a longer list are ignored. */
const MAX_PROXIES = 16

/** Works out the origin of the server's own pages. */
export function ownOrigin (request: FastifyRequest): string {
  const host = forwardedList(request, 'x-forwarded-host', request.host)[0] ?? request.host
  return originAt(schemeOf(request), host)
}

function originAt (scheme: string, host: string): string {
  return `${scheme}://${withoutDefaultPort(scheme, host)}`.toLowerCase()
}

/** Compares an origin with the server's own. In a chain of proxies, any of the hosts may be that of the page. */
function isOwnOrigin (origin: string, request: FastifyRequest): boolean {
  const scheme = schemeOf(request)
  const { host } = request
  const given = origin.toLowerCase()
  return given === originAt(scheme, host) || forwardedList(request, 'x-forwarded-host', host).some((name) => given === originAt(scheme, name))
}

type Rule = (origin: string, request: FastifyRequest) => boolean | Promise<boolean>

function compile (rule: OriginRule | OriginFunction): Rule {
  if (typeof rule === 'string') return originMatcher(rule)
  return rule instanceof RegExp ? (origin) => origin.search(rule) >= 0 : rule
}

async function matchesAny (rules: readonly Rule[], origin: string, request: FastifyRequest): Promise<boolean> {
  for (const rule of rules) {
    const verdict = rule(origin, request)
    if (verdict === true || (typeof verdict !== 'boolean' && await verdict === true)) return true
  }
  return false
}
