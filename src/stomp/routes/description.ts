import type { Description } from '../../contract.ts'
import { boolean, type Check, expected, list, text } from '../../core/check.ts'

/** Words about a route, for its document. They change nothing else. */
export interface RouteDescription extends Description {
  /** Leaves the route out of the document. Default `false`. */
  readonly hide?: boolean
}

export const DESCRIPTION: Readonly<Record<keyof RouteDescription, Check>> = {
  summary: text,
  description: text,
  tags: list(text, 'a list of texts'),
  examples: expected(Array.isArray, 'a list of examples'),
  hide: boolean
}
