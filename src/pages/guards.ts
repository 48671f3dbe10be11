import type { RouteShorthandOptions } from 'fastify'
import { either, expected, func, list } from '../core/check.ts'

const GUARDS = ['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const

/** The hooks of Fastify that can refuse a request. They run for a page and for all that belongs to it. */
export type Guards = Pick<RouteShorthandOptions, typeof GUARDS[number]>

const hooks = either('a hook, or a list of hooks with one at least', func,
  expected((value) => Array.isArray(value) && value.length > 0 && list(func, 'a list')(value) === null, 'a list of functions'))

/** The checks of the hooks, by the name of the option. */
export const GUARD_CHECKS = Object.fromEntries(GUARDS.map((name) => [name, hooks]))

/** Accepts the path of a page. */
export const pagePath = (example: string) => expected((value) => typeof value === 'string' && /^(\/[\w.~-]+)+$/.test(value), `a path such as ${example}, of letters, digits, - . _ ~ and slashes`)

/** Picks the hooks that are given out of options. */
export function guardsOf (options: Guards): Guards {
  return Object.fromEntries(GUARDS.flatMap((name) => options[name] === undefined ? [] : [[name, options[name]]]))
}
