import { performance } from 'node:perf_hooks'
import fc from 'fast-check'
import { test } from 'tap'
import { type Clock, ManualClock, SystemClock } from '../../src/core/clock.ts'
import { Timer } from '../../src/core/timer.ts'
import { TICK, Wheel } from '../../src/core/wheel.ts'

/** A timer that runs `action` when it is due. */
function timer (action: () => void): Timer {
  return new Timer({ expire: action })
}

interface Waiting {
  readonly callback: () => void
  next: number
  /** The delay, 0 for a timeout. */
  readonly every: number
}

/** An event loop that moves only when told, below a `SystemClock`. */
class FakeLoop {
  now = 0.25
  readonly immediates: (() => void)[] = []
  readonly waiting = new Map<object, Waiting>()

  /** Runs `body` with time and timers of this loop. */
  run (body: () => void): void {
    const names = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate'] as const
    const real = Object.fromEntries(names.map((name) => [name, globalThis[name]]))
    const realNow = performance.now
    const clear = (handle: object) => { this.waiting.delete(handle) }
    Object.assign(globalThis, {
      setTimeout: (callback: () => void, ms: number) => this.#wait(callback, ms, 0),
      setInterval: (callback: () => void, ms: number) => this.#wait(callback, ms, ms),
      clearTimeout: clear,
      clearInterval: clear,
      setImmediate: (callback: () => void) => { this.immediates.push(callback) }
    })
    performance.now = () => this.now
    try {
      body()
    } finally {
      performance.now = realNow
      Object.assign(globalThis, real)
    }
  }

  /** Lets time pass, every timer firing on time. */
  advance (ms: number): void {
    const end = this.now + ms
    for (;;) {
      const [first] = [...this.waiting].sort(([, a], [, b]) => a.next - b.next)
      if (first === undefined || first[1].next > end) break
      this.now = Math.max(this.now, first[1].next)
      this.#fire(...first)
    }
    this.now = end
  }

  /** Blocks the loop. A timer that is due meanwhile fires once, late. */
  block (ms: number): void {
    this.now += ms
    for (const entry of [...this.waiting]) if (entry[1].next <= this.now) this.#fire(...entry)
  }

  #wait (callback: () => void, ms: number, every: number): object {
    const handle = { unref: () => handle }
    this.waiting.set(handle, { callback, next: this.now + ms, every })
    return handle
  }

  #fire (handle: object, timer: Waiting): void {
    if (timer.every === 0) this.waiting.delete(handle)
    else timer.next = this.now + timer.every
    timer.callback()
  }
}

test('a manual clock fires in order of time, once, and not before', async (t) => {
  const clock = new ManualClock()
  const log: [string, number][] = []
  const noted = (name: string) => timer(() => log.push([name, clock.now()]))
  clock.start(noted('c'), 1000)
  clock.start(noted('a'), 100)
  clock.start(noted('d'), 1001)
  clock.start(noted('b'), 101)
  clock.start(noted('now'), 0)
  t.equal(clock.pending, 5)
  clock.advance(0)
  t.strictSame(log, [], 'nothing fires while time stands still')
  clock.advance(99)
  t.strictSame(log, [['now', 50]])
  clock.advance(1)
  t.strictSame(log, [['now', 50], ['a', 100]])
  clock.advance(5000)
  t.strictSame(log, [['now', 50], ['a', 100], ['b', 150], ['c', 1000], ['d', 1050]])
  t.equal(clock.pending, 0)
  t.equal(clock.now(), 5100)
})

test('coarse time and dates', async (t) => {
  const manual = new ManualClock()
  t.equal(manual.date(), Date.UTC(2000))
  manual.advance(1_234)
  t.equal(manual.coarse, 1_234)
  t.equal(manual.date(), Date.UTC(2000) + 1_234)
  const loop = new FakeLoop()
  loop.run(() => {
    const clock = new SystemClock((error) => { throw error })
    loop.advance(777)
    clock.start(timer(() => {}), 10_000)
    t.equal(clock.coarse, 777, 'it is right when the first timer starts')
    for (let i = 0; i < 100; i++) {
      loop.advance(13)
      if (clock.coarse > clock.now() || clock.coarse < clock.now() - TICK) t.fail(`${clock.coarse} at ${clock.now()}`)
    }
    const before = Date.now()
    const date = clock.date()
    t.ok(date >= before && date <= Date.now())
  })
})

