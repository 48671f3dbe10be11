import { fileURLToPath } from 'node:url'

/** The program of the package `bun`. */
export const BUN = fileURLToPath(new URL('node_modules/.bin/bun', import.meta.url))

/** The programs that run servers, with their options. */
export const RUNTIMES = {
  node: {
    program: process.execPath,
    args: (profile) => ['--expose-gc', ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile.folder}`, `--cpu-prof-name=${profile.name.replaceAll('/', ' ')}.cpuprofile`])]
  },
  bun: { program: BUN, args: () => [] }
}
