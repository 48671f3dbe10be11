import t from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import { RECLAIM_TIME } from '../../../src/engine/engine.ts'
import { ClaimTable, type Claimant } from '../../../src/engine/hub/claim-table.ts'

class Node implements Claimant {
  readonly keys = new Set<string>()
  readonly answers: [request: number, owner: string][] = []
  readonly node: string
  constructor (node: string) { this.node = node }
  answer (request: number, owner: string): void { this.answers.push([request, owner]) }
  take (): [number, string][] { return this.answers.splice(0) }
}

t.test('one node has a key until it releases it or leaves', async (t) => {
  const clock = new ManualClock()
  const table = new ClaimTable(clock)
  const [a, b] = [new Node('a'), new Node('b')]
  table.claim(a, 1, 'k')
  table.claim(b, 2, 'k')
  table.locate(b, 3, 'k')
  table.locate(b, 4, 'other')
  t.strictSame(a.take(), [[1, '']])
  t.strictSame(b.take(), [[2, 'a'], [3, 'a'], [4, '']])
  table.release(b, 'k')
  table.locate(b, 5, 'k')
  t.strictSame(b.take(), [[5, 'a']], 'only the owner can release')
  table.release(a, 'k')
  table.claim(b, 6, 'k')
  table.leave(b)
  table.locate(a, 7, 'k')
  t.strictSame([...a.take(), ...b.take()], [[6, '']], 'a node that left with keys has the time to return')
  clock.advance(RECLAIM_TIME)
  t.strictSame(a.take(), [[7, '']])
  table.leave(a)
  table.locate(b, 8, 'k')
  t.strictSame(b.take(), [[8, '']], 'a node without keys need not return')
})

t.test('the first hub at a path answers at once', async (t) => {
  const clock = new ManualClock()
  const a = new Node('a')
  new ClaimTable(clock).claim(a, 1, 'k')
  t.strictSame(a.take(), [[1, '']])
  t.equal(clock.pending, 0)
})

t.test('a hub that came back says that a key is free only after the nodes had the time to claim again', async (t) => {
  const clock = new ManualClock()
  const table = new ClaimTable(clock)
  const [old, fresh] = [new Node('old'), new Node('fresh')]
  table.expectClaims()
  table.claim(fresh, 1, 'k')
  table.claim(fresh, 2, 'new')
  table.locate(fresh, 3, 'k')
  table.locate(fresh, 4, 'free')
  clock.advance(RECLAIM_TIME - 100)
  t.strictSame(fresh.take(), [])
  table.reclaim(old, 1, 'k')
  t.strictSame(old.take(), [[1, '']])
  table.locate(fresh, 5, 'k')
  t.strictSame(fresh.take(), [[5, 'old']], 'an owner is sure at once')
  clock.advance(100)
  t.strictSame(fresh.take(), [[1, 'old'], [2, ''], [3, 'old'], [4, '']])
  table.claim(fresh, 6, 'later')
  t.strictSame(fresh.take(), [[6, '']])
  t.equal(clock.pending, 0)
})

t.test('a key that another node has by now is lost', async (t) => {
  const table = new ClaimTable(new ManualClock())
  const [old, fresh] = [new Node('old'), new Node('fresh')]
  table.claim(fresh, 1, 'k')
  table.reclaim(old, 2, 'k')
  t.strictSame(old.take(), [[2, 'fresh']])
  t.equal(old.keys.size, 0)
})

t.test('a node that leaves while it waits gets no key', async (t) => {
  const clock = new ManualClock()
  const table = new ClaimTable(clock)
  const [gone, there] = [new Node('gone'), new Node('there')]
  table.expectClaims()
  table.claim(gone, 1, 'k')
  table.claim(there, 2, 'k')
  table.leave(gone)
  clock.advance(RECLAIM_TIME)
  t.strictSame(gone.take(), [])
  t.strictSame(there.take(), [[2, '']])
})
