import { boolean, type CheckTable, expected, list, text } from '../../core/check.ts'

/** Words about a route, for its document. They change nothing else. */
export interface RouteDescription {
  /** A few words. */
  readonly summary?: string
  /** A text of any length. */
  readonly description?: string
  /** The names of the groups to which the route belongs. */
  readonly tags?: readonly string[]
  /** Examples of the body, or of the answer to a subscription. */
  readonly examples?: readonly unknown[]
  /** Leaves the route out of the document. Default `false`. */
  readonly hide?: boolean
}

export const DESCRIPTION: Readonly<Record<keyof RouteDescription, CheckTable[string]>> = {
  summary: text,
  description: text,
  tags: list(text, 'a list of texts'),
  examples: expected(Array.isArray, 'a list of examples'),
  hide: boolean
}
