import { steady, until, within } from '../wait.ts'
import type { Check } from './contract.ts'

/** The connections that this process holds open. */
function connections (): number {
  return process.getActiveResourcesInfo().filter((kind) => /^(?:TCP|TLS|Pipe)/.test(kind)).length
}

/** The beginning and the end of an engine. */
export function lifeChecks (check: Check): void {
  check('an engine states its facts', [], async (t, { node }) => {
    const { facts } = (await node()).engine
    t.match(facts, { name: /^[a-z]+$/, maxPayload: Number, namespace: /^[\w-]+$/, secret: String, sign: Boolean })
  })

  check('an engine is available when its start resolves, and reports each state once', [], async (t, { node }) => {
    const a = await node()
    t.strictSame(a.reports, [])
    await a.start()
    t.strictSame(a.reports, ['available'])
    await a.stop()
    t.strictSame(a.reports, ['available', 'stopped'])
  })

  check('a cluster may keep the channels and the claims of an engine from before its start', [], async (t, { node }) => {
    const a = await node()
    const { channels, claims } = a.engine
    await a.start()
    t.equal(a.engine.channels, channels)
    t.equal(a.engine.claims, claims)
    await channels.flushed()
  })

  check('an engine serves one node: a second start is refused', [], async (t, { name, node }) => {
    const a = await (await node()).start()
    await t.rejects(within(a.engine.start(a), 'a second start'), { code: 'FST_SOCKJS_ENGINE_REFUSED' })
    const inbox = await a.listen(name('x'))
    a.publish(name('x'), 'well')
    t.strictSame(await inbox.take(1), ['well'], 'the first start stands')
    t.strictSame(a.reports, ['available'])
  })

  check('an engine that has stopped publishes nothing, listens to nothing and answers nothing', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    const [mine, theirs] = [await a.listen(name('x')), await b!.listen(name('x'))]
    await a.stop()
    a.publish(name('x'), 'lost')
    b!.publish(name('x'), 'kept')
    t.strictSame(await theirs.take(1), ['kept'])
    t.strictSame(mine.all, [])
    await t.rejects(a.engine.channels.flushed())
    await t.rejects(a.claim(name('key')), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE' })
    await t.rejects(a.locate(name('key')), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE' })
  })

  check('an engine that never started stops', [], async (t, { node }) => {
    const a = await node()
    a.publish('x', 'a publication before the start is lost')
    await a.stop()
    t.notOk(a.reports.includes('available'))
  })

  check('an engine stops twice, and in the middle of work', [], async (t, { name, nodes }) => {
    const [a] = await nodes(1)
    const outcome = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'done', (error: { code?: string }) => error.code ?? String(error))
    const work = [outcome(a.claim(name('key'))), outcome(a.locate(name('other'))), outcome(a.engine.channels.flushed()), outcome(a.listen(name('x')))]
    await Promise.all([a.stop(), a.stop()])
    const outcomes = await within(Promise.all(work), 'the outcomes of all calls')
    for (const each of outcomes) t.match(each, /^(?:done|FST_SOCKJS_ENGINE_UNAVAILABLE)$/)
    await a.stop()
    t.strictSame(a.reports, ['available', 'stopped'])
  })

  check('the stop ends every connection that the engine has made', [], async (t, { name, node }) => {
    const made = [await node(), await node()]
    await steady(connections)
    const before = connections()
    for (const each of made) {
      await each.start()
      await each.listen(name('x'))
      await each.own(name(each.node))
    }
    for (const each of made) await each.stop()
    await until(() => connections() <= before, `${connections()} connections are ${before} again`)
    t.pass('no connection is left')
  })

  check('two engines of one process are two nodes', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    await a.own(name('a'))
    await b!.own(name('b'))
    const inbox = await b!.listen(name('x'))
    await a.stop()
    b!.publish(name('x'), 'alive')
    t.strictSame(await inbox.take(1), ['alive'])
    t.equal(await b!.locate(name('b')), b!.node)
    t.strictSame(b!.reports, ['available'])
  })
}
