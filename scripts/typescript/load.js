// Gives Node the JavaScript of a TypeScript module. All processes share one build: each version of a file is translated once. The result is
// kept under the hash of its text, so that it is never out of date.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const BUILD = new URL('../../node_modules/.cache/typescript/', import.meta.url)

const OPTIONS = {
  loader: 'ts',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  sourcesContent: false,
  tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true, target: 'es2023' } }
}

async function translate (text, path) {
  const { transform } = await import('esbuild')
  const { code } = await transform(text, { ...OPTIONS, sourcefile: path })
  return code
}

/** Writes a file whole or not at all, because other processes may read it at the same time. */
function write (file, content) {
  const draft = new URL(`${file.href}.${process.pid}`)
  mkdirSync(BUILD, { recursive: true })
  writeFileSync(draft, content)
  renameSync(draft, file)
}

async function javascriptOf (path) {
  const text = readFileSync(path, 'utf8')
  // The path is part of the source map.
  const file = new URL(`${createHash('sha1').update(path).update(text).digest('hex')}.js`, BUILD)
  try {
    return readFileSync(file, 'utf8')
  } catch {
    const code = await translate(text, path)
    write(file, code)
    return code
  }
}

/** The faces of the package by their names, for TypeScript that imports them so: the demo server. */
const FACES = new Map([
  ['fastify-sockjs', new URL('../../src/index.ts', import.meta.url).href],
  ['fastify-sockjs/stomp', new URL('../../src/stomp.ts', import.meta.url).href],
  ['fastify-sockjs/inspector', new URL('../../src/inspector.ts', import.meta.url).href],
  ['fastify-sockjs/hub', new URL('../../src/hub.ts', import.meta.url).href],
  ['fastify-sockjs/kafka', new URL('../../src/kafka.ts', import.meta.url).href],
  ['fastify-sockjs/nats', new URL('../../src/nats.ts', import.meta.url).href]
])

/** Finds a module: https://nodejs.org/docs/latest-v20.x/api/module.html#resolvespecifier-context-nextresolve */
export function resolve (specifier, context, nextResolve) {
  const url = FACES.get(specifier)
  return url !== undefined && context.parentURL?.endsWith('.ts') ? { url, shortCircuit: true } : nextResolve(specifier, context)
}

/** Loads a module: https://nodejs.org/docs/latest-v20.x/api/module.html#loadurl-context-nextload */
export async function load (url, context, nextLoad) {
  const { protocol, pathname } = new URL(url)
  if (protocol !== 'file:' || !pathname.endsWith('.ts')) return nextLoad(url, context)
  return { format: 'module', source: await javascriptOf(fileURLToPath(url)), shortCircuit: true }
}
