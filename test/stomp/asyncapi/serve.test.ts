import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import sockjs from '../../../src/index.ts'
import stomp, { type AsyncApiDocument, type AsyncApiPluginOptions } from '../../../src/stomp.ts'
import { INFO } from './support.ts'

async function build (t: Test, asyncapi: AsyncApiPluginOptions, { prefix = '', fastify = {} } = {}): Promise<FastifyInstance> {
  const app = Fastify(fastify) as unknown as FastifyInstance
  t.teardown(() => app.close())
  await app.register(sockjs)
  await app.register(async (scope) => {
    await scope.register(stomp, { path: ['/stomp', '/live/chat'], asyncapi })
    scope.stomp.message('/hello', () => {})
  }, { prefix })
  await app.ready()
  return app
}

t.test('the document and the page stand at their paths, with strict headers', async (t) => {
  const app = await build(t, { ...INFO, path: '/docs/asyncapi' })
  const document = await app.inject('/docs/asyncapi.json')
  t.match(document.headers, { 'content-type': /^application\/json/, 'x-content-type-options': 'nosniff', 'cache-control': 'private, no-cache' })
  t.strictSame(Object.keys(document.json<AsyncApiDocument>().operations), ['receive.app.hello', 'send.user.queue.errors'])
  t.match(await app.inject('/docs/asyncapi'), { statusCode: 308, headers: { location: 'asyncapi/' } })
  const page = await app.inject('/docs/asyncapi/')
  t.match(page.headers, { 'content-type': 'text/html; charset=UTF-8', 'content-security-policy': /^default-src 'none'; script-src 'self'; style-src 'self'/, 'x-frame-options': 'DENY' })
  t.notMatch(page.headers['content-security-policy'], /unsafe/)
  t.notMatch(page.body, /<script>|<style>| style=| on\w+=/, 'no inline code')
  for (const [, file] of page.body.matchAll(/(?:src|href)="([^"#]+)"/g)) t.equal((await app.inject(`/docs/asyncapi/${file!}`)).statusCode, 200, file!)
  t.equal((await app.inject({ url: '/docs/asyncapi/main.js', headers: { 'if-none-match': String((await app.inject('/docs/asyncapi/main.js')).headers.etag) } })).statusCode, 304)
})

t.test('the page finds the endpoints from its own address, behind a prefix too', async (t) => {
  const app = await build(t, { ...INFO, path: '/docs/asyncapi' }, { prefix: '/v1' })
  t.strictSame((await app.inject('/v1/docs/asyncapi/place.json')).json(), { document: '../asyncapi.json', endpoints: ['../../stomp', '../../live/chat'] })
  const { servers } = (await app.inject('/v1/docs/asyncapi.json')).json<AsyncApiDocument>()
  t.equal(servers['v1.stomp.sockjs']!.pathname, '/v1/stomp')
  const closed = await build(t, { ...INFO, path: '/asyncapi', tryIt: false })
  t.strictSame((await closed.inject('/asyncapi/place.json')).json(), { document: '../asyncapi.json', endpoints: [] })
})

t.test('the servers have the host by which the client has reached this one', async (t) => {
  const app = await build(t, { ...INFO, path: '/asyncapi' }, { fastify: { trustProxy: true } })
  const hostsFor = async (headers: Record<string, string>): Promise<unknown> => {
    const { servers } = (await app.inject({ url: '/asyncapi.json', headers })).json<AsyncApiDocument>()
    return [servers['stomp.sockjs']!.protocol, servers['stomp.websocket']!.protocol, servers['stomp.websocket']!.host]
  }
  t.strictSame(await hostsFor({ host: 'a.example:8080' }), ['http', 'ws', 'a.example:8080'])
  t.strictSame(await hostsFor({ host: '[::1]:3000' }), ['http', 'ws', '[::1]:3000'])
  t.strictSame(await hostsFor({ 'x-forwarded-host': 'app.example', 'x-forwarded-proto': 'https' }), ['https', 'wss', 'app.example'])
  for (const host of ['a b', 'a/b', 'a@b', '', 'a"><script>']) t.strictSame(await hostsFor({ host }), ['http', 'ws', 'localhost'], JSON.stringify(host))
})

t.test('the document is written once for each origin, and few are kept', async (t) => {
  let written = 0
  const app = await build(t, { info: { ...INFO.info, get description () { return String(++written) } }, path: '/asyncapi' })
  const ask = async (host: string): Promise<string> => (await app.inject({ url: '/asyncapi.json', headers: { host } })).body
  const first = await ask('a.example')
  t.equal(await ask('a.example'), first)
  for (let i = 0; i < 8; i++) await ask(`${i}.example`)
  t.not(await ask('a.example'), first, 'forgotten')
  const last = await ask('7.example')
  t.equal(await ask('7.example'), last)
})

t.test('hooks of the option guard the document, the page and its files', async (t) => {
  const app = await build(t, { ...INFO, path: '/asyncapi', onRequest: async (_request, reply) => reply.code(401).send() })
  for (const url of ['/asyncapi.json', '/asyncapi', '/asyncapi/', '/asyncapi/main.js', '/asyncapi/place.json', '/asyncapi/stomp-client.js']) t.equal((await app.inject(url)).statusCode, 401, url)
})

t.test('without a path nothing is served, and the facts are still those of the registration', async (t) => {
  const app = await build(t, INFO)
  for (const url of ['/asyncapi.json', '/asyncapi']) t.equal((await app.inject(url)).statusCode, 404)
})

t.test('mistakes in the option are found when the plugin is registered', async (t) => {
  for (const [asyncapi, message] of [
    [{ path: '/asyncapi' }, /asyncapi\.info/], [{ ...INFO, path: 'asyncapi' }, /asyncapi\.path: must be a path/], [{ ...INFO, path: '/' }, /asyncapi\.path/],
    [{ ...INFO, tryIt: 1 }, /asyncapi\.tryIt/], [{ ...INFO, onRequest: [] }, /asyncapi\.onRequest/], [{ ...INFO, security: ['x'] }, /asyncapi\.security/], [{ ...INFO, title: 'x' }, /asyncapi\.title/]
  ] as const) await t.rejects(build(t, asyncapi as never), { code: 'FST_STOMP_INVALID_OPTION', message })
})
