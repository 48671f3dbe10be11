import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { until, within } from '../wait.ts'
import type { Check } from './contract.ts'
import type { EngineNode } from './node.ts'

/** The time for which the messaging system is stopped, in milliseconds. */
const STOPPED = 5_000

/** The reports of a node whose connection was lost once and is back. */
export const ONCE_AWAY = ['available', 'unavailable', 'gap', 'available']

/** Asks again and again for the owner of a key. An answer is the right one, or none. */
export class Watch {
  readonly #answers = new Set<string | null>()
  readonly #asking: Promise<void>
  #over = false

  constructor (node: EngineNode, key: string) {
    this.#asking = this.#ask(node, key)
  }

  async #ask (node: EngineNode, key: string): Promise<void> {
    while (!this.#over) {
      this.#answers.add(await node.locate(key).catch((error: { code?: string }) => error.code ?? String(error)))
      await delay(10)
    }
  }

  /** Ends it, after an answer that was the right one. */
  async check (t: Test, owner: string): Promise<void> {
    await until(() => this.#answers.has(owner), 'the right owner is found')
    this.#over = true
    await within(this.#asking, 'the last answer')
    this.#answers.delete('FST_SOCKJS_ENGINE_UNAVAILABLE')
    t.strictSame([...this.#answers], [owner], 'no answer was wrong')
  }
}

/** The messaging system goes, and comes back. */
export function faultChecks (check: Check): void {
  check('the messaging system is killed and comes back empty', ['kill', 'revive'], async (t, { name, nodes, faults }) => {
    const [a, b, c] = await nodes(3) as [EngineNode, EngineNode, EngineNode]
    const all = [a, b, c]
    const [inbox, pattern, ended] = [await b.listen(name('x')), await b.listen(name('*', 'y')), await b.listen(name('x'))]
    const keys = Array.from({ length: 2_000 }, (_, i) => name(`k${i}`))
    await Promise.all(keys.map((key) => a.own(key)))
    const release = await a.own(name('released'))
    await c.own(name('c'))
    const watches = [new Watch(b, keys[7]!), new Watch(c, keys[1_999]!)]

    await faults.kill()
    await Promise.all(all.map((node) => node.reaches('unavailable')))
    await t.rejects(within(a.engine.channels.flushed(), 'flushed() while the messaging system is away'))
    a.publish(name('x'), 'lost')
    release()
    ended.unsubscribe()
    // A node that is available again has its own subscriptions.
    b.atAvailable = () => b.publish(name('x'), 'at once')
    await faults.revive()
    await Promise.all(all.map((node) => node.reaches('available')))

    t.strictSame(await inbox.take(1), ['at once'], 'what was published meanwhile is lost, and does not arrive late')
    a.publish(name('x'), 'direct')
    a.publish(name('p', 'y'), 'by pattern')
    t.strictSame([await inbox.take(1), await pattern.take(1), ended.texts], [['direct'], ['by pattern'], []])
    t.strictSame(await Promise.all(keys.map((key) => c.locate(key))), keys.map(() => a.node), 'every claim is there again')
    t.match(await b.claim(keys[3]!), { owner: a.node })
    t.strictSame([await b.locate(name('released')), await a.locate(name('c'))], [null, c.node])
    await watches[0]!.check(t, a.node)
    await watches[1]!.check(t, a.node)
    t.strictSame(all.map(({ reports }) => reports), all.map(() => ONCE_AWAY), 'each node reports one gap, and then that it is available')
    t.strictSame(all.map(({ lost }) => lost), [[], [], []])
  })

  check('a claim that waits while the messaging system is away has the right answer', ['kill', 'revive'], async (t, { name, nodes, faults }) => {
    const [a, b] = await nodes(2)
    await a.own(name('key'))
    await faults.kill()
    await b!.reaches('unavailable')
    const [claim, free] = [name('key'), name('free')].map((key) => b!.claim(key).catch((error: { code: string }) => error.code))
    await faults.revive()
    await b!.reaches('available')
    const answer = await claim
    if (typeof answer === 'string') t.equal(answer, 'FST_SOCKJS_ENGINE_UNAVAILABLE')
    else t.equal(answer!.owner, a.node)
    const other = await free
    if (typeof other === 'string') t.equal(other, 'FST_SOCKJS_ENGINE_UNAVAILABLE')
    else t.equal(await a.locate(name('free')), b!.node)
    t.equal(await b!.locate(name('key')), a.node)
  })

  check('the messaging system is away at the start, and comes later', ['kill', 'revive'], async (t, { name, node, nodes, faults }) => {
    const [b] = await nodes(1)
    await faults.kill()
    await b.reaches('unavailable')
    const a = await node()
    await a.start()
    t.notOk(a.reports.includes('available'), 'the start resolves after the first try')
    await t.rejects(within(a.engine.channels.flushed(), 'flushed() before the first connection'))
    const listening = a.listen(name('x'))
    await faults.revive()
    const [inbox] = await Promise.all([listening, a.reaches('available'), b.reaches('available')])
    b.publish(name('x'), 'hello')
    t.strictSame(await inbox.take(1), ['hello'])
    await a.own(name('key'))
    t.equal(await b.locate(name('key')), a.node)
  })

  check('an engine stops while the messaging system is away', ['kill', 'revive'], async (t, { name, node, nodes, faults }) => {
    const [a, b] = await nodes(2)
    await a.own(name('key'))
    await faults.kill()
    await Promise.all([a, b!].map((each) => each.reaches('unavailable')))
    const late = await (await node()).start()
    // The limit of the suite is a failure of the engine, which a rejection of the engine itself is not.
    const subscribing = late.engine.channels.subscribe(name('x'), () => {})
    const waiting = subscribing.then(() => 'done', () => 'refused')
    await Promise.all([a.stop(), late.stop()])
    t.match(await within(waiting, 'the outcome of a subscription'), /^(?:done|refused)$/)
    await faults.revive()
    await b!.reaches('available')
    await b!.finds(name('key'), null)
    t.strictSame([a.reports.at(-1), late.reports.at(-1)], ['stopped', 'stopped'])
    t.notOk(late.reports.includes('available'))
  })

  check('the messaging system is killed while publications are on their way', ['kill', 'revive'], async (t, { name, nodes, faults }) => {
    const [a, b] = await nodes(2)
    const inbox = await b!.listen(name('x'))
    for (let i = 0; i < 2_000; i++) a.publish(name('x'), String(i))
    await faults.kill()
    await Promise.all([a, b!].map((each) => each.reaches('unavailable')))
    await faults.revive()
    await Promise.all([a, b!].map((each) => each.reaches('available')))
    a.publish(name('x'), 'end')
    await until(() => inbox.texts.at(-1) === 'end', 'the publication after the return arrives last')
    const arrived = inbox.texts.slice(0, -1)
    t.strictSame(arrived, arrived.map((_, i) => String(i)), 'a tail of them is lost; the others are in order, and each is there once')
    t.comment(`${arrived.length} of 2000 arrived`)
    t.strictSame([a.reports, b!.reports], [ONCE_AWAY, ONCE_AWAY])
  })

  check('the messaging system is killed three times in a row', ['kill', 'revive'], async (t, { name, nodes, faults }) => {
    const [a, b] = await nodes(2)
    const inbox = await b!.listen(name('x'))
    await a.own(name('key'))
    for (let round = 0; round < 3; round++) {
      await faults.kill()
      await Promise.all([a, b!].map((each) => each.reaches('unavailable')))
      await faults.revive()
      await Promise.all([a, b!].map((each) => each.reaches('available')))
      a.publish(name('x'), String(round))
      t.strictSame(await inbox.take(1), [String(round)], 'one subscription, however often it was made')
      t.equal(await b!.locate(name('key')), a.node)
    }
    t.equal(a.reports.filter((report) => report === 'gap').length, 3)
    t.strictSame(a.lost, [])
  })

  check('the messaging system is stopped for five seconds', ['stop', 'cont'], async (t, { name, nodes, faults }) => {
    const [a, b, c] = await nodes(3) as [EngineNode, EngineNode, EngineNode]
    const inbox = await b.listen(name('x'))
    await a.own(name('key'))
    const watch = new Watch(c, name('key'))
    let count = 0
    a.publish(name('x'), String(count++))
    await inbox.next()
    await faults.stop()
    const over = Date.now() + STOPPED
    const flushed = a.engine.channels.flushed().then(() => 'done', () => 'rejected')
    while (Date.now() < over) {
      a.publish(name('x'), String(count++))
      await delay(100)
    }
    await faults.cont()
    await within(flushed, 'the outcome of flushed()')
    await Promise.all([a, b, c].map((node) => node.reaches('available')))
    a.publish(name('x'), 'end')
    const texts: string[] = []
    while (texts.at(-1) !== 'end') texts.push(...await inbox.take(1))
    const arrived = texts.slice(0, -1).map(Number)
    t.strictSame(arrived, [...new Set(arrived)].sort((x, y) => x - y), 'in order, and each once')
    const gap = [a, b].some(({ reports }) => reports.includes('gap'))
    t.ok(gap || arrived.length === count - 1, 'all arrived, or a gap is reported')
    await watch.check(t, a.node)
    t.equal(await b.locate(name('key')), a.node)
    t.strictSame(a.lost, [])
  })
}
