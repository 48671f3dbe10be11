import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { settings } from './serve.js'

const index = settings.build === undefined ? new URL('../../dist/index.js', import.meta.url) : pathToFileURL(resolve(settings.build))

/** Loads a module of the build that is measured: of this one, or of an earlier one, whose `dist/index.js` the settings name. */
export const fromBuild = (file) => import(new URL(file, index).href)
