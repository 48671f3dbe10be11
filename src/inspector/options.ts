import { boolean, checkOptions, type CheckTable, integer } from '../core/check.ts'
import { GUARD_CHECKS, type Guards, guardsOf, pagePath } from '../pages/guards.ts'
import type { SockjsOptions } from '../sockjs/options/options.ts'
import { inspectorErrors } from './errors.ts'

/** The options of the inspector. One of the hooks, or `open: true`, must be there. */
export interface InspectorOptions extends Guards {
  /** The path of the page, behind the prefix of the scope. Default `/inspector`. */
  readonly path?: string
  /** Serves the page to every client that can reach it. Default `false`. Another protection must stand before it: a hook of the scope, a proxy, a network. */
  readonly open?: boolean
  /** Lets the page close sessions and send dead letters back to their queues. Default `false`. */
  readonly actions?: boolean
  /** Shows the beginning of messages and dead letters: at most 1,024 characters. Default `false`: only their sizes. */
  readonly bodies?: boolean
  /** The messages of a watched session that are shown in each second, at most 1,000. Further ones are counted. Default 20. */
  readonly sample?: number
  /** Milliseconds between two questions of the page, from 250 on. Default 1,000. */
  readonly interval?: number
  /** The origins of pages that may connect, besides the server's own: see the option of endpoints. Default `[]`. The option of the registration does not count. */
  readonly origins?: SockjsOptions['origins']
}

/** The options with their values. */
export interface ResolvedInspectorOptions {
  readonly path: string
  readonly actions: boolean
  readonly bodies: boolean
  readonly sample: number
  readonly interval: number
  readonly origins: NonNullable<SockjsOptions['origins']>
  readonly guards: Guards
}

const CHECKS: CheckTable = {
  path: pagePath('/inspector'),
  open: boolean,
  actions: boolean,
  bodies: boolean,
  sample: integer(1, 1_000),
  interval: integer(250, 60_000),
  // The endpoint checks them, with its own texts.
  origins: () => null,
  ...GUARD_CHECKS
}

/**
 * Checks the options and fills in the defaults.
 *
 * @throws FST_SOCKJS_INSPECTOR_INVALID_OPTION, FST_SOCKJS_INSPECTOR_UNGUARDED
 */
export function resolveInspectorOptions (options: InspectorOptions): ResolvedInspectorOptions {
  checkOptions(inspectorErrors.InvalidOption, 'inspector', options, CHECKS, { path: '', passed: ['prefix'] })
  const { path = '/inspector', open = false, actions = false, bodies = false, sample = 20, interval = 1_000, origins = [] } = options
  const guards = guardsOf(options)
  if (!open && Object.keys(guards).length === 0) throw new inspectorErrors.Unguarded(path)
  return { path, actions, bodies, sample, interval, origins, guards }
}
