import { connect } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { repeater, Session } from './session.js'

const OPCODE = { close: 8, ping: 9 }
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])
const END_OF_HEAD = Buffer.from('\r\n\r\n')
const EMPTY = Buffer.alloc(0)

/** A masked text frame with a mask of zeros: masking costs the client nothing, and the server as much as ever. */
export function clientFrame (text) {
  const payload = Buffer.from(text)
  const head = payload.length < 126
    ? [0x81, 0x80 | payload.length, 0, 0, 0, 0]
    : [0x81, 0xfe, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]
  return Buffer.concat([Buffer.from(head), payload])
}

/** What goes over a WebSocket is the dialect's: bare messages, SockJS, engine.io, socket.io, STOMP. */
export class WebSocketSession extends Session {
  #socket
  #dialect
  #frames
  #rest = EMPTY
  #upgraded = false

  constructor ({ port, id, dialect, message, tls = false }) {
    super()
    this.#dialect = dialect(id, message)
    this.#frames = framesOf(this.#dialect)
    this.#socket = tls ? connectSecurely({ port, host: '127.0.0.1', rejectUnauthorized: false }) : connect(port, '127.0.0.1')
    this.#socket.setNoDelay()
    this.#socket.on('error', this.failed)
    this.#socket.on('close', () => this.failed(new Error('closed by the server')))
    this.#socket.on('data', (chunk) => this.#read(chunk))
    const { path, protocol, headers = '' } = this.#dialect
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n' +
      (protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`) + headers + '\r\n')
  }

  send (count) { this.#socket.write(this.#frames(count)) }
  /** For dialects: a frame that is none of the load. */
  say (text) { this.#socket.write(clientFrame(text)) }
  pause () { this.#socket.pause() }
  /** With a reset: thousands of connections in TIME_WAIT would use up the ports. */
  disconnect () {
    if (this.#socket.encrypted) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  #read (chunk) {
    let at = 0
    if (!this.#upgraded) {
      const end = chunk.indexOf(END_OF_HEAD)
      if (!chunk.toString('latin1', 0, 12).endsWith('101')) return this.failed(new Error(chunk.toString('latin1', 0, 80)))
      this.#upgraded = true
      at = end + 4
      this.#dialect.upgraded(this)
    }
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let messages = 0
    while (at + 2 <= data.length) {
      const short = data[at + 1]
      const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10)
      if (start > data.length) break
      const end = start + (short < 126 ? short : short === 126 ? data.readUInt16BE(at + 2) : data.readUInt32BE(at + 6))
      if (end > data.length) break
      const opcode = data[at] & 15
      if (opcode === OPCODE.ping) this.#socket.write(PONG)
      else if (opcode === OPCODE.close) this.failed(new Error(`closed by the server: ${data.toString('latin1', start + 2, end)}`))
      else {
        const count = this.#dialect.read(this, data, start, end)
        if (count > 0) this.prove(this.#dialect.proof, data, start, end)
        messages += count
      }
      at = end
    }
    this.#rest = at === data.length ? EMPTY : data.subarray(at)
    this.arrived(messages)
  }
}

const prepared = new Map()

function framesOf ({ text }) {
  let frames = prepared.get(text)
  if (frames === undefined) {
    const frame = clientFrame(text)
    prepared.set(text, frames = repeater((count) => Buffer.concat(Array(count).fill(frame))))
  }
  return frames
}
