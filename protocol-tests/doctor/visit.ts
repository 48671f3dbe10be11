import type { Target } from '../client/target.ts'
import { ConnectionLostError, TooMuchError } from '../client/wire.ts'
import type { Wire } from '../client/wire.ts'
import { NotHttpError } from '../client/http.ts'
import type { Answer, Head, RequestOptions } from '../client/http.ts'
import { envelopes } from '../client/transports.ts'
import type { HttpTransport } from '../client/transports.ts'
import { Context } from '../runner/context.ts'
import type { Pending } from '../runner/context.ts'
import type { Facts } from './facts.ts'
import { after } from './patience.ts'

/** The time for one ordinary request, in milliseconds. */
export const patience = 4000

/** No answer that a check reads is longer on one connection. */
const mostBytes = 4 * 1024 * 1024

/** Nothing came in time. */
export class SlowError extends Error {
  override name = 'SlowError'
}

export type Trouble = 'slow' | 'cut' | 'not http' | 'endless' | 'refused' | 'other'

const errnos: Readonly<Record<string, Trouble>> = { ECONNREFUSED: 'refused', ECONNRESET: 'cut', EPIPE: 'cut', ETIMEDOUT: 'slow' }

function troubleOf (error: unknown): Trouble {
  if (error instanceof SlowError) return 'slow'
  if (error instanceof TooMuchError) return 'endless'
  if (error instanceof NotHttpError) return 'not http'
  if (error instanceof ConnectionLostError) return 'cut'
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return errnos[code] ?? 'other'
}

export type Attempt<T> =
  | { readonly value: T, readonly milliseconds: number, readonly trouble?: undefined }
  | { readonly value?: undefined, readonly milliseconds: number, readonly trouble: Trouble, readonly problem: string }

export type Failed = Extract<Attempt<never>, { trouble: Trouble }>

/** Waits so long by the clock on the wall, whatever else the machine does. */
export function byTheWall (milliseconds: number, done: () => void): () => void {
  const timer = setTimeout(done, milliseconds)
  return () => clearTimeout(timer)
}

/** Waits for a result, and not longer than the time: an error is a result too. */
export async function attempt<T> (work: Promise<T>, milliseconds = patience, wait = after): Promise<Attempt<T>> {
  const started = performance.now()
  let giveUp: (() => void) | undefined
  try {
    const value = await Promise.race([
      work,
      new Promise<never>((_resolve, reject) => {
        giveUp = wait(milliseconds, () => reject(new SlowError(`nothing came within ${milliseconds / 1000} s`)))
      })
    ])
    return { value, milliseconds: performance.now() - started }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    return { trouble: troubleOf(error), problem, milliseconds: performance.now() - started }
  } finally {
    giveUp?.()
    // The work may fail after its time, when its connection is closed.
    work.catch(() => {})
  }
}

/** The connections of one check, and what is known of the server. Everything that the check opens is closed when it ends. */
export class Visit {
  readonly facts: Facts
  readonly context: Context

  constructor (facts: Facts) {
    this.facts = facts
    this.context = new Context({ ...facts.target, base: '' }, {}, undefined, mostBytes)
  }

  /** Connections whose answers may not be longer than so many bytes, to another server if need be. */
  within (bytes: number, target: Target = this.context.target): Context {
    const context = new Context(target, {}, undefined, bytes)
    this.context.keep({ expire: (milliseconds) => context.expire(milliseconds), destroy: () => context.close() })
    return context
  }

  /** A URL of the service: its path, and what stands below it. */
  url (below: string): string {
    return `${this.facts.path ?? this.facts.target.base}${below}`
  }

  /** The URL of a new session, without its transport. */
  session (): string {
    return this.context.sessionPath(this.url(''))
  }

  /** The headers of a page in a browser. */
  headers (more: Record<string, string> = {}): Record<string, string> {
    const { origin, cookies } = this.facts
    return {
      'User-Agent': 'sockjs-doctor',
      Accept: '*/*',
      ...(origin === undefined ? {} : { Origin: origin }),
      ...(cookies.size === 0 ? {} : { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
      ...more
    }
  }

  /** A whole exchange on a connection of its own. */
  async ask (method: string, path: string, options: RequestOptions = {}, milliseconds = patience): Promise<Attempt<Answer>> {
    return await attempt(this.context.request(method, path, { ...options, headers: { ...this.headers(), ...options.headers } }), milliseconds)
  }

  /** A request whose answer is read later. */
  async begin (method: string, path: string, headers: Record<string, string> = {}): Promise<Pending> {
    return await this.context.begin(method, path, { headers: this.headers(headers) })
  }

  /** Sends messages by POST. */
  async send (session: string, messages: readonly string[], headers: Record<string, string> = {}): Promise<Attempt<Answer>> {
    return await this.ask('POST', `${session}/xhr_send`, { headers: { 'Content-Type': 'text/plain', ...headers }, body: JSON.stringify(messages) })
  }

  /** One poll, as long as it may last. */
  async poll (session: string, milliseconds = patience, headers: Record<string, string> = {}): Promise<Attempt<Answer>> {
    return await this.ask('POST', `${session}/xhr`, { headers }, milliseconds)
  }

  async connect (): Promise<Wire> {
    return await this.context.connect()
  }

  receiveUrl (session: string, transport: HttpTransport): string {
    return `${session}/${transport}${envelopes[transport].query}`
  }
}

/** Keeps the cookies of a response, as a browser does for the whole site. */
export function keepCookies (cookies: Map<string, string>, { fields }: Head): void {
  for (const line of fields.all('set-cookie')) {
    const [, name, value = ''] = /^\s*([^=;\s]+)\s*=\s*([^;]*)/.exec(line) ?? []
    if (name !== undefined) cookies.set(name, value.trim())
  }
}

/** Text that a server sent, on one line and short enough to be read. */
export function quoted (text: string | Buffer, length = 100): string {
  const line = text.toString().replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]+/g, ' ').trim()
  return `"${line.length > length ? `${line.slice(0, length)}…` : line}"`
}

/** The title of a web page, or its text. */
function titleOf (page: string): string {
  return /<title[^>]*>([^<]*)/i.exec(page)?.[1]?.trim() || page.slice(0, 4096).replace(/<[^>]*>?/g, ' ').replace(/\s+/g, ' ')
}

/** An answer in a few words: `404 text/html "Not found"`. */
export function brief (answer: Answer): string {
  const type = answer.fields.get('content-type')
  if (answer.body.length === 0) return `${answer.status} with an empty body`
  if (isHtml(answer)) return `${answer.status} and a web page, ${quoted(titleOf(answer.body.toString('utf8')))}`
  return `${answer.status} ${type === undefined ? '' : `${quoted(type.split(';')[0] ?? '', 40).slice(1, -1)} `}${quoted(answer.body)}`
}

/** The outcome of a request in a few words. */
export function told (outcome: Attempt<Answer>): string {
  return outcome.trouble === undefined ? brief(outcome.value) : quoted(outcome.problem, 160).slice(1, -1)
}

export const isHtml = ({ fields, body }: Answer): boolean => /html/i.test(fields.get('content-type') ?? '') || /^\s*<(?:!doctype|html)/i.test(body.toString('latin1', 0, 100))
