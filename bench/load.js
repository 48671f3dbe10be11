import { connect } from 'node:net'

/** A masked text frame with a mask of zeros: masking costs the client nothing, and the server as much as ever. */
function clientFrame (text) {
  const payload = Buffer.from(text)
  const head = payload.length < 126
    ? [0x81, 0x80 | payload.length, 0, 0, 0, 0]
    : [0x81, 0xfe, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]
  return Buffer.concat([Buffer.from(head), payload])
}

/** One WebSocket that keeps its messages going round: framing is read, payloads are not. */
class Client {
  received = 0
  #socket
  #frame
  #sockjs
  #rest = Buffer.alloc(0)
  #upgraded = false
  #size

  constructor (url, path, message, sockjs) {
    this.#sockjs = sockjs
    this.#size = message.length + 3
    this.#frame = clientFrame(sockjs ? JSON.stringify([message]) : message)
    this.open = new Promise((resolve, reject) => {
      this.#socket = connect(url.port, url.hostname)
      this.#socket.setNoDelay()
      this.#socket.on('error', reject)
      this.#socket.on('data', (chunk) => this.#read(chunk, resolve))
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n')
    })
  }

  send (count) {
    if (count > 0) this.#socket.write(count === 1 ? this.#frame : Buffer.concat(Array(count).fill(this.#frame)))
  }

  #read (chunk, opened) {
    if (!this.#upgraded) {
      this.#upgraded = true
      chunk = chunk.subarray(chunk.indexOf('\r\n\r\n') + 4)
      if (!this.#sockjs) opened()
    }
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    let messages = 0
    while (at + 2 <= data.length) {
      const short = data[at + 1]
      const head = short < 126 ? 2 : short === 126 ? 4 : 10
      if (at + head > data.length) break
      const length = short < 126 ? short : short === 126 ? data.readUInt16BE(at + 2) : Number(data.readBigUInt64BE(at + 2))
      if (at + head + length > data.length) break
      if (!this.#sockjs) messages++
      else if (data[at + head] === 0x6f) opened()
      else if (data[at + head] === 0x61) messages += Math.round((length - 2) / this.#size)
      at += head + length
    }
    this.#rest = data.subarray(at)
    this.received += messages
    this.send(messages)
  }

  close () { this.#socket.destroy() }
}

export async function openClients (url, count, path, message, sockjs) {
  const clients = []
  while (clients.length < count) {
    const more = Array.from({ length: Math.min(100, count - clients.length) }, (_, i) =>
      new Client(url, path.replace('*', `s${clients.length + i}`), message, sockjs))
    await Promise.all(more.map((client) => client.open))
    clients.push(...more)
  }
  return clients
}
