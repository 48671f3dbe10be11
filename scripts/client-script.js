import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { minify_sync as minify } from 'terser'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The entry of the STOMP client in one file. */
export const STOMP_CLIENT = `import { SockJS } from './src/client.ts'
import { connectStomp, StompClientError } from './src/stomp-client.ts'
Object.assign(globalThis, { SockJS, connectStomp, StompClientError })`

/** Makes the client of this package in one file. The script sets the global `SockJS`, unless `contents` has another entry. */
export function buildClientScript (contents = "import { SockJS, reconnecting, resumable } from './src/client.ts'\nglobalThis.SockJS = Object.assign(SockJS, { reconnecting, resumable })") {
  const { outputFiles: [script] } = buildSync({
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    write: false
  })
  // Behind esbuild, terser makes the script smaller by 6 % after gzip. No function of the client is both anonymous and a constructor.
  return minify(script.text, { ecma: 2020, compress: { passes: 4, unsafe_arrows: true, unsafe_methods: true } }).code.trim()
}
