import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import t from 'tap'
import { inspectorPage } from '../../src/embedded/inspector-page.ts'
import inspector, { type InspectorOptions } from '../../src/inspector.ts'
import sockjs from '../../src/index.ts'
import stomp from '../../src/stomp.ts'
import { newClient } from '../support/client.ts'
import { buildServer } from '../support/server.ts'
import { inspectedServer, openPage } from './support.ts'

async function boot (options: unknown, hasSockjs = true): Promise<FastifyInstance> {
  const app = Fastify() as unknown as FastifyInstance
  if (hasSockjs) await app.register(sockjs)
  await app.register(inspector, options as InspectorOptions)
  return app
}

t.test('without a hook and without open: true the start fails, and tells both ways', async (t) => {
  await t.rejects(boot({}), { code: 'FST_SOCKJS_INSPECTOR_UNGUARDED', message: /onRequest.*open: true/ })
  await t.rejects(boot({ path: '/ops', open: false, actions: true }), { code: 'FST_SOCKJS_INSPECTOR_UNGUARDED', message: /\/ops/ })
  await t.rejects(boot({ onRequest: [] }), { code: 'FST_SOCKJS_INSPECTOR_INVALID_OPTION' }, 'an empty list guards nothing')
  await t.rejects(boot({ open: true }, false), { code: 'FST_SOCKJS_INSPECTOR_NEEDS_SOCKJS' })
  for (const hook of ['onRequest', 'preParsing', 'preValidation', 'preHandler']) {
    const app = await boot({ [hook]: async () => {} })
    await app.ready()
    await app.close()
  }
})

t.test('wrong options are refused at boot', async (t) => {
  const wrong: Record<string, unknown>[] = [
    { path: 'inspector' }, { path: '/' }, { path: '/a/' }, { path: '/a b' }, { path: '/:a' }, { open: 'yes' }, { actions: 1 }, { bodies: null }, { sample: 0 }, { sample: 1_001 },
    { interval: 10 }, { interval: '1s' }, { onRequest: 'auth' }, { preHandler: [1] }, { unknown: 1 }
  ]
  for (const options of wrong) await t.rejects(boot({ open: true, ...options }), { code: 'FST_SOCKJS_INSPECTOR_INVALID_OPTION' }, JSON.stringify(options))
  await t.rejects(boot({ open: true, origins: 7 }), { code: 'FST_SOCKJS_INVALID_OPTION' })
})

t.test('the files of the page', async (t) => {
  const app = await boot({ open: true, path: '/ops/inspector' })
  t.teardown(() => app.close())
  const moved = await app.inject('/ops/inspector')
  t.strictSame([moved.statusCode, moved.headers.location], [308, 'inspector/'])
  const types: Record<string, RegExp> = { html: /^text\/html/, css: /^text\/css/, js: /^text\/javascript/, svg: /^image\/svg/ }
  for (const [name, text] of Object.entries(inspectorPage)) {
    const url = `/ops/inspector/${name === 'index.html' ? '' : name}`
    const { statusCode, headers, body } = await app.inject(url)
    t.strictSame([statusCode, body], [200, text], name)
    t.match(headers['content-type'], types[name.split('.').at(-1)!]!)
    t.equal(headers['content-security-policy'],
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    t.match(headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY', 'cache-control': 'private, no-cache' })
    const known = await app.inject({ url, headers: { 'if-none-match': `W/${headers.etag as string}, "x"` } })
    t.strictSame([known.statusCode, known.body, known.headers.etag], [304, '', headers.etag], `${name} is not sent again`)
    t.equal((await app.inject({ url, headers: { 'if-none-match': '"other"' } })).statusCode, 200)
  }
  t.equal((await app.inject('/ops/inspector/none.js')).statusCode, 404)
  t.equal((await app.inject('/ops/inspector/../package.json')).statusCode, 404)
  t.equal((await app.inject('/ops/inspector/live/sockjs.min.js')).statusCode, 200, 'the client of the connection')
})

t.test('the page needs nothing that its policy forbids', async (t) => {
  const page = inspectorPage['index.html']!
  t.notMatch(page, /<script(?![^>]* src=)[^>]*>|<style|\son\w+=|\sstyle=|javascript:/i, 'nothing inline')
  for (const [, address] of page.matchAll(/(?:src|href)="([^"]+)"/g)) t.notMatch(address!, /^(?:https?:)?\/\/|^\//, 'addresses are relative')
  for (const [name, text] of Object.entries(inspectorPage)) {
    if (!name.endsWith('.js')) continue
    t.notMatch(text, /\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write|setAttribute\('style'/, name)
    for (const [, from] of text.matchAll(/from '([^']+)'/g)) t.ok(Object.hasOwn(inspectorPage, from!.replace('./', '')), `${name} imports ${from}`)
  }
})

t.test('the hooks of the options guard the page, its files and its connection', async (t) => {
  const guard = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => request.headers['x-key'] === 'right' ? undefined : reply.code(401).send('no')
  const server = await inspectedServer(t, { inspector: { onRequest: guard } })
  for (const url of ['/inspector', '/inspector/', '/inspector/main.js', '/inspector/live/info', '/inspector/live/sockjs.min.js']) {
    t.equal((await server.app.inject(url)).statusCode, 401, url)
    t.not((await server.app.inject({ url, headers: { 'x-key': 'right' } })).statusCode, 401, url)
  }
  await t.rejects(newClient(server, 'websocket', { path: '/inspector/live' }).open())
  const page = await openPage(server, '/inspector', 'websocket', { 'x-key': 'right' })
  t.match(await page.ask({ name: 'hello' }), { result: { actions: false, bodies: false, isCluster: false, hasStomp: true } })
})

t.test('a page of another origin cannot connect, although the registration lets all origins in', async (t) => {
  const server = await inspectedServer(t)
  await t.rejects(newClient(server, 'websocket', { path: '/inspector/live', headers: { origin: 'https://evil.example' } }).open())
  await openPage(server, '/inspector', 'websocket', { origin: `http://127.0.0.1:${server.port}` })
  const shared = await inspectedServer(t, { inspector: { open: true, origins: ['https://ops.example'] } })
  await openPage(shared, '/inspector', 'websocket', { origin: 'https://ops.example' })
})

t.test('the connection falls back as any other', async (t) => {
  const server = await inspectedServer(t)
  for (const transport of ['xhr-streaming', 'xhr-polling'] as const) {
    const page = await openPage(server, '/inspector', transport)
    t.match(await page.ask({ name: 'hello' }), { id: 1, result: { hasStomp: true } }, transport)
  }
})

t.test('a prefix of the scope comes before the path', async (t) => {
  const app = Fastify() as unknown as FastifyInstance
  t.teardown(() => app.close())
  await app.register(sockjs)
  await app.register(async (scope) => { await scope.register(inspector, { open: true }) }, { prefix: '/ops' })
  t.equal((await app.inject('/ops/inspector/')).statusCode, 200)
  t.equal((await app.inject('/ops/inspector/live/info')).statusCode, 200)
})

t.test('STOMP may be registered behind the inspector', async (t) => {
  const server = await buildServer(t, {
    nodes: 1,
    after: async (app) => {
      await app.register(inspector, { open: true })
      await app.register(stomp, { path: '/stomp' })
    }
  })
  const page = await openPage(server)
  t.match(await page.ask({ name: 'hello' }), { result: { hasStomp: true } })
  t.match(await page.ask({ name: 'numbers', node: '' }), { result: { nodes: [{ broker: 'available' }] } })
})
