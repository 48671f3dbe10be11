import { get, HttpConnection, post } from './http-connection.js'
import { Sender } from './sender.js'
import { repeater, Session } from './session.js'

const SEPARATOR = '\x1e'
const RECORD = SEPARATOR.charCodeAt(0)
const [OPEN, PING, MESSAGE] = ['0', '2', '4'].map((type) => type.charCodeAt(0))

/** engine.io and socket.io over polling; they differ in the path, the packet and one more handshake. */
export const POLLING = {
  'engine.io': { path: '/engine.io/', packet: (message) => '4' + message, greeting: null },
  'socket.io': { path: '/socket.io/', packet: (message) => '42' + JSON.stringify(['message', message]), greeting: '40' }
}

export class EnginePollingSession extends Session {
  #receiver
  #sender
  #body = []
  #kind
  #requests
  #path
  #poll = null
  #port
  #ready

  constructor ({ port, message, dialect }) {
    super()
    this.#port = port
    this.#kind = POLLING[dialect]
    this.#ready = this.#kind.greeting === null
    this.#path = `${this.#kind.path}?EIO=4&transport=polling`
    this.#requests = (packet) => repeater((count) => post(this.#path, Array(count).fill(packet).join(SEPARATOR)))
    this.message = this.#kind.packet(message)
    this.#receiver = new HttpConnection(port, {
      onBody: (data, from, to) => this.#body.push(data.subarray(from, to)),
      onEnd: (status) => this.#read(status),
      onError: this.failed
    })
    this.#receiver.request(get(this.#path))
  }

  send (count) { this.#sender.send(count) }

  disconnect () {
    this.#receiver.close()
    this.#sender?.close()
  }

  #read (status) {
    if (status !== '200') return this.failed(new Error(`answered with ${status}`))
    const body = this.#body.length === 1 ? this.#body[0] : Buffer.concat(this.#body)
    this.#body = []
    if (this.#poll === null) return this.#welcome(body)
    this.#receiver.request(this.#poll)
    if (!this.#ready) {
      this.#ready = true
      return this.opened()
    }
    const types = typesIn(body)
    if (types.includes(PING)) sendOnce(this.#port, post(this.#path, '3'), this.failed)
    const messages = types.filter((type) => type === MESSAGE).length
    if (messages > 0) this.prove(this.message, body, 0, body.length)
    this.arrived(messages)
  }

  #welcome (body) {
    if (body[0] !== OPEN) return this.failed(new Error('no handshake'))
    const { sid } = JSON.parse(body.subarray(1))
    this.#path += `&sid=${sid}`
    this.#poll = get(this.#path)
    this.#sender = new Sender(this.#port, this.#requests(this.message), this.failed)
    if (this.#kind.greeting === null) this.opened()
    else sendOnce(this.#port, post(this.#path, this.#kind.greeting), this.failed)
    this.#receiver.request(this.#poll)
  }
}

/** The types of the packets in the body of a poll. A ping may stand among messages. */
function typesIn (body) {
  const types = [body[0]]
  for (let at = body.indexOf(RECORD); at !== -1; at = body.indexOf(RECORD, at + 1)) types.push(body[at + 1])
  return types
}

/** For what is sent besides the load. */
function sendOnce (port, request, onError) {
  const connection = new HttpConnection(port, { onBody () {}, onEnd: () => connection.close(), onError })
  connection.request(request)
}
