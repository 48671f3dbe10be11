/** Where the server under test listens. */
export interface Target {
  readonly origin: string
  readonly webSocketOrigin: string
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** The value of the Host header. */
  readonly authority: string
  /** What stands before every endpoint, without a slash at the end. */
  readonly base: string
}

/** Undefined where the text is not an http or https URL. */
export function parseTarget (text: string): Target | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  const secure = url.protocol === 'https:'
  return {
    origin: url.origin,
    webSocketOrigin: url.origin.replace('http', 'ws'),
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    secure,
    authority: url.host,
    base: url.pathname.replace(/\/+$/, '')
  }
}
