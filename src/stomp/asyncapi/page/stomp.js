/* global location, SockJS */

/** The part of STOMP 1.2 that this page needs, over a session of SockJS. Applications use a library. */

const ESCAPES = { '\\': '\\\\', '\r': '\\r', '\n': '\\n', ':': '\\c' }
const UNESCAPES = { '\\\\': '\\', '\\r': '\r', '\\n': '\n', '\\c': ':' }

const escape = (text) => String(text).replace(/[\\\r\n:]/g, (character) => ESCAPES[character])
const unescape = (text) => text.replace(/\\[\\rnc]/g, (pair) => UNESCAPES[pair])

export function writeFrame (command, headers, body = '') {
  // The headers of CONNECT are not escaped: STOMP 1.2, Value Encoding.
  const write = command === 'CONNECT' ? (text) => String(text).replace(/[\r\n]/g, ' ') : escape
  return `${command}\n${Object.entries(headers).map(([name, value]) => `${write(name)}:${write(value)}\n`).join('')}\n${body}\0`
}

export function readFrame (text) {
  const end = text.indexOf('\n\n')
  const [command, ...lines] = text.slice(0, end).split('\n')
  const headers = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    // If a header comes twice, the first one counts.
    headers[unescape(line.slice(0, colon))] ??= unescape(line.slice(colon + 1))
  }
  return { command, headers, body: text.slice(end + 2, text.lastIndexOf('\0')) }
}

/** One connection. `onstate` gets `connecting`, `open` or `closed`, and a text for people. */
export class Connection {
  #onstate
  #socket = null
  #state = 'closed'
  #listeners = new Map()
  #receipts = new Map()
  #opening = null
  #count = 0
  #reason = ''

  constructor (onstate) { this.#onstate = onstate }

  get state () { return this.#state }

  /** Resolves when the server has accepted the client. */
  open (url, headers) {
    if (this.#opening !== null) return this.#opening.promise
    this.#opening = Promise.withResolvers?.() ?? resolvers()
    this.#reason = ''
    this.#set('connecting', 'Connecting')
    const socket = this.#socket = new SockJS(url)
    socket.onopen = () => socket.send(writeFrame('CONNECT', { 'accept-version': '1.2', host: location.hostname, 'heart-beat': '0,0', ...headers }))
    socket.onmessage = ({ data }) => { if (socket === this.#socket) this.#take(data) }
    socket.onclose = ({ code, reason }) => { if (socket === this.#socket) this.#closed(this.#reason || reason || `closed with ${code}`) }
    return this.#opening.promise
  }

  close () { this.#socket?.close() }

  /** Adds a listener for a destination. Returns the function that ends the subscription. */
  subscribe (destination, listener) {
    const id = `page-${++this.#count}`
    this.#listeners.set(id, listener)
    this.#write('SUBSCRIBE', { id, destination })
    return () => {
      if (this.#listeners.delete(id) && this.#state === 'open') this.#write('UNSUBSCRIBE', { id })
    }
  }

  /** Adds a listener for the answers to a temporary queue, which the first message with this `reply-to` subscribes. */
  listen (queue, listener) { this.#listeners.set(queue, listener) }

  /** Resolves with the receipt when the server has processed the message, also with an error of the application. */
  send (destination, headers, body) {
    const receipt = `page-${++this.#count}`
    return new Promise((resolve, reject) => {
      this.#receipts.set(receipt, { resolve, reject })
      this.#write('SEND', { destination, receipt, ...headers }, body)
    })
  }

  #write (...frame) { this.#socket?.send(writeFrame(...frame)) }

  #take (text) {
    // An empty line is a heart-beat.
    if (text.trim() === '') return
    const { command, headers, body } = readFrame(text)
    if (command === 'CONNECTED') {
      this.#set('open', headers['user-name'] === undefined ? 'Connected' : `Connected as ${headers['user-name']}`)
      this.#opening.resolve()
    } else if (command === 'MESSAGE') {
      this.#listeners.get(headers.subscription)?.({ headers, body })
    } else if (command === 'RECEIPT') {
      this.#receipts.get(headers['receipt-id'])?.resolve(headers['receipt-id'])
      this.#receipts.delete(headers['receipt-id'])
    } else if (command === 'ERROR') {
      this.#reason = headers.code === undefined ? headers.message : `${headers.message} (${headers.code})`
    }
  }

  #closed (reason) {
    const opening = this.#opening
    this.#socket = this.#opening = null
    this.#listeners.clear()
    for (const { reject } of this.#receipts.values()) reject(new Error(reason))
    this.#receipts.clear()
    opening?.reject(new Error(reason))
    opening?.promise.catch(() => {})
    this.#set('closed', reason)
  }

  #set (state, text) {
    this.#state = state
    this.#onstate(state, text)
  }
}

function resolvers () {
  const made = {}
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
  return made
}
