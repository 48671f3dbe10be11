import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { until } from '../wait.ts'
import { startChild } from './child.ts'
import type { Check, Room } from './contract.ts'
import { ONCE_AWAY, Watch } from './faults.ts'
import type { EngineNode, Inbox } from './node.ts'

/** Publishes until a first publication arrives. A subscription is known to all servers of a messaging system a moment later. */
async function arrives (from: EngineNode, channel: string, inbox: Inbox): Promise<void> {
  await until(async () => {
    from.publish(channel, 'probe')
    await delay(20)
    return inbox.all.length > 0
  }, `a publication on ${channel} arrives`)
}

/** Loses the connection of a node while it claims, releases and subscribes. */
async function nothingByHalves (t: Test, { name, nodes }: Pick<Room, 'name' | 'nodes'>, lose: (node: EngineNode) => Promise<void>): Promise<void> {
  const [a, b] = await nodes(2)
  const held = Array.from({ length: 50 }, (_, i) => name(`held${i}`))
  const releases = await Promise.all(held.map((key) => a.own(key)))
  const keys = Array.from({ length: 200 }, (_, i) => name(`k${i}`))
  const claims = Promise.all(keys.map((key) => a.claim(key).then(({ owner }) => owner ?? a.node, (error: { code: string }) => error.code)))
  const listening = a.listen(name('x'))
  for (const release of releases) release()
  // The operations are on their way.
  await lose(a)
  const [inbox, outcomes] = await Promise.all([listening, claims, until(() => a.state === 'available' && a.reports.includes('gap'), 'the node is back')])
  b!.publish(name('x'), 'hello')
  t.strictSame(await inbox.take(1), ['hello'])
  t.strictSame(outcomes.filter((outcome) => outcome !== a.node && outcome !== 'FST_SOCKJS_ENGINE_UNAVAILABLE'), [], 'a claim is made, or it is refused')
  const mine = keys.filter((_key, i) => outcomes[i] === a.node)
  t.comment(`${mine.length} of ${keys.length} claims were made`)
  t.strictSame(await Promise.all(mine.map((key) => b!.locate(key))), mine.map(() => a.node))
  const refused = keys.filter((key) => !mine.includes(key))
  await Promise.all(refused.map((key) => until(async () => (await b!.claim(key)).owner !== a.node, 'a key whose claim was refused is free')))
  await Promise.all(held.map((key) => b!.finds(key, null)))
  t.strictSame([a.reports, a.lost], [ONCE_AWAY, []])
}

