import { get, HttpConnection, post } from './http-connection.js'
import { Sender } from './sender.js'
import { repeater, Session } from './session.js'
import { countOf } from './dialects.js'

const LINE = 10
const OPEN = 'o'.charCodeAt(0)
const ARRAY = 'a'.charCodeAt(0)
const EMPTY = Buffer.alloc(0)

/** Where the frame stands in a line of the response, and what asks for one. */
export const TRANSPORTS = {
  'xhr-streaming': { request: (base) => post(`${base}/xhr_streaming`), before: 0, after: 0 },
  'xhr-polling': { request: (base) => post(`${base}/xhr`), before: 0, after: 0 },
  eventsource: { request: (base) => get(`${base}/eventsource`), before: 'data: '.length, after: '\r'.length }
}

/** SockJS over HTTP: a response that is asked for again whenever it ends, and a sender. */
export class SockjsHttpSession extends Session {
  #receiver
  #sender
  #quoted
  #transport
  #rest = EMPTY
  #arrived = 0

  /** The first response comes from `port`, which makes that node the owner; later ones and sends may go to other nodes. */
  constructor ({ port, receivePort = port, sendPort = port, id, message, transport }) {
    super()
    const base = `/bench/000/${id}`
    this.#quoted = JSON.stringify(message)
    this.#transport = TRANSPORTS[transport]
    this.#sender = new Sender(sendPort, repeater((count) => post(`${base}/xhr_send`, JSON.stringify(Array(count).fill(message)))), this.failed)
    const again = this.#transport.request(base)
    const receive = (from) => {
      this.#receiver = new HttpConnection(from, {
        onBody: (data, from, to) => this.#read(data, from, to),
        onEnd: (status) => {
          if (status !== '200') return this.failed(new Error(`answered with ${status}`))
          if (from === receivePort) this.#receiver.request(again)
          else {
            this.#receiver.close()
            receive(receivePort)
          }
          this.#deliver()
        },
        onError: this.failed
      })
      this.#receiver.request(again)
    }
    receive(port)
  }

  send (count) { this.#sender.send(count) }

  disconnect () {
    this.#receiver.close()
    this.#sender.close()
  }

  #read (chunk, from, to) {
    let data = chunk
    if (this.#rest.length > 0) {
      data = Buffer.concat([this.#rest, chunk.subarray(from, to)])
      from = 0
      to = data.length
    }
    const { before, after } = this.#transport
    let at = from
    for (let end = data.indexOf(LINE, at); end !== -1 && end < to; end = data.indexOf(LINE, at)) {
      const first = at + before < end ? data[at + before] : 0
      if (first === ARRAY) {
        this.prove(this.#quoted, data, at, end)
        this.#arrived += countOf(end - at - before - after, this.#quoted)
      } else if (first === OPEN) this.opened()
      at = end + 1
    }
    this.#rest = at === to ? EMPTY : Buffer.from(data.subarray(at, to))
    if (this.#transport !== TRANSPORTS['xhr-polling']) this.#deliver()
  }

  /** A poll tells after it has asked again, as sockjs-client does. */
  #deliver () {
    const count = this.#arrived
    this.#arrived = 0
    this.arrived(count)
  }
}
