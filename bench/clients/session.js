/**
 * One session as a load sees it. Kinds of clients differ in how they connect and send; they call `opened()` once and
 * `arrived(count)` for what has come. Frames are prepared once, framing is parsed, payloads are not, except for the first:
 * `prove` looks whether it has the message.
 */
export class Session {
  #closing = false
  #open = false
  #proved = false
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

  /** Fails if the first payload of the session does not have `proof`: the message as its carrier writes it. */
  prove (proof, data, start, end) {
    if (this.#proved) return
    this.#proved = true
    if (proof !== undefined) mustHave(this, proof, data.subarray(start, end))
  }

  arrived (count) {
    if (count > 0) this.onMessages(count)
  }

  close () {
    this.#closing = true
    this.disconnect()
  }
}

export function mustHave (session, proof, payload) {
  if (!payload.includes(proof)) session.failed(new Error(`not the message that was sent: ${payload.toString('utf8', 0, 200)}`))
}

/** Bytes of `count` repetitions, kept: the same few counts return again and again. */
export function repeater (make) {
  const made = []
  return (count) => (made[count] ??= make(count))
}