/** The connection of one node, and the death of one. */
export function linkChecks (check: Check): void {
  check('one node loses its connection, and the others notice nothing', ['cut', 'mend'], async (t, { name, nodes, faults }) => {
    const [a, b, c] = await nodes(3) as [EngineNode, EngineNode, EngineNode]
    const [mine, theirs] = [await a.listen(name('x')), await b.listen(name('x'))]
    const ended = await a.listen(name('x'))
    await a.own(name('key'))
    const release = await a.own(name('released'))
    await faults.cut(a.engine)
    await a.reaches('unavailable')
    a.publish(name('x'), 'lost')
    c.publish(name('x'), 'missed')
    t.strictSame(await theirs.take(1), ['missed'])
    await t.rejects(a.engine.channels.flushed())
    release()
    ended.unsubscribe()
    await c.own(name('other'))
    t.match(await b.claim(name('other')), { owner: c.node })
    await faults.mend(a.engine)
    await a.reaches('available')
    t.equal(await b.locate(name('key')), a.node, 'the key is there again')
    a.publish(name('x'), 'back')
    t.strictSame([await theirs.take(1), await mine.take(1)], [['back'], ['back']], 'a lost publication stays lost')
    b.publish(name('x'), 'seen')
    t.strictSame(await mine.take(1), ['seen'])
    t.strictSame(ended.texts, [])
    await b.finds(name('released'), null)
    t.strictSame(a.reports, ONCE_AWAY)
    t.strictSame([b.reports, c.reports, a.lost], [['available'], ['available'], []])
  })

  check('a subscription that is asked for while the connection is lost begins when it is back', ['cut', 'mend'], async (t, { name, nodes, faults }) => {
    const [a, b] = await nodes(2)
    await faults.cut(a.engine)
    await a.reaches('unavailable')
    const listening = a.listen(name('x'))
    await faults.mend(a.engine)
    const [inbox] = await Promise.all([listening, a.reaches('available')])
    b!.publish(name('x'), 'hello')
    t.strictSame(await inbox.take(1), ['hello'])
  })

  check('a connection that is lost in the middle of work leaves nothing by halves', ['cut', 'mend'], async (t, room) => {
    await nothingByHalves(t, room, async ({ engine }) => {
      await room.faults.cut(engine)
      await room.faults.mend(engine)
    })
  })

  check('a connection that is lost with a part of the answers leaves nothing by halves', ['interrupt'], async (t, room) => {
    await nothingByHalves(t, room, async ({ engine }) => await room.faults.interrupt(engine))
  })

  check('a node that comes back last, to a messaging system without its data, has its keys', ['kill', 'revive', 'cut', 'mend'], async (t, { name, nodes, faults }) => {
    const [a, b] = await nodes(2)
    await a.own(name('key'))
    await faults.kill()
    await faults.cut(a.engine)
    await Promise.all([a, b!].map((each) => each.reaches('unavailable')))
    await faults.revive()
    await b!.reaches('available')
    // The other nodes have RECLAIM_TIME, so both answers wait.
    const answers = Promise.all([b!.locate(name('key')), b!.claim(name('key'))])
    await faults.mend(a.engine)
    await a.reaches('available')
    t.match(await answers, [a.node, { owner: a.node }])
    t.equal(await b!.locate(name('none')), null)
    t.strictSame(a.lost, [])
  })

  check('a node that was away too long has lost its key to another, and is told once', ['cut', 'mend'], async (t, { name, nodes, faults }) => {
    const [a, b] = await nodes(2)
    const release = await a.own(name('key'))
    await a.own(name('kept'))
    await faults.cut(a.engine)
    await a.reaches('unavailable')
    // The messaging system may keep the key for a while.
    await until(async () => (await b!.claim(name('key'))).owner === null, 'the key of a node that is away is free')
    await faults.mend(a.engine)
    await a.reaches('available')
    await until(() => a.lost.length > 0, 'the node is told')
    t.equal(await a.locate(name('key')), b!.node)
    release()
    await faults.cut(a.engine)
    await a.reaches('unavailable')
    await faults.mend(a.engine)
    await a.reaches('available')
    t.equal(await a.locate(name('key')), b!.node, 'neither a release nor the next connection takes it back')
    t.strictSame([a.lost, b!.lost], [[name('key')], []])
    t.equal(await b!.locate(name('kept')), a.node)
  }, 'patient')

  check('a connection that falls silent is found out', ['hang', 'mend'], async (t, { name, nodes, faults }) => {
    const [a, b] = await nodes(2)
    const inbox = await a.listen(name('x'))
    await a.own(name('key'))
    await faults.hang(a.engine)
    const since = Date.now()
    await a.reaches('unavailable')
    t.comment(`a silent connection is found out after ${Date.now() - since} ms`)
    await faults.mend(a.engine)
    await a.reaches('available')
    b!.publish(name('x'), 'hello')
    t.strictSame(await inbox.take(1), ['hello'])
    t.equal(await b!.locate(name('key')), a.node)
    t.strictSame(a.reports, ONCE_AWAY)
  }, 'patient')

  check('a slow connection keeps the order, and one owner for each key', ['slow', 'mend'], async (t, { name, nodes, faults }) => {
    const [a, b] = await nodes(2)
    await faults.slow(a.engine, 200)
    const inbox = await b!.listen(name('x'))
    const back = await a.listen(name('x'))
    for (let i = 0; i < 100; i++) a.publish(name('x'), String(i))
    const numbers = Array.from({ length: 100 }, (_, i) => String(i))
    t.strictSame([await inbox.take(100), await back.take(100)], [numbers, numbers])
    const winners = await Promise.all(Array.from({ length: 5 }, async (_, round) => {
      const key = name(`k${round}`)
      const claims = await Promise.all([a.claim(key), delay(round * 50).then(() => b!.claim(key))])
      t.equal(claims.filter(({ owner }) => owner === null).length, 1)
      const owner = claims[0]!.owner === null ? a.node : b!.node
      t.strictSame([await a.locate(key), await b!.locate(key)], [owner, owner])
      return owner
    }))
    t.comment(`the slow node won ${winners.filter((owner) => owner === a.node).length} of ${winners.length}`)
    t.strictSame([a.reports, a.lost, b!.lost], [['available'], [], []])
  }, 'patient')

  check('the process of a node is killed, and its keys become free', ['child'], async (t, { name, nodes, faults }) => {
    const [a] = await nodes(1)
    const inbox = await a.listen(name('x'))
    const child = await startChild(t, faults.child, { claim: [name('one'), name('two')], publish: name('x') })
    t.strictSame(await inbox.take(1), ['hello'])
    t.equal(await a.locate(name('one')), child.node)
    t.match(await a.claim(name('two')), { owner: child.node })
    const since = Date.now()
    child.kill()
    await until(async () => (await a.claim(name('one'))).owner === null, 'the key of a dead node is free')
    t.comment(`a key of a killed process is free after ${Date.now() - since} ms`)
    await a.finds(name('two'), null)
    t.strictSame(a.reports, ['available'])
  }, 'patient')

  check('a node goes on at another server', ['elsewhere'], async (t, { name, nodes, faults }) => {
    const [a, b] = await nodes(2)
    const [mine, theirs] = [await a.listen(name('a')), await b!.listen(name('b'))]
    await a.own(name('key'))
    await faults.elsewhere(a.engine)
    await until(() => a.reports.includes('gap') && a.state === 'available', 'the node is at another server')
    await arrives(b!, name('a'), mine)
    await arrives(a, name('b'), theirs)
    await b!.finds(name('key'), a.node)
    t.match(await b!.claim(name('key')), { owner: a.node })
    t.strictSame([a.reports, a.lost], [ONCE_AWAY, []])
  })

  check('rubbish of a stranger breaks nothing', ['garbage'], async (t, { name, nodes, faults }) => {
    const [a, b] = await nodes(2)
    const inbox = await b!.listen(name('x'))
    await a.own(name('key'))
    const watch = new Watch(b!, name('key'))
    for (let round = 0; round < 5; round++) {
      await faults.garbage(name('x'))
      await a.own(name(`k${round}`))
    }
    a.publish(name('x'), 'end')
    await until(() => inbox.texts.includes('end'), 'the publication of a node arrives')
    await watch.check(t, a.node)
    for (let round = 0; round < 5; round++) t.equal(await b!.locate(name(`k${round}`)), a.node)
    t.strictSame([a.reports, b!.reports, a.lost], [['available'], ['available'], []])
  })
}
