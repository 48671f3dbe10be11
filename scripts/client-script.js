import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The entry of the STOMP client in one file. */
export const STOMP_CLIENT = `import { SockJS, reconnecting } from './src/client.ts'
import { connectStomp, StompClientError } from './src/stomp-client.ts'
Object.assign(globalThis, { SockJS: Object.assign(SockJS, { reconnecting }), connectStomp, StompClientError })`

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
  return script.text.trim()
}
