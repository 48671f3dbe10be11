import type websocketDriver from 'websocket-driver'
import { errors } from '../errors.ts'

/** The package `websocket-driver`, which knows the drafts 75 and 76 of WebSocket. */
export type DraftDriver = typeof websocketDriver

/** The codes of a package that is not installed: of Node itself, and of bundlers and package managers. */
const NOT_INSTALLED: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']

/**
 * Loads the driver for an endpoint with `allowDrafts`. Other applications need not install it. The name is literal, so that a bundler
 * finds the package where it is installed.
 *
 * @throws FST_SOCKJS_MISSING_PACKAGE
 */
export async function loadDraftDriver (path: string): Promise<DraftDriver> {
  try {
    // "eager": webpack and ncc keep the package in the one file.
    return (await import(/* webpackMode: "eager" */ 'websocket-driver')).default
  } catch (error) {
    if (NOT_INSTALLED.includes((error as NodeJS.ErrnoException).code)) throw new errors.MissingPackage(path)
    throw error
  }
}
