/** Expectations about responses: the header sets that many rules share. */
import type { Answer, Head } from '../client/http.ts'
import { expectBytes, expectEqual, expectMatch, expectThat, Mismatch } from './expect.ts'

type Judged = Head & { readonly request: string }

export const JS = 'application/javascript;charset=UTF-8'
export const TEXT = 'text/plain;charset=UTF-8'
export const HTML = 'text/html;charset=UTF-8'
export const JSON_TYPE = 'application/json;charset=UTF-8'

export function expectStatus (answer: Judged, ...statuses: number[]): void {
  if (!statuses.includes(answer.status)) throw new Mismatch(`the status of ${answer.request}`, statuses.join(' or '), answer.statusLine)
}

export function expectHeader (answer: Judged, name: string, value: string | undefined): void {
  expectEqual(answer.fields.get(name), value, `${name} of ${answer.request}`)
}

export function expectMatchHeader (answer: Judged, name: string, pattern: RegExp): void {
  expectMatch(answer.fields.get(name), pattern, `${name} of ${answer.request}`)
}

export function expectNoHeader (answer: Judged, ...names: string[]): void {
  for (const name of names) expectHeader(answer, name, undefined)
}

/** Content types are compared without their spaces. */
export function expectType (answer: Judged, type: string): void {
  expectEqual(answer.fields.get('content-type')?.replaceAll(' ', ''), type, `Content-Type of ${answer.request}`)
}

export function expectNotCacheable (answer: Judged): void {
  expectHeader(answer, 'Cache-Control', 'no-store, no-cache, no-transform, must-revalidate, max-age=0')
  expectNoHeader(answer, 'Expires', 'Last-Modified')
}

export function expectCacheable (answer: Judged): void {
  const control = answer.fields.get('cache-control') ?? ''
  expectThat(/\bpublic\b/.test(control), `Cache-Control of ${answer.request}`, 'public', control)
  expectThat(/\bmax-age=[1-9]\d{6,}\b/.test(control), `Cache-Control of ${answer.request}`, 'max-age of at least seven digits', control)
  expectThat(answer.fields.has('expires'), `Expires of ${answer.request}`, 'a date', 'nothing')
  expectNoHeader(answer, 'Last-Modified')
}

/** CORS(o) where an origin is given, CORS(-) where the request had none. */
export function expectCors (answer: Judged, origin?: string): void {
  expectHeader(answer, 'Access-Control-Allow-Origin', origin ?? '*')
  expectHeader(answer, 'Access-Control-Allow-Credentials', origin === undefined ? undefined : 'true')
}

export function expectPreflight (answer: Answer, origin: string, methods: readonly string[]): void {
  expectStatus(answer, 204, 200)
  expectBytes(answer.body, '', `the body of ${answer.request}`)
  expectCacheable(answer)
  expectCors(answer, origin)
  const age = Number(answer.fields.get('access-control-max-age'))
  expectThat(age > 1_000_000, `Access-Control-Max-Age of ${answer.request}`, 'more than 1000000', answer.fields.get('access-control-max-age'))
  const allowed = listOf(answer.fields.get('access-control-allow-methods'))
  expectThat(methods.every((method) => allowed.includes(method)), `Access-Control-Allow-Methods of ${answer.request}`, methods.join(', '), allowed)
}

export function expectVary (answer: Judged): void {
  const vary = listOf(answer.fields.get('vary')).map((name) => name.toLowerCase())
  expectThat(vary.includes('origin'), `Vary of ${answer.request}`, 'Origin', answer.fields.get('vary') ?? 'nothing')
}

/** 405 that names what is allowed and says nothing else. */
export function expectNotAllowed (answer: Answer, ...methods: string[]): void {
  expectStatus(answer, 405)
  const allowed = listOf(answer.fields.get('allow'))
  expectThat(allowed.length > 0 && methods.every((method) => allowed.includes(method)), `Allow of ${answer.request}`,
    methods.length > 0 ? methods.join(', ') : 'a list of methods', answer.fields.get('allow') ?? 'nothing')
  expectNoHeader(answer, 'Content-Type')
  expectBytes(answer.body, '', `the body of ${answer.request}`)
}

export function expectBody (answer: Answer, body: string): void {
  expectBytes(answer.body, body, `the body of ${answer.request}`)
}

export function expectContains (answer: Answer, text: string): void {
  expectThat(answer.body.includes(text), `the body of ${answer.request}`, `something that contains ${text}`, answer.body.toString('utf8'))
}

/** The server's refusal of a message body (500) with one of the fixed texts. */
export function expectRefusal (answer: Answer, text: string): void {
  expectStatus(answer, 500)
  expectContains(answer, text)
}

function listOf (value: string | undefined): string[] {
  return (value ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '')
}
