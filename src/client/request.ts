import type { SockJSOptions } from './options.ts'
import { type HttpResponse, platform } from './platform.ts'

/** Sends a request with the headers and cookies that the options ask for. */
export async function request ({ credentials = 'include', headers }: SockJSOptions, signal: AbortSignal, method: string, url: string, body?: string): Promise<HttpResponse> {
  return platform.fetch(url, { method, body, signal, credentials, cache: 'no-store', headers: typeof headers === 'function' ? await headers() : headers })
}
