import findMyWay, { type HTTPVersion, type Instance } from 'find-my-way'
import { stompErrors } from '../errors.ts'

/** A route that was found, with the parameters of its path. */
export interface Match<T> {
  readonly route: T
  readonly params: Readonly<Record<string, string>>
}

/**
 * Routes by destination, the most specific first, as Fastify routes URLs. Segments are encoded on the way in and
 * decoded on the way out: a destination is text, and `?`, `%` or `;` mean nothing in it.
 */
export class DestinationRouter<T extends object> {
  readonly #router: Instance<HTTPVersion.V1>
  readonly #separator: '/' | '.'

  constructor (separator: '/' | '.') {
    this.#separator = separator
    this.#router = findMyWay({ caseSensitive: true, maxParamLength: 1024 })
  }

  /** @throws FST_STOMP_DUPLICATE_ROUTE, FST_STOMP_INVALID_ROUTE */
  add (path: string, route: T): void {
    const problem = problemOf(path)
    if (problem !== null) throw new stompErrors.InvalidRoute(path, problem)
    try {
      this.#router.on('GET', path, () => {}, route)
    } catch (error) {
      if (/already declared/.test((error as Error).message)) throw new stompErrors.DuplicateRoute(path)
      throw new stompErrors.InvalidRoute(path, (error as Error).message)
    }
  }

  /** `rest` is the destination behind the application prefix, its separator included. */
  find (rest: string): Match<T> | null {
    const segments = rest.slice(1).split(this.#separator)
    // A parameter is never empty, and neither is any other segment.
    if (segments.includes('')) return null
    const path = '/' + segments.map(encodeURIComponent).join('/')
    const found = this.#router.find('GET', path)
    return found === null ? null : { route: found.store as T, params: found.params as Record<string, string> }
  }
}

function problemOf (path: unknown): string | null {
  if (typeof path !== 'string' || !path.startsWith('/')) return 'must begin with /'
  if (path.length > 1 && path.endsWith('/')) return 'must not end with /'
  return /[*?#%;\s]|\/\//.test(path) ? 'must be text and :parameters, without * ? # % ; or spaces' : null
}
