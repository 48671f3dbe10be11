import t from 'tap'
import { buildDemo } from '../../examples/demo/src/demo.ts'
import { DEMO_ENDPOINTS } from '../../examples/demo/src/endpoints.ts'
import { version } from '../../src/embedded/version.ts'
import { clientVersion } from '../../src/embedded/client-script.ts'

interface Catalogue { readonly ENDPOINTS: readonly { readonly entries: readonly { readonly name: string }[] }[] }

const PAGE = new URL('../../examples/demo/page/', import.meta.url)
const { ENDPOINTS } = await import(new URL('catalogue.js', PAGE).href) as Catalogue
const { CODE } = await import(new URL('code.js', PAGE).href) as { readonly CODE: Readonly<Record<string, string>> }

/** Runs the code of an endpoint against an application that only notes the path and the options. */
function registered (code: string): { path: string, options: object } {
  let found: { path: string, options: object } | null = null
  const app = {
    sockjs (path: string, ...rest: readonly unknown[]) {
      const [options, handler] = rest.length > 1 ? rest : [{}, rest[0]]
      if (typeof handler !== 'function') throw new Error(`${path}: expected a handler, got ${typeof handler}`)
      found = { path, options: options as object }
    }
  }
  // eslint-disable-next-line no-new-func -- the code is a constant of the repository
  new Function('app', code)(app)
  if (found === null) throw new Error('the code registers no endpoint')
  return found
}

/** Functions compare by their kind: the sources have types, the page has not. */
const comparable = (options: object): object => Object.fromEntries(Object.entries(options).map(([name, value]) => [name, typeof value === 'function' ? 'function' : value]))

t.test('the page has every endpoint of the server, each with its code', async (t) => {
  const names = ENDPOINTS.flatMap(({ entries }) => entries.map(({ name }) => name))
  t.same(names.toSorted(), [...DEMO_ENDPOINTS.map(({ path }) => path.slice(1)), 'stomp'].sort())
  t.same(Object.keys(CODE).sort(), names.toSorted())
  for (const { path, options } of DEMO_ENDPOINTS) {
    const shown = registered(CODE[path.slice(1)]!)
    t.equal(shown.path, path)
    t.same(comparable(shown.options), comparable(options ?? {}), path)
  }
})

t.test('/versions names the versions, and the documents that the server has', async (t) => {
  const app = await buildDemo({ logLevel: 'silent' })
  t.teardown(() => app.close())
  const { package: own, sockjsClient, node, documents } = (await app.inject('/versions')).json()
  t.same({ own, sockjsClient, node }, { own: version, sockjsClient: clientVersion, node: process.versions.node })
  t.same(documents, ['README.md', 'docs/getting-started.md', 'docs/conformance.md'])
  for (const path of documents) {
    const { statusCode, headers, body } = await app.inject(`/${path}`)
    t.equal(statusCode, 200, path)
    t.equal(headers['content-type'], 'text/plain; charset=UTF-8')
    t.match(body, /^# /)
  }
})

t.test('/inspector is the inspector, which may only read', async (t) => {
  const app = await buildDemo({ logLevel: 'silent' })
  t.teardown(() => app.close())
  t.equal((await app.inject('/inspector')).headers.location, 'inspector/')
  t.match((await app.inject('/inspector/')).body, /<title>Inspector/)
  t.equal((await app.inject('/inspector/live/info')).statusCode, 200)
})
