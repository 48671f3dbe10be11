import { type CheckTable, checkOptions, expected, text } from '../../core/check.ts'
import { engineErrors } from '../errors.ts'

/** The variable of the environment in which the workers find the path of the hub. */
export const HUB_VARIABLE = 'FASTIFY_SOCKJS_HUB'

/** The settings that a hub and the engines of its nodes share. */
export interface HubOptions {
  /** The path of a Unix socket, of at most 100 bytes; on Windows the name of a pipe, such as `\\.\pipe\shop`. */
  readonly path?: string
  /** Names the application: letters, digits, `_` and `-`, at most 64. The hub refuses a node with another namespace. Default `hub`. */
  readonly namespace?: string
}

/** The longest path, in bytes. The systems take 104 to 108. */
const LONGEST_PATH = 100

const CHECKS: CheckTable = {
  path: (value) => text(value) ?? expected((path) => Buffer.byteLength(path as string) <= LONGEST_PATH, `a path of at most ${LONGEST_PATH} bytes`)(value),
  namespace: expected((value) => typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value), '1 to 64 letters, digits, _ or -')
}

/** Checks the options, and gives the namespace its default. */
export function checkHubOptions (options: HubOptions): HubOptions & { readonly namespace: string } {
  checkOptions(engineErrors.InvalidOption, 'hub', options, CHECKS, { path: '' })
  return { ...options, namespace: options.namespace ?? 'hub' }
}
