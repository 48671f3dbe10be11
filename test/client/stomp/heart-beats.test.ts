import t, { type Test } from 'tap'
import { heartBeats } from '../../../src/client/stomp/heart-beats.ts'
import { withGlobal } from '../support.ts'

const SECOND = 1000

/** The timers and the date of a browser. As there, a timer that is late fires once. */
class Browser {
  #now = 1e12
  readonly #timers = new Set<{ due: number, readonly delay: number, readonly fire: () => void }>()

  constructor (t: Test) {
    withGlobal(t, 'setInterval', (fire: () => void, delay: number) => {
      const timer = { due: this.#now + delay, delay, fire }
      this.#timers.add(timer)
      return timer
    })
    withGlobal(t, 'clearInterval', (timer: never) => this.#timers.delete(timer))
    withGlobal(t, 'Date', Object.assign(class extends Date {}, { now: () => this.#now }))
  }

  get now (): number { return this.#now }

  /** Sets the date, and fires no timer. */
  set now (now: number) { this.#now = now }

  /** Lets seconds pass without timers, as in the sleep of a device. Then the timers fire. */
  sleep (seconds: number): void {
    this.#now += seconds * SECOND
    for (const timer of this.#timers) {
      if (timer.due > this.#now) continue
      timer.due = this.#now + timer.delay
      timer.fire()
    }
  }

  /** Lets seconds pass, with a function behind each. */
  pass (seconds: number, each = (): void => {}): void {
    for (let i = 0; i < seconds; i++) {
      this.sleep(1)
      each()
    }
  }

  /** Sets the date back, of which timers know nothing. */
  setBack (seconds: number): void {
    this.#now -= seconds * SECOND
    for (const timer of this.#timers) timer.due -= seconds * SECOND
  }
}

/** Heart-beats of 10 seconds both ways, in a browser. */
function start (t: Test, outgoing = 10 * SECOND, incoming = 10 * SECOND) {
  const browser = new Browser(t)
  const seen = { beats: [] as number[], silent: 0 }
  const begun = browser.now
  const beats = heartBeats(outgoing, incoming, () => {
    seen.beats.push((browser.now - begun) / SECOND)
    beats.sent()
  }, () => { seen.silent++ })
  return { browser, beats, seen }
}

t.test('no time without bytes to the server is longer than the interval', async (t) => {
  const { browser, beats, seen } = start(t, 10 * SECOND, 0)
  browser.pass(60)
  t.strictSame(seen.beats, [10, 20, 30, 40, 50, 60])
  browser.pass(7)
  beats.sent()
  browser.pass(10)
  t.strictSame(seen.beats.slice(6), [75], 'frames count as heart-beats')
  t.equal(seen.silent, 0)
  beats.stop()
  browser.pass(60)
  t.equal(seen.beats.length, 7)
})

t.test('a server is gone after two silent intervals, and not before', async (t) => {
  const { browser, beats, seen } = start(t, 0)
  browser.pass(120, () => beats.heard())
  t.equal(seen.silent, 0)
  browser.pass(19)
  t.equal(seen.silent, 0)
  browser.pass(11)
  t.equal(seen.silent, 1)
  t.strictSame(seen.beats, [])
})

t.test('a hidden tab has a timer in a minute: nothing is lost, and the bytes of the server are answered', async (t) => {
  const { browser, beats, seen } = start(t)
  for (let minute = 0; minute < 10; minute++) {
    // The messages of a WebSocket come in time, only the timers do not.
    for (let i = 0; i < 5; i++) {
      browser.now += 10 * SECOND
      beats.heard()
    }
    browser.sleep(10)
  }
  t.equal(seen.silent, 0)
  t.ok(seen.beats.every((time, i) => time - (seen.beats[i - 1] ?? 0) <= 20), `no two heart-beats are far apart: ${seen.beats.join()}`)
  // The server is gone.
  for (let minute = 0; minute < 3; minute++) browser.sleep(60)
  t.ok(seen.silent > 0)
})

t.test('after a sleep the server has one more interval', async (t) => {
  for (const [before, hours] of [[0, 1], [9, 1], [15, 1], [19, 8]] as const) {
    await t.test(`${hours} h, ${before} s after the last bytes`, async (t) => {
      const { browser, beats, seen } = start(t)
      browser.pass(10)
      beats.heard()
      browser.pass(before)
      browser.sleep(hours * 3600)
      t.equal(seen.silent, 0)
      browser.pass(9)
      beats.heard()
      browser.pass(20, () => beats.heard())
      t.equal(seen.silent, 0)
      browser.sleep(3600)
      browser.pass(10)
      browser.sleep(3600)
      t.equal(seen.silent, 0, 'two sleeps in a row')
      browser.pass(20)
      t.ok(seen.silent > 0)
    })
  }
})

t.test('a clock that is set back causes neither silence nor a flood', async (t) => {
  const { browser, beats, seen } = start(t)
  browser.pass(30, () => beats.heard())
  const { length } = seen.beats
  browser.setBack(3600)
  browser.pass(30, () => beats.heard())
  t.equal(seen.silent, 0)
  t.ok(seen.beats.length - length <= 7, `${seen.beats.length - length} heart-beats in 30 s`)
})
