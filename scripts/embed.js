// Writes src/embedded/: the browser's copy of sockjs-client, the client of this package as one script, the pages, and the
// version, as modules. A server that was bundled into one file has no folder of packages to read them from.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildClientScript, STOMP_CLIENT } from './client-script.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const EMBEDDED = join(ROOT, 'src/embedded')

/** The packages whose code is in dist/sockjs.min.js. Each licence demands that its text goes with every copy. */
const IN_THE_SCRIPT = ['sockjs-client', 'inherits', 'url-parse', 'querystringify', 'requires-port']

const fromHere = createRequire(import.meta.url)
const clientManifest = fromHere.resolve('sockjs-client/package.json')
const fromClient = createRequire(clientManifest)
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** The manifest of a package, as sockjs-client finds it. */
function manifestOf (name) {
  return name === 'sockjs-client' ? clientManifest : fromClient.resolve(`${name}/package.json`)
}

function licenceOf (name) {
  const path = manifestOf(name)
  const text = readFileSync(join(dirname(path), 'LICENSE'), 'utf8').trim()
  return `${name} ${readJson(path).version}\n\n${text}`
}

/** A string literal of JavaScript, in the quotes that the linter asks for. */
function literal (text) {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

const script = readFileSync(join(dirname(clientManifest), 'dist/sockjs.min.js'), 'utf8')
const licences = IN_THE_SCRIPT.map(licenceOf).join('\n\n---\n\n').replaceAll('*/', '* /')

mkdirSync(EMBEDDED, { recursive: true })
writeFileSync(join(EMBEDDED, 'version.ts'), `// Written by scripts/embed.js.

/** The version of fastify-sockjs. */
export const version: string = ${literal(readJson(join(ROOT, 'package.json')).version)}
`)
writeFileSync(join(EMBEDDED, 'client-script.ts'), `// Written by scripts/embed.js.

/*!
The script below contains the following packages.

${licences}
*/

/** The version of the script. */
export const clientVersion: string = ${literal(readJson(clientManifest).version)}

/** sockjs-client for browsers, byte for byte its dist/sockjs.min.js. */
export const clientScript: string = ${literal(script)}
`)

/** Writes the module of a page: the files of its folder, and files of another page that it shares. */
function embedPage (folder, module, { name, about, shared = [] }) {
  const own = readdirSync(join(ROOT, folder)).map((file) => [file, join(ROOT, folder, file)])
  const all = [...own, ...shared.map((path) => [basename(path), join(ROOT, path)])].sort(([a], [b]) => a < b ? -1 : 1)
  writeFileSync(join(EMBEDDED, module), `// Written by scripts/embed.js from ${folder}/.

/** The files of ${about}, by name. */
export const ${name}: Readonly<Record<string, string>> = {
${all.map(([file, path]) => `  ${literal(file)}: ${literal(readFileSync(path, 'utf8'))}`).join(',\n')}
}
`)
}

embedPage('src/inspector/page', 'inspector-page.ts', { name: 'inspectorPage', about: 'the page of the inspector' })
embedPage('src/stomp/asyncapi/page', 'asyncapi-page.ts', {
  name: 'asyncapiPage',
  about: 'the page beside the document of AsyncAPI',
  shared: ['dom.js', 'mark.svg', 'theme.css'].map((file) => `src/inspector/page/${file}`)
})
writeFileSync(join(EMBEDDED, 'own-client.ts'), `// Written by scripts/embed.js.

/** The client of this package for browsers, minified. */
export const ownClientScript: string = ${literal(buildClientScript())}
`)
writeFileSync(join(EMBEDDED, 'stomp-client.ts'), `// Written by scripts/embed.js.

/** The STOMP client of this package for browsers, with the SockJS client below it, minified. */
export const stompClientScript: string = ${literal(buildClientScript(STOMP_CLIENT))}
`)
