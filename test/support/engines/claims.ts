import { until } from '../wait.ts'
import type { Check } from './contract.ts'
import type { EngineNode } from './node.ts'

/** Claims in a messaging system that works. */
export function claimChecks (check: Check): void {
  check('a node is reached for as long as it is connected', [], async (t, { nodes }) => {
    const [a, b] = await nodes(2)
    const { claims, facts } = a.engine
    if (claims.reaches === undefined) {
      t.equal(facts.keysLast, 'lease', 'keys that end with a connection need it')
      return
    }
    t.equal(await claims.reaches(b!.node), true)
    await b!.stop()
    await until(async () => await claims.reaches!(b!.node) === false, 'the messaging system has noted that the connection is gone')
  })

  check('a key that is free has no owner', [], async (t, { name, nodes }) => {
    const [a] = await nodes(1)
    t.equal(await a.locate(name('key')), null)
  })

  check('a claim makes its node the owner, for all nodes', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    await a.own(name('key'))
    t.strictSame([await a.locate(name('key')), await b!.locate(name('key'))], [a.node, a.node])
    t.match(await b!.claim(name('key')), { owner: a.node }, 'a claim of a key with an owner finds the owner')
    t.equal(await b!.locate(name('other')), null)
  })

  check('a claim of the node\'s own key finds the node itself, and changes nothing', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    const release = await a.own(name('key'))
    t.strictSame(await a.claim(name('key')), { owner: a.node })
    t.equal(await b!.locate(name('key')), a.node)
    release()
    await b!.finds(name('key'), null)
    const both = await Promise.all([a.claim(name('two')), a.claim(name('two'))])
    t.strictSame(both.map(({ owner }) => owner).sort(), [null, a.node].sort(), 'of two claims at once one is the owner')
  })

  check('a key that is released is free for all nodes', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    const release = await a.own(name('key'))
    release()
    await b!.finds(name('key'), null)
    const mine = await b!.own(name('key'))
    t.equal(await a.locate(name('key')), b!.node)
    release()
    a.publish(name('x'), '')
    await a.engine.channels.flushed()
    t.equal(await a.locate(name('key')), b!.node, 'a second release does not take the key from its new owner')
    mine()
    await a.own(name('key')).catch(async () => {
      await a.finds(name('key'), null)
      await a.own(name('key'))
    })
    t.equal(await b!.locate(name('key')), a.node)
  })

  check('a key is claimed again by its node in the turn of its release', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    let release = await a.own(name('key'))
    for (let i = 0; i < 20; i++) {
      const before = release
      release()
      release = await a.own(name('key'))
      before()
    }
    await a.engine.channels.flushed()
    t.equal(await b!.locate(name('key')), a.node, 'a second call of an earlier release frees nothing')
    t.strictSame(a.lost, [])
  })

  check('of many claims at once, over several nodes, one is the owner', [], async (t, { name, nodes }) => {
    const many = await nodes(4)
    const race = async (round: number): Promise<void> => {
      const key = name(`key${round}`)
      // Another node begins each round.
      const order = many.map((_, i) => many[(i + round) % many.length]!)
      const claims = await Promise.all(order.map((node) => node.claim(key)))
      const winners = order.filter((_node, i) => claims[i]!.owner === null)
      t.equal(winners.length, 1, `round ${round} has one owner`)
      const [winner] = winners as [EngineNode]
      t.strictSame(claims.map(({ owner }) => owner ?? winner.node), order.map(() => winner.node), 'the others are told which')
      t.strictSame(await Promise.all(many.map((node) => node.locate(key))), many.map(() => winner.node))
    }
    // At first there is one key at a time, and then there are many.
    for (let round = 0; round < 5; round++) await race(round)
    await Promise.all(Array.from({ length: 20 }, (_, i) => race(5 + i)))
    t.strictSame(many.map(({ lost }) => lost), many.map(() => []), 'no node owned a key and lost it')
  })

  check('a node that stops frees its keys', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    await a.own(name('one'))
    await a.own(name('two'))
    await b!.own(name('three'))
    await a.stop()
    await b!.finds(name('one'), null)
    await b!.finds(name('two'), null)
    await b!.own(name('one'))
    t.equal(await b!.locate(name('three')), b!.node)
    t.strictSame(a.lost, [], 'a key that is freed by the stop is not lost')
  })

  check('a node owns 10,000 keys', [], async (t, { name, nodes }) => {
    const [a, b] = await nodes(2)
    const keys = Array.from({ length: 10_000 }, (_, i) => name(`k${i}`))
    const releases: (() => void)[] = []
    for (let at = 0; at < keys.length; at += 1000) releases.push(...await Promise.all(keys.slice(at, at + 1000).map((key) => a.own(key))))
    const some = keys.filter((_, i) => i % 50 === 0)
    t.strictSame(await Promise.all(some.map((key) => b!.locate(key))), some.map(() => a.node))
    t.strictSame(await Promise.all(some.map(async (key) => (await b!.claim(key)).owner)), some.map(() => a.node))
    for (const release of releases) release()
    await Promise.all([keys[0]!, ...some, keys.at(-1)!].map((key) => b!.finds(key, null)))
  })
}
