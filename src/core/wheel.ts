import { Timer } from './timer.ts'

/** Length of a tick in milliseconds, by which a timer may fire late. */
export const TICK = 50

/** Number of slots. One turn of the wheel is 51.2 s, longer than most delays, so that most timers are looked at once. */
const SLOTS = 1024

const nobody = { expire () {} }

/**
 * A hashed timer wheel. It does not read the time and does not wait, because a clock moves it on.
 * Starting, stopping and firing a timer cost the same with one timer and with 50,000.
 */
export class Wheel {
  readonly #slots: Timer[] = Array.from({ length: SLOTS }, () => new Timer(nobody))
  readonly #due = new Timer(nobody)
  #tick = 0
  #size = 0

  get size (): number {
    return this.#size
  }

  /** Starts the timer, or restarts it when it runs. `now` and `delay` are milliseconds. */
  start (timer: Timer, now: number, delay: number): void {
    if (timer.running) timer.unlink()
    else this.#size++
    timer.due = Math.max(Math.ceil((now + delay) / TICK), this.#tick + 1)
    timer.link(this.#slots[timer.due % SLOTS]!)
  }

  stop (timer: Timer): void {
    if (!timer.running) return
    timer.unlink()
    this.#size--
  }

  /** Skips time without a look at the slots. The wheel must be empty. */
  skipTo (now: number): void {
    this.#tick = Math.max(this.#tick, Math.floor(now / TICK))
  }

  /** Fires the timers that are due at `now`. If the owner of another timer stops a timer during the call, that timer does not fire. */
  turn (now: number, fire: (timer: Timer) => void): void {
    const target = Math.floor(now / TICK)
    const first = Math.max(this.#tick + 1, target - SLOTS + 1)
    this.#tick = Math.max(this.#tick, target)
    for (let tick = first; tick <= target; tick++) this.#collect(this.#slots[tick % SLOTS]!, target)
    const due = this.#due
    while (due.next !== due) {
      const timer = due.next
      timer.unlink()
      this.#size--
      fire(timer)
    }
  }

  #collect (slot: Timer, target: number): void {
    for (let timer = slot.next; timer !== slot;) {
      const next = timer.next
      if (timer.due <= target) {
        timer.unlink()
        timer.link(this.#due.previous)
      }
      timer = next
    }
  }
}