test('restart, stop, and both from within another timer', async (t) => {
  const clock = new ManualClock()
  const log: string[] = []
  const kept = timer(() => log.push('kept@' + clock.now()))
  clock.start(kept, 100)
  clock.start(kept, 300)
  t.equal(clock.pending, 1, 'one timer, however often it is started')
  t.ok(kept.running)
  clock.advance(299)
  t.strictSame(log, [])
  clock.advance(1)
  t.strictSame(log, ['kept@300'])
  t.notOk(kept.running)
  clock.stop(kept)
  t.equal(clock.pending, 0, 'stopping a timer that does not run changes nothing')

  const again = timer(() => { log.push('again@' + clock.now()); clock.start(again, 0) })
  clock.start(again, 100)
  clock.advance(200)
  t.strictSame(log.splice(0), ['kept@300', 'again@400', 'again@450', 'again@500'], 'a timer restarted with 0 waits for the next tick')
  clock.stop(again)

  // Two timers of one tick, each of which stops the other. The second one must not fire.
  const left: Timer = timer(() => { log.push('one'); clock.stop(right) })
  const right: Timer = timer(() => { log.push('one'); clock.stop(left) })
  clock.start(left, 100)
  clock.start(right, 100)
  clock.advance(1000)
  t.strictSame(log.splice(0), ['one'])
  t.equal(clock.pending, 0)

  const first: Timer = timer(() => { log.push('moved'); clock.start(second, 500) })
  const second: Timer = timer(() => { log.push('moved'); clock.start(first, 500) })
  clock.start(first, 100)
  clock.start(second, 100)
  clock.advance(150)
  t.strictSame(log.splice(0), ['moved'], 'due already, and yet moved away')
  clock.stop(first)
  clock.stop(second)
  t.equal(clock.pending, 0)
})

test('delays over several turns of the wheel', async (t) => {
  const clock = new ManualClock()
  const fired = new Map<number, number>()
  const turn = 1024 * TICK
  const delays = [turn - 100, turn, turn + 101, 2 * turn, 2 * turn + 149, 7 * turn + 49, 86_400_000]
  for (const delay of delays) clock.start(timer(() => fired.set(delay, clock.now())), delay)
  for (const delay of delays) {
    clock.advance(delay - clock.now() - 1)
    t.notOk(fired.has(delay), `${delay} not early`)
    clock.advance(1 + TICK)
    t.ok(fired.get(delay)! >= delay && fired.get(delay)! < delay + TICK, `${delay} in time`)
  }
})

test('a wheel that is turned late fires everything that is due, in order of ticks', async (t) => {
  const wheel = new Wheel()
  const log: number[] = []
  const of = new Map<Timer, number>()
  for (const delay of [5000, 50, 40_000, 51_000, 49_000, 51_200, 200_000]) {
    const one = timer(() => {})
    of.set(one, delay)
    wheel.start(one, 0, delay)
  }
  const fire = (one: Timer) => { log.push(of.get(one)!) }
  wheel.turn(51_100, fire)
  t.strictSame(log.splice(0), [50, 5000, 40_000, 49_000, 51_000])
  wheel.turn(40_000, fire)
  t.strictSame(log, [], 'a clock that went back fires nothing')
  wheel.turn(10_000_000, fire)
  t.strictSame(log.sort((a, b) => a - b), [51_200, 200_000], 'however many turns were missed')
  t.equal(wheel.size, 0)
  let all = 0
  for (let delay = 0; delay < 2 * 1024 * TICK; delay += TICK) wheel.start(timer(() => {}), 10_000_000, delay)
  wheel.turn(15_000_000, () => all++)
  t.equal(all, 2 * 1024, 'every slot is looked at')
  wheel.skipTo(20_000_000)
  wheel.skipTo(0)
  wheel.start(timer(() => {}), 20_000_000, 1)
  let count = 0
  wheel.turn(20_000_000, () => count++)
  t.equal(count, 0)
  wheel.turn(20_000_050, () => count++)
  t.equal(count, 1)
})

type Step = { at: number, delay: number } | { at: number, stop: true } | { ms: number }

test('any order of starts, stops and steps agrees with a plain list', async (t) => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ at: fc.nat(7), delay: fc.oneof(fc.nat(200), fc.nat(200_000)) }),
    fc.record({ at: fc.nat(7), stop: fc.constant(true as const) }),
    fc.record({ ms: fc.oneof(fc.nat(200), fc.nat(120_000)) })
  )
  fc.assert(fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
    const clock = new ManualClock()
    const fired: string[] = []
    const expected: string[] = []
    const due: (number | null)[] = Array.from({ length: 8 }, () => null)
    const timers = due.map((_, i) => timer(() => fired.push(`${i}@${clock.now()}`)))
    for (const step of steps) {
      if ('ms' in step) {
        const before = clock.now()
        clock.advance(step.ms)
        due.forEach((time, i) => {
          if (time === null) return
          // The first moment at or after `time` that the clock stops at, after the one it stood at.
          const tick = Math.max(Math.ceil(time / TICK), Math.floor(before / TICK) + 1) * TICK
          if (tick > clock.now()) return
          expected.push(`${i}@${tick}`)
          due[i] = null
        })
      } else if ('stop' in step) {
        clock.stop(timers[step.at]!)
        due[step.at] = null
      } else {
        clock.start(timers[step.at]!, step.delay)
        due[step.at] = clock.now() + step.delay
      }
    }
    const moments = fired.map((entry) => Number(entry.split('@')[1]))
    return moments.every((moment, i) => i === 0 || moment >= moments[i - 1]!) &&
      fired.sort().join() === expected.sort().join() && clock.pending === due.filter((time) => time !== null).length
  }))
  t.pass('agreed')
})

