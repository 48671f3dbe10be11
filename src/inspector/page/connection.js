/* global SockJS */

/** The time after which a question counts as lost, in milliseconds. */
const PATIENCE = 15_000

/** The longest time between two attempts to connect, in milliseconds. */
const LONGEST_WAIT = 10_000

/** The connection to the server: questions with answers, made again when it is lost. */
export class Connection {
  #url
  #changed
  #socket = null
  #waiting = new Map()
  #lastId = 0
  #failures = 0
  #state = 'connecting'

  /** `changed` is called with every state: `connecting`, `open` or `lost`. */
  constructor (url, changed) {
    this.#url = url
    this.#changed = changed
  }

  get state () { return this.#state }
  get transport () { return this.#socket?.transport ?? '' }

  open () {
    const socket = this.#socket = new SockJS(this.#url, null, { transports: ['websocket', 'xhr-streaming', 'xhr-polling'] })
    socket.onopen = () => {
      this.#failures = 0
      this.#become('open')
    }
    socket.onmessage = ({ data }) => this.#answered(JSON.parse(data))
    socket.onclose = () => {
      for (const { reject, timer } of this.#waiting.values()) {
        clearTimeout(timer)
        reject(new Error('The connection was lost.'))
      }
      this.#waiting.clear()
      this.#become('lost')
      const wait = Math.min(LONGEST_WAIT, 500 * 2 ** this.#failures++)
      setTimeout(() => this.open(), wait)
    }
  }

  /** Asks a question. Rejects with the text of the server if it has no answer. */
  ask (command) {
    return new Promise((resolve, reject) => {
      if (this.#state !== 'open') return reject(new Error('There is no connection.'))
      const id = ++this.#lastId
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new Error('The server does not answer.'))
      }, PATIENCE)
      this.#waiting.set(id, { resolve, reject, timer })
      this.#socket.send(JSON.stringify({ id, ...command }))
    })
  }

  #answered ({ id, result, failure, text }) {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    if (failure === undefined) waiting.resolve(result)
    else waiting.reject(Object.assign(new Error(text), { code: failure }))
  }

  #become (state) {
    this.#state = state
    this.#changed(state)
  }
}
