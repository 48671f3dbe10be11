import { HttpConnection } from './http-connection.js'

/** The rule of sockjs-client: one request in flight; what is sent meanwhile goes together in the next. */
export class Sender {
  #connection = null
  #port
  #requests
  #onError
  #waiting = 0
  #busy = false

  constructor (port, requests, onError) {
    this.#port = port
    this.#requests = requests
    this.#onError = onError
  }

  send (count) {
    this.#waiting += count
    if (!this.#busy) this.#next()
  }

  close () { this.#connection?.close() }

  #next () {
    if (this.#waiting === 0) return
    this.#busy = true
    // Made when there is something to send: an idle session has one connection.
    this.#connection ??= new HttpConnection(this.#port, {
      onBody () {},
      onEnd: (status) => {
        if (!status.startsWith('2')) this.#onError(new Error(`a send was answered with ${status}`))
        this.#busy = false
        this.#next()
      },
      onError: this.#onError
    })
    this.#connection.request(this.#requests(this.#waiting))
    this.#waiting = 0
  }
}
