import { connect } from 'node:net'

const END_OF_HEAD = Buffer.from('\r\n\r\n')
const END_OF_LINE = Buffer.from('\r\n')
const EMPTY = Buffer.alloc(0)

/** One connection kept alive, one request at a time. Bodies go to `onBody(data, from, to)` in pieces, as they come. */
export class HttpConnection {
  #socket
  #onBody
  #onEnd
  #rest = EMPTY
  #state = 'head'
  #left = 0
  #chunked = false
  #closing = false

  constructor (port, { onBody, onEnd, onError }) {
    this.#onBody = onBody
    this.#onEnd = onEnd
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.setNoDelay()
    this.#socket.on('error', onError)
    this.#socket.on('close', () => { if (!this.#closing) onError(new Error('closed by the server')) })
    this.#socket.on('data', (chunk) => this.#read(this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])))
  }

  request (bytes) { this.#socket.write(bytes) }

  /** With a reset: thousands of connections in TIME_WAIT would use up the ports. */
  close () {
    this.#closing = true
    this.#socket.resetAndDestroy()
  }

  #read (data) {
    let at = 0
    for (;;) {
      const next = this[this.#state](data, at)
      if (next === -1) break
      at = next
    }
    this.#rest = at === data.length ? EMPTY : data.subarray(at)
  }

  // Each state takes what it can and returns where it stopped; -1 when it needs more.

  head (data, at) {
    const end = data.indexOf(END_OF_HEAD, at)
    if (end === -1) return -1
    const head = data.latin1Slice(at, end)
    this.status = head.slice(9, 12)
    this.#chunked = /transfer-encoding: chunked/i.test(head)
    this.#left = this.status === '204' || this.#chunked ? 0 : Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    this.#state = this.#chunked ? 'size' : 'body'
    return end + 4
  }

  size (data, at) {
    const end = data.indexOf(END_OF_LINE, at)
    if (end === -1) return -1
    this.#left = Number.parseInt(data.latin1Slice(at, end), 16)
    this.#state = this.#left === 0 ? 'trailer' : 'body'
    return end + 2
  }

  body (data, at) {
    const end = Math.min(at + this.#left, data.length)
    if (end === at && this.#left > 0) return -1
    if (end > at) this.#onBody(data, at, end)
    this.#left -= end - at
    if (this.#left === 0) {
      if (this.#chunked) this.#state = 'endOfChunk'
      else this.#done()
    }
    return end
  }

  endOfChunk (data, at) {
    if (at + 2 > data.length) return -1
    this.#state = 'size'
    return at + 2
  }

  trailer (data, at) {
    if (at + 2 > data.length) return -1
    this.#done()
    return at + 2
  }

  #done () {
    this.#state = 'head'
    this.#onEnd(this.status)
  }
}

const KEEP = 'Host: bench\r\nConnection: keep-alive\r\n'

export const get = (path) => Buffer.from(`GET ${path} HTTP/1.1\r\n${KEEP}\r\n`)

export const post = (path, body = '', type = 'text/plain') =>
  Buffer.from(`POST ${path} HTTP/1.1\r\n${KEEP}Content-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
