/**
 * The part of STOMP 1.2 that a chat needs, over any connection for texts. Applications use a library, such as
 * `@stomp/stompjs`. This page has its own few lines, so that the package does not depend on that library.
 */

const ESCAPES = { '\\': '\\\\', '\r': '\\r', '\n': '\\n', ':': '\\c' }
const UNESCAPES = { '\\\\': '\\', '\\r': '\r', '\\n': '\n', '\\c': ':' }

const escape = (text) => String(text).replace(/[\\\r\n:]/g, (character) => ESCAPES[character])
const unescape = (text) => text.replace(/\\[\\rnc]/g, (pair) => UNESCAPES[pair])

export function writeFrame (command, headers, body = '') {
  // The headers of CONNECT are not escaped: STOMP 1.2, Value Encoding.
  const write = command === 'CONNECT' ? String : escape
  const lines = Object.entries(headers).map(([name, value]) => `${write(name)}:${write(value)}\n`)
  return `${command}\n${lines.join('')}\n${body}\0`
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

/** A client on a connection. `on` has `connected(headers)` and `error(headers)`. The caller gives each text that arrives to `take`. */
export function createStompClient (transmit, on) {
  const listeners = new Map()
  let count = 0

  return {
    connect: () => transmit(writeFrame('CONNECT', { 'accept-version': '1.2', host: window.location.hostname, 'heart-beat': '0,0' })),
    /** Returns the function that ends the subscription. */
    subscribe (destination, listener) {
      const id = `sub-${++count}`
      listeners.set(id, listener)
      transmit(writeFrame('SUBSCRIBE', { id, destination }))
      return () => {
        listeners.delete(id)
        transmit(writeFrame('UNSUBSCRIBE', { id }))
      }
    },
    send (destination, value) {
      transmit(writeFrame('SEND', { destination, 'content-type': 'application/json' }, JSON.stringify(value)))
    },
    take (text) {
      // An empty line is a heart-beat.
      if (text.trim() === '') return
      const { command, headers, body } = readFrame(text)
      if (command === 'CONNECTED') on.connected(headers)
      else if (command === 'ERROR') on.error(headers)
      else if (command === 'MESSAGE') listeners.get(headers.subscription)?.(JSON.parse(body))
    }
  }
}
