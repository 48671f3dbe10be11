import { shown } from '../../core/suggestion.ts'

/** The most characters of an origin. No origin is longer, and the limit bounds the work of every expression. */
export const MAX_ORIGIN_LENGTH = 512

/** The origin of sandboxed frames, of `data:` URLs and of files. */
const OPAQUE = 'null'

/** Schemes that the origin of a page never has, each with the scheme that the author meant. */
const PAGE_SCHEMES: ReadonlyMap<string, string> = new Map([['ws', 'http'], ['wss', 'https']])

const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([['http', ':80'], ['https', ':443']])

/** Removes the default port, because a browser leaves it out. */
export function withoutDefaultPort (scheme: string, host: string): string {
  const port = DEFAULT_PORTS.get(scheme)
  return port !== undefined && host.endsWith(port) ? host.slice(0, -port.length) : host
}

/** The parts of a text of `origins`. An origin has neither `user` nor `rest`. */
interface Parts {
  readonly scheme: string
  readonly user: string
  readonly host: string
  readonly port: string
  readonly rest: string
}

function partsOf (text: string): Parts | null {
  const parts = /^([^/?#:@\s]+):\/\/(?:([^/?#@]*)@)?(\[[^\]/]*\]|[^/?#@:]*)((?::[^/?#@]*)?)(.*)$/s.exec(text)
  if (parts === null) return null
  const [, scheme, user = '', host, port, rest] = parts
  return { scheme: scheme!.toLowerCase(), user, host: host!.toLowerCase(), port: port!, rest: rest! }
}

/**
 * Says why a text of `origins` can match no page, and which text would be right. Returns `null` for a good text.
 *
 * An origin is a scheme, a host and a port (RFC 6454, section 6.1).
 */
export function originProblem (text: string): string | null {
  if (text === OPAQUE) return null
  if (text === '*') return 'must stand alone: write origins: \'*\' to let every origin in'
  if (text.length > MAX_ORIGIN_LENGTH) return `is longer than ${MAX_ORIGIN_LENGTH} characters`
  if (/[\s,]/.test(text)) return `holds a space or a comma; write one text for each origin: ['https://a.example', 'https://b.example'], not ${shown(text)}`
  const parts = partsOf(text)
  if (parts === null) return `has no scheme; write ${JSON.stringify(guess(text))}`
  const { scheme, user, host, port, rest } = parts
  const right = JSON.stringify(`${PAGE_SCHEMES.get(scheme) ?? scheme}://${host}${port}`)
  if (scheme.includes('*')) return `has a * in its scheme; write one text for each scheme: 'https://${host}${port}', 'http://${host}${port}'`
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme)) return `has no scheme that exists, ${JSON.stringify(text)}`
  if (scheme === 'file') return 'is not an origin: pages of files send the origin null; write \'null\''
  if (host === '') return `has no host, ${JSON.stringify(text)}`
  if (PAGE_SCHEMES.has(scheme)) return `has the scheme of a WebSocket, but the origin is that of the page; write ${right}`
  if (user !== '' || text.includes('@') || rest !== '') return `has more than a scheme, a host and a port; write ${right}`
  if (!/^(?::(?:\*|[\d*]{1,5}))?$/.test(port) || Number(port.slice(1).replaceAll('*', '')) > 65_535) return `has no port that exists, ${JSON.stringify(text)}`
  return canonicalHost(scheme, host) === null
    ? `has no host that exists, ${JSON.stringify(text)}; * stands for letters, digits, ".", "_" and "-", and an expression can do more`
    : null
}

/** Guesses the origin that the author of a text without a scheme meant. */
function guess (text: string): string {
  const host = text.replace(/^(?:https?)?:?\/+/i, '').split(/[/?#]/, 1)[0]!
  return `${/^(?:localhost|127\.|\[)/.test(host) ? 'http' : 'https'}://${host === '' ? 'a.example' : host}`
}

/** Writes a host as browsers do: names in ASCII, addresses in their short form. Returns `null` for a host that cannot exist. */
function canonicalHost (scheme: string, host: string): string | null {
  // Browsers leave the hosts of other schemes as they are, for example capacitor://localhost.
  if (scheme !== 'http' && scheme !== 'https') return /^[a-z0-9*._-]+$/.test(host) ? host : null
  const url = `${scheme}://${host}`
  const hostname = URL.canParse(url) ? new URL(url).hostname : ''
  return /^(?:[a-z0-9*._-]+|\[[0-9a-f:.]+\])$/.test(hostname) ? hostname : null
}

/** Writes a text of `origins` as browsers write that origin. `*` stays. */
export function canonicalOrigin (text: string): string {
  const parts = partsOf(text)
  if (parts === null) return text
  const { scheme, host, port } = parts
  return `${scheme}://${withoutDefaultPort(scheme, (canonicalHost(scheme, host) ?? host) + port)}`
}

/** The texts that `*` matches: characters of a name or a port, but not of a path. */
const WILD = /^[a-z0-9._-]+$/

/**
 * Compares origins with a text, in which `*` matches a part of a host or a port.
 *
 * It searches each literal part once, from left to right, because a regular expression with several `*` would try all their lengths against
 * each other.
 */
export function originMatcher (text: string): (origin: string) => boolean {
  const [first, ...literals] = canonicalOrigin(text).split('*')
  const last = literals.pop()
  if (last === undefined) return (origin) => origin.toLowerCase() === first
  return function matches (given) {
    const origin = given.toLowerCase()
    if (!origin.startsWith(first!) || !origin.endsWith(last)) return false
    const end = origin.length - last.length
    let at = first!.length
    for (const literal of literals) {
      // `*` is at least one character.
      const next = origin.indexOf(literal, at + 1)
      if (next < 0 || !WILD.test(origin.slice(at, next))) return false
      at = next + literal.length
    }
    return at < end && WILD.test(origin.slice(at, end))
  }
}
