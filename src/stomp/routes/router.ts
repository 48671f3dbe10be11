import findMyWay, { type HTTPVersion, type Instance } from 'find-my-way'
import { shown } from '../../core/suggestion.ts'
import { stompErrors } from '../errors.ts'
import { parametersOf } from './typed-destination.ts'

/** A route that was found, with the parameters of its path. */
export interface Match<T> {
  readonly route: T
  readonly params: Readonly<Record<string, string>>
}

/**
 * Routes by destination, the most specific first, as Fastify routes URLs. A destination is text, so that `?`, `%` and `;` mean
 * nothing in it. Segments are encoded before the search, and the router decodes parameters.
 */
export class DestinationRouter<T extends object> {
  readonly #router: Instance<HTTPVersion.V1>
  readonly #separator: '/' | '.'
  readonly #prefixes: readonly string[]

  constructor (separator: '/' | '.', prefixes: readonly string[]) {
    this.#separator = separator
    this.#prefixes = prefixes
    this.#router = findMyWay({ caseSensitive: true, maxParamLength: 1024 })
  }

  /** @throws FST_STOMP_DUPLICATE_ROUTE, FST_STOMP_INVALID_ROUTE */
  add (path: string, route: T): void {
    const problem = this.#problemOf(path)
    if (problem !== null) throw new stompErrors.InvalidRoute(path, problem)
    try {
      this.#router.on('GET', path, () => {}, route)
    } catch (error) {
      if (/already declared/.test((error as Error).message)) throw new stompErrors.DuplicateRoute(path)
      throw new stompErrors.InvalidRoute(path, (error as Error).message)
    }
  }

  /** Finds the route for the segments behind the application prefix. */
  find (segments: readonly string[]): Match<T> | null {
    // A parameter is never empty, and neither is any other segment.
    if (segments.includes('')) return null
    const path = '/' + segments.map(encodeURIComponent).join('/')
    const found = this.#router.find('GET', path)
    return found === null ? null : { route: found.store as T, params: found.params as Record<string, string> }
  }

  /** Finds the mistake in a path that no destination can reach. The text names the form that was meant (U22). */
  #problemOf (path: unknown): string | null {
    if (typeof path !== 'string' || !path.startsWith('/')) return `the path must be a text that begins with /, not ${shown(path)}`
    if (path.length > 1 && path.endsWith('/')) return 'the path must not end with /'
    if (/[{}]/.test(path)) return `a parameter is written :name, not {name}: ${shown(path.replace(/\{(\w*)[^}]*\}?/g, ':$1'))}`
    if (/[<>]/.test(path)) return `a parameter is written :name, not <name>: ${shown(path.replace(/<(\w*)[^>]*>?/g, ':$1'))}`
    if (/[*?#%;\s]|\/\//.test(path)) return 'the path must be text and :parameters, without * ? # % ; or spaces'
    const names = parametersOf(path)
    const repeated = names.find((name, i) => names.indexOf(name) !== i)
    if (repeated !== undefined) return `the path names :${repeated} twice`
    // A dot may stand before a parameter, as in /rooms.:room, because it parts names, too.
    const mixed = path.split(/[/.]/).find((part) => /.:\w/.test(part))
    if (mixed !== undefined) return `a parameter is a whole segment of the path, not a part of ${shown(mixed)}`
    const prefix = this.#prefixes.find((each) => path === each || path.startsWith(each + '/'))
    if (prefix !== undefined) return `the path stands behind the application prefix, so it is written without ${prefix}: ${shown(path.slice(prefix.length) || '/')}`
    if (/^\/\$answer(\/|$)/.test(path)) return '$answer belongs to the answers to app.stomp.request()'
    // The separator parts the segments of a destination, so that none of them can hold it.
    if (this.#separator === '.' && path.includes('.')) return `the path has / between its segments, also where destinations have a dot: ${shown(path.replaceAll('.', '/'))}`
    return null
  }
}
