/* global connectStomp */

/** The connection of the page, by the STOMP client of the package. `onstate` gets `connecting`, `open` or `closed`, and a text for people. */
export class Connection {
  #onstate
  #onerror
  #client = null
  #opening = null
  #state = 'closed'

  /** `onerror` gets the errors that belong to no message of the page. */
  constructor (onstate, onerror) {
    this.#onstate = onstate
    this.#onerror = onerror
  }

  get state () { return this.#state }

  /** Resolves when the server has accepted the client. */
  open (url, headers) {
    this.#opening ??= new Promise((resolve, reject) => {
      this.#set('connecting', 'Connecting')
      // A person decides when to try again, and sees why the connection ended.
      const client = this.#client = connectStomp(url, { headers, retry: () => false })
      client.onconnected = ({ headers: { 'user-name': user } }) => {
        this.#set('open', user === undefined ? 'Connected' : `Connected as ${user}`)
        resolve()
      }
      // The refusal of CONNECT goes to the promise.
      client.onerror = ({ error }) => { if (this.#state === 'open') this.#onerror(error) }
      client.onclosed = ({ error }) => {
        this.#client = this.#opening = null
        reject(error ?? new Error('Closed'))
        this.#set('closed', error === null ? 'Not connected' : textOf(error))
      }
    })
    return this.#opening
  }

  close () { this.#client?.close() }

  /** Subscribes a destination. Returns the function that ends the subscription. */
  subscribe (destination, listener) {
    const subscription = this.#client.subscribe(destination, {}, listener)
    // The end of the connection tells why it was refused.
    subscription.ready.catch(() => {})
    return () => subscription.unsubscribe()
  }

  /** Resolves when the server has processed the message. */
  send (destination, headers, text) { return this.#client.send(destination, text, { headers }) }

  /** Resolves with the answer that comes to the `reply-to` of the message. */
  request (destination, headers, text) { return this.#client.request(destination, text, { headers, timeout: 10_000 }) }

  #set (state, text) {
    this.#state = state
    this.#onstate(state, text)
  }
}

/** An error in words, with its code. */
export function textOf ({ code, message }) {
  return code === undefined || code.startsWith('STOMP_CLIENT_') ? message : `${message} (${code})`
}
