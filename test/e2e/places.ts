import type { Site } from './site.ts'

/** Where a page may stand in relation to the server it talks to. */
export interface Place {
  readonly name: 'same origin' | 'cross-origin' | 'cross-site'
  /** The origin of the server, for a page of `http://127.0.0.1:<own>`. */
  readonly server: (own: Site, other: Site) => string
}

export const PLACES: readonly Place[] = [
  { name: 'same origin', server: (own) => `http://127.0.0.1:${own.port}` },
  { name: 'cross-origin', server: (_own, other) => `http://127.0.0.1:${other.port}` },
  { name: 'cross-site', server: (_own, other) => `http://localhost:${other.port}` }
]

/** The page of the trials, see page/trials.js. */
export const trialsPage = (site: Site): string => `http://127.0.0.1:${site.port}/e2e/`
