/**
 * One session as a load sees it. Kinds of clients differ in how they connect and send; they call `opened()` once and
 * `arrived(count)` for what has come. Frames are prepared once, framing is parsed, payloads are not.
 */
export class Session {
  #closing = false
  #open = false
  #settle = {}
  whenOpen = new Promise((resolve, reject) => { this.#settle = { resolve, reject } })
  onMessages = () => {}
  /** A measurement with a lost session is none. */
  onLost = (error) => { throw error }

  opened = () => {
    this.#open = true
    this.#settle.resolve()
  }

  failed = (error) => {
    if (this.#closing) return
    this.#closing = true
    if (this.#open) this.onLost(error)
    else this.#settle.reject(error)
  }

  arrived (count) {
    if (count > 0) this.onMessages(count)
  }

  close () {
    this.#closing = true
    this.disconnect()
  }
}

/** Bytes of `count` repetitions, kept: the same few counts return again and again. */
export function repeater (make) {
  const made = []
  return (count) => (made[count] ??= make(count))
}
