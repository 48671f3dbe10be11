import { platform } from './platform.ts'

/** The address of an endpoint: `https://host/path` without slashes at the end, and its query, which all requests carry. */
export interface Address {
  readonly base: string
  readonly query: string
}

/**
 * Parses an address, relative to another one or to the page.
 *
 * The accessors of `URL` do not work in every version of React Native, so that a pattern takes the address apart.
 *
 * @throws `TypeError` if the address is not valid
 * @throws `SyntaxError` if the address is not one of HTTP or HTTPS, or has a fragment
 */
export function parseAddress (url: string | URL, from: string | undefined = platform.location?.href): Address {
  const parts = /^(https?:\/\/[^/?#][^?#]*?)\/*(\?[^#]*)?$/.exec(new URL(url, from).href)
  if (!parts) throw new SyntaxError(`Invalid URL: ${url}`)
  return { base: parts[1]!, query: parts[2] ?? '' }
}

/** Makes a random text of letters and digits. React Native has no `crypto`. */
export function randomText (length: number): string {
  return Array.from(platform.crypto?.getRandomValues(new Uint8Array(length)) ?? { length }, (byte = Math.random() * 32) => (byte & 31).toString(32)).join('')
}
