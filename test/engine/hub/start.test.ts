import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { tmpdir } from 'node:os'
import t from 'tap'
import { hubEngine, startHub } from '../../../src/hub.ts'
import { hubPath } from '../../support/hub-nodes.ts'

t.test('a hub makes its socket in a new directory that only its user may enter', async (t) => {
  const [one, two] = [await startHub(), await startHub()]
  const directory = dirname(one.path)
  t.equal(dirname(directory), tmpdir())
  t.equal(statSync(directory).mode & 0o777, 0o700)
  t.not(directory, dirname(two.path))
  t.equal(process.env.FASTIFY_SOCKJS_HUB, two.path)
  await one.close()
  t.notOk(existsSync(directory), 'the directory goes with the hub')
  t.equal(process.env.FASTIFY_SOCKJS_HUB, two.path, 'the variable of another hub stays')
  await two.close()
  t.equal(process.env.FASTIFY_SOCKJS_HUB, undefined)
})

t.test('a hub at a given path', async (t) => {
  const path = hubPath(t)
  const hub = await startHub({ path })
  t.equal(hub.path, path)
  await t.rejects(startHub({ path }), { code: 'FST_SOCKJS_ENGINE_REFUSED' })
  await hub.close()
  t.notOk(existsSync(path))
})

t.test('a directory for temporary files whose name is too long is refused, because the system would cut the path of the socket', async (t) => {
  const { TMPDIR } = process.env
  t.teardown(() => { if (TMPDIR === undefined) delete process.env.TMPDIR; else process.env.TMPDIR = TMPDIR })
  process.env.TMPDIR = t.testdir({ ['x'.repeat(100)]: {} }) + `/${'x'.repeat(100)}`
  await t.rejects(startHub(), { code: 'FST_SOCKJS_ENGINE_INVALID_OPTION', message: /^option path of the engine: must be a path of at most 100 bytes/ })
})

t.test('the engine takes its path from the environment', async (t) => {
  const hub = await startHub()
  t.match(hubEngine().facts, { name: 'hub', maxPayload: 4 * 1024 * 1024, namespace: 'hub', secret: '', keysLast: 'lease', sign: false })
  t.equal(hubEngine({ namespace: 'shop' }).facts.namespace, 'shop')
  await hub.close()
  t.throws(() => hubEngine(), {
    code: 'FST_SOCKJS_ENGINE_INVALID_OPTION',
    message: 'option path of the engine: must be given, because FASTIFY_SOCKJS_HUB is not set; call startHub() in the primary before it forks its workers'
  })
})

t.test('wrong options are named', async (t) => {
  const wrong: [options: object, message: RegExp][] = [
    [{ path: '' }, /^option path of the engine: must be a text that is not empty/],
    [{ path: 'x'.repeat(101) }, /^option path of the engine: must be a path of at most 100 bytes/],
    [{ namespace: 'a.b' }, /^option namespace of the engine: must be 1 to 64 letters, digits, _ or -/],
    [{ port: 1 }, /^option port of the engine: /]
  ]
  for (const [options, message] of wrong) {
    t.throws(() => hubEngine(options), { code: 'FST_SOCKJS_ENGINE_INVALID_OPTION', message })
    await t.rejects(startHub(options), { code: 'FST_SOCKJS_ENGINE_INVALID_OPTION', message })
  }
  t.throws(() => hubEngine(null as never), { code: 'FST_SOCKJS_ENGINE_INVALID_OPTION' })
})
