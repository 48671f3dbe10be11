import { createHook } from 'node:async_hooks'
import { setFlagsFromString } from 'node:v8'
import { test } from 'tap'
import { collectGarbage } from '../../support/heap.ts'
import { buildServer } from '../../support/server.ts'

setFlagsFromString('--allow-natives-syntax')
// The intrinsics of V8 are no syntax of JavaScript.
// eslint-disable-next-line no-new-func
const haveSameClass = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean

/** Makes ticks, and returns their objects. */
function ticks (count: number): object[] {
  const seen: object[] = []
  const hook = createHook({ init: (_id, type, _trigger, resource) => { if (type === 'TickObject') seen.push(resource) } }).enable()
  for (let i = 0; i < count; i++) process.nextTick(() => {})
  hook.disable()
  return seen
}

test('a server keeps an object of nextTick, and later ticks have its hidden class, also after garbage collections', async (t) => {
  const server = await buildServer(t)
  const kept = server.endpoint.registration.tick.object!
  for (let round = 0; round < 5; round++) {
    for (const tick of ticks(3)) t.ok(haveSameClass(kept, tick))
    collectGarbage()
  }
  t.notOk(haveSameClass(kept, {}), 'another object has another class')
})