test('an owner that throws: a manual clock tells the test, and the others still fire', async (t) => {
  const clock = new ManualClock()
  let fired = 0
  for (let i = 0; i < 3; i++) clock.start(timer(() => { fired++; throw new Error('owner failed') }), 100)
  t.throws(() => clock.advance(100), { message: 'owner failed' })
  t.throws(() => clock.advance(50), { message: 'owner failed' })
  t.throws(() => clock.advance(50), { message: 'owner failed' })
  clock.advance(1000)
  t.equal(fired, 3)
  t.equal(clock.pending, 0)
})

test('an owner that throws: a system clock reports it, and the others fire in the same tick', async (t) => {
  const loop = new FakeLoop()
  loop.run(() => {
    const reported: unknown[] = []
    const clock = new SystemClock((error) => reported.push(error))
    const problem = new Error('owner failed')
    let fired = 0
    clock.start(timer(() => { fired++; throw problem }), 100)
    clock.start(timer(() => { fired++ }), 100)
    clock.start(timer(() => { fired++; throw problem }), 100)
    loop.advance(200)
    t.equal(fired, 3)
    t.strictSame(reported, [problem, problem])
    t.equal(loop.waiting.size, 0)
  })
})

test('a system clock fires between delay and delay + 50 ms, in every phase', async (t) => {
  const loop = new FakeLoop()
  loop.run(() => {
    const clock = new SystemClock((error) => { throw error })
    const wrong: string[] = []
    for (let phase = 0; phase < 60; phase += 7) {
      for (let delay = 0; delay < 130; delay += 9) {
        // Two timers, so that the ticker runs already when the second one starts.
        const start = (one: Clock) => {
          const at = one.now()
          const started = timer(() => {
            const after = one.now() - at
            if (after < delay || after > delay + TICK) wrong.push(`${after} for ${delay} in phase ${phase}`)
          })
          one.start(started, delay)
        }
        start(clock)
        loop.advance(phase)
        start(clock)
        loop.advance(400)
      }
    }
    t.strictSame(wrong, [])
  })
})

test('a system clock ticks only while it has timers', async (t) => {
  const loop = new FakeLoop()
  loop.run(() => {
    const clock = new SystemClock((error) => { throw error })
    const fired: number[] = []
    const one = timer(() => fired.push(clock.now()))
    t.equal(loop.waiting.size, 0, 'none before the first timer')
    clock.start(one, 100)
    clock.start(timer(() => {}), 100)
    t.equal(loop.waiting.size, 1, 'one ticker for all timers')
    loop.advance(200)
    t.equal(loop.waiting.size, 0, 'none when all have fired')
    clock.start(one, 1000)
    clock.stop(one)
    loop.advance(TICK)
    t.equal(loop.waiting.size, 0, 'none when all were stopped')

    fired.length = 0
    loop.advance(40_000_000)
    const before = clock.now()
    clock.start(one, 70)
    loop.advance(69)
    t.strictSame(fired, [], 'the time in which it did not tick is skipped')
    loop.advance(131)
    t.equal(fired.length, 1)
    t.ok(fired[0]! >= before + 70)
  })
})

test('SEC-S79 after a stall the sockets are read before any timer fires', async (t) => {
  const loop = new FakeLoop()
  loop.run(() => {
    const clock = new SystemClock((error) => { throw error })
    const fired: string[] = []
    const answered = timer(() => fired.push('answered'))
    const silent = timer(() => fired.push('silent'))
    clock.start(answered, 100)
    clock.start(silent, 100)
    loop.block(501)
    t.strictSame(fired, [])
    t.equal(loop.immediates.length, 1)
    clock.stop(answered) // The bytes that a peer has sent meanwhile count.
    loop.immediates.shift()!()
    t.strictSame(fired, ['silent'])
    t.equal(loop.waiting.size, 0)

    clock.start(answered, 100)
    loop.block(500)
    t.strictSame(fired, ['silent', 'answered'], 'a tick that is only late fires at once')
    t.equal(loop.immediates.length, 0)

    loop.advance(10_000)
    clock.start(answered, 100)
    for (let i = 0; i < 4; i++) loop.block(60)
    t.equal(loop.immediates.length, 0, 'time without timers is not a stall')
    t.equal(fired.length, 3)
  })
})

test('a system clock in the real event loop', async (t) => {
  const timeouts = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timeouts()
  const clock = new SystemClock((error) => { throw error })
  const start = clock.now()
  t.ok(start >= 0 && Number.isInteger(start))
  const keepAlive = setInterval(() => {}, 1000)
  const after = await new Promise<number>((resolve) => {
    clock.start(timer(() => resolve(clock.now())), 20)
    t.equal(timeouts(), before + 1, 'its ticker does not hold the process')
  })
  clearInterval(keepAlive)
  t.ok(after >= start + 20)
  t.equal(timeouts(), before)
})
