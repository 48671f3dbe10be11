import fc from 'fast-check'
import t from 'tap'
import { Backlog } from '../../src/core/backlog.ts'

t.test('items that come back stand at their old places, also where others are taken out', async (t) => {
  fc.assert(fc.property(fc.array(fc.nat(10), { maxLength: 200, size: 'max' }), (steps) => {
    const backlog = new Backlog<{ order: number }>()
    const waiting: number[] = []
    const taken: number[] = []
    let order = 0
    for (const step of steps) {
      if (step < 4) {
        waiting.push(order)
        backlog.push({ order: order++ })
      } else if (step < 7) {
        const item = backlog.shift()
        if (item?.order !== waiting[0]) return false
        if (item !== undefined) taken.push(waiting.shift()!)
      } else if (step === 10) {
        const gone = backlog.remove(({ order }) => order % 3 === 0).map(({ order }) => order)
        if (gone.join() !== waiting.filter((order) => order % 3 === 0).join()) return false
        waiting.splice(0, Infinity, ...waiting.filter((order) => order % 3 !== 0))
      } else if (taken.length > 0) {
        const [back] = taken.splice((step * 7) % taken.length, 1)
        waiting.push(back!)
        waiting.sort((a, b) => a - b)
        backlog.giveBack({ order: back! })
      }
      if (backlog.first?.order !== waiting[0] || Array.from(backlog, ({ order }) => order).join() !== waiting.join()) return false
    }
    backlog.clear()
    return backlog.shift() === undefined
  }), { numRuns: 500 })
  t.pass('the first is always the one with the lowest number')
})
