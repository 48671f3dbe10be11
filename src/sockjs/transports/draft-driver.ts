import type websocketDriver from 'websocket-driver'
import { errors } from '../errors.ts'

/** The package `websocket-driver`, which knows the drafts 75 and 76 of WebSocket. */
export type DraftDriver = typeof websocketDriver

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
    // Node, bundlers and package managers have different errors for a package that is not installed.
    throw new errors.MissingPackage(path, (error as Error).message)
  }
}
