import { isIP } from 'node:net'
import { check } from '../check.ts'
import type { Notes } from '../check.ts'
import { duration, size } from '../facts.ts'
import type { Facts, Identity } from '../facts.ts'
import { attempt, quoted } from '../visit.ts'
import type { Visit } from '../visit.ts'

const findings = {
  'host-differs': { severity: 'warning', title: 'The server sees another host than the client asked: its own pages count as foreign.', remedy: 'forwarded' },
  'scheme-differs': { severity: 'warning', title: 'The server sees another scheme than the client used: its own pages count as foreign, and cookies lose Secure.', remedy: 'forwarded' },
  'proxy-not-trusted': { severity: 'warning', title: 'The proxy names its clients, and the server does not read it: all clients have the address of the proxy.', remedy: 'forwarded' },
  'proxy-unnamed': { severity: 'note', title: 'Something stands between client and server and does not name its clients: all have one address.', remedy: 'forwarded' },
  'address-forgeable': { severity: 'warning', title: 'Any client can choose the address that the server sees: limits by address do not hold.', remedy: 'trust' },
  'http-1.0-inside': { severity: 'note', title: 'The proxy speaks HTTP/1.0 to the server: no WebSocket, and a new connection for each request.', remedy: 'http-version' },
  'cookie-third-party': { severity: 'warning', title: 'The service needs a cookie, and browsers do not send it from pages of another site.', remedy: 'cookie' }
} as const

type Code = keyof typeof findings

function parse (text: string): Identity | undefined {
  try {
    const value = JSON.parse(text) as Record<string, unknown>
    const request = value['request'] as Record<string, unknown> | undefined
    if (typeof request?.['address'] !== 'string' || typeof request['host'] !== 'string') return undefined
    const number = (name: string): number => Number(value[name])
    const forwarded = request['forwarded']
    return {
      address: request['address'],
      port: typeof request['port'] === 'number' ? request['port'] : undefined,
      trusted: request['trusted'] === true,
      host: request['host'],
      protocol: String(request['protocol']),
      httpVersion: String(request['httpVersion']),
      forwarded: Array.isArray(forwarded) ? forwarded.map(String) : [],
      heartbeat: number('heartbeat'),
      disconnectDelay: number('disconnectDelay') || 5000,
      maxMessageSize: number('maxMessageSize') || 1024 * 1024,
      bodyLimit: number('bodyLimit') || 4 * 1024 * 1024,
      compression: value['compression'] === true
    }
  } catch {
    return undefined
  }
}

interface Sight {
  readonly identity: Identity
  readonly local: { readonly address: string | undefined, readonly port: number | undefined }
}

async function look (visit: Visit, headers: Record<string, string> = {}): Promise<Sight | undefined> {
  const { value } = await attempt((async () => {
    const pending = await visit.begin('GET', visit.url('/doctor'), headers)
    const { local } = pending.wire
    const answer = await (await pending.response()).complete()
    const identity = answer.status === 200 ? parse(answer.body.toString('utf8')) : undefined
    return identity === undefined ? undefined : { identity, local }
  })())
  return value
}

/** An address that the Internet does not route, as that of a proxy in the same network. */
function isInner (address: string): boolean {
  const plain = address.replace(/^::ffff:/, '')
  return /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.)/.test(plain) || /^(?:::1$|f[cd]|fe80)/i.test(plain)
}

/** RFC 5737: an address that belongs to nobody. */
const nobody = '192.0.2.123'

async function judgeAddress ({ identity, local }: Sight, visit: Visit, notes: Notes<Code>): Promise<void> {
  const between = identity.port !== undefined && identity.port !== local.port
  if (identity.forwarded.includes('x-forwarded-for') || identity.forwarded.includes('forwarded')) {
    if (!identity.trusted && isInner(identity.address)) notes.find('proxy-not-trusted', `the server sees ${quoted(identity.address, 45)}, the address of a proxy, although ${identity.forwarded.join(', ')} came with the request`)
  } else if (between && !identity.trusted && isInner(identity.address)) {
    notes.find('proxy-unnamed', `the server sees ${quoted(identity.address, 45)}, and no header names the client`)
  }
  // In the network of the proxies itself a forged header is not told from a true one.
  if (isInner(identity.address)) return
  const forged = await look(visit, { 'X-Forwarded-For': nobody })
  if (forged?.identity.address === nobody) notes.find('address-forgeable', `a request with X-Forwarded-For: ${nobody} was taken for one of that address`)
}

function judgeName ({ identity }: Sight, { target }: Facts, notes: Notes<Code>): void {
  if (identity.host.toLowerCase() !== target.authority.toLowerCase()) notes.find('host-differs', `the client asked ${target.authority}, and the server saw ${quoted(identity.host)}`)
  const scheme = target.secure ? 'https' : 'http'
  if (identity.protocol !== scheme) notes.find('scheme-differs', `the client used ${scheme}, and the server saw ${quoted(identity.protocol, 20)}`)
  if (identity.httpVersion === '1.0') notes.find('http-1.0-inside', 'the server saw HTTP/1.0, and the client sent HTTP/1.1')
}

function judgeCookie ({ info, options, target, cookies }: Facts, notes: Notes<Code>): void {
  if (info?.cookieNeeded !== true || options.origin === undefined) return
  const page = new URL(options.origin).hostname
  const siteOf = (host: string): string => isIP(host) === 0 ? host.split('.').slice(-2).join('.') : host
  if (siteOf(page) === siteOf(target.host)) return
  notes.find('cookie-third-party', `/info says cookie_needed, the page is at ${options.origin}, and the service at ${target.origin}${cookies.size === 0 ? '' : ` (cookies: ${[...cookies.keys()].map((name) => quoted(name, 30)).join(', ')})`}`)
}

/** What the server sees of its clients, where it tells. */
export const identity = check<Code>({
  id: 'identity',
  title: 'what the server sees of its clients',
  needs: ['service'],
  atMost: () => 8000,
  findings,
  async run (visit, notes) {
    const { facts } = visit
    judgeCookie(facts, notes)
    const sight = await look(visit)
    if (sight === undefined) return notes.saw(`the server does not tell: ${visit.url('/doctor')} needs fastify-sockjs with doctor: true`)
    const { identity } = sight
    facts.identity = identity
    notes.saw(`the server sees ${quoted(identity.address, 45).slice(1, -1)}, ${quoted(identity.protocol, 10).slice(1, -1)}://${quoted(identity.host).slice(1, -1)}, HTTP/${quoted(identity.httpVersion, 5).slice(1, -1)}`)
    notes.saw(`heartbeat ${duration(identity.heartbeat)}, bodies up to ${size(identity.bodyLimit)}`)
    judgeName(sight, facts, notes)
    await judgeAddress(sight, visit, notes)
  }
})
