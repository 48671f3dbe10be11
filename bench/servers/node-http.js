// The frames of SockJS over bare node:http: nothing is checked, bounded or kept. What remains is what HTTP costs.
import { createServer } from 'node:http'
import { mode, serve } from './serve.js'

const LIMIT = 128 * 1024
const KINDS = {
  xhr_streaming: { type: 'application/javascript', prelude: 'h'.repeat(2048) + '\n', wrap: (frame) => frame + '\n', limit: LIMIT },
  eventsource: { type: 'text/event-stream', prelude: '\r\n', wrap: (frame) => `data: ${frame}\r\n\r\n`, limit: 128 * LIMIT },
  xhr: { type: 'application/javascript', prelude: '', wrap: (frame) => frame + '\n', limit: 0 }
}

const sessions = new Map()

function write (session, frame) {
  const { response, kind } = session
  if (response === null) {
    session.waiting.push(frame)
    return
  }
  const text = kind.wrap(frame)
  session.written += text.length
  if (session.written < kind.limit) {
    response.write(text)
  } else {
    session.response = null
    response.end(text)
  }
}

function attach (id, kind, response) {
  let session = sessions.get(id)
  const fresh = session === undefined
  if (fresh) sessions.set(id, session = { response: null, kind, written: 0, waiting: [] })
  session.response = response
  session.written = 0
  response.writeHead(200, { 'Content-Type': `${kind.type}; charset=UTF-8`, 'Cache-Control': 'no-store' })
  if (kind.prelude !== '') response.write(kind.prelude)
  response.on('close', () => { if (session.response === response) sessions.delete(id) })
  if (fresh) write(session, 'o')
  else if (session.waiting.length > 0) write(session, joined(session.waiting.splice(0)))
}

/** Arrays become one array, as text. */
const joined = (frames) => `a[${frames.map((frame) => frame.slice(2, -1)).join(',')}]`

function receive (id, request, response) {
  let body = ''
  request.setEncoding('latin1')
  request.on('data', (chunk) => { body += chunk })
  request.on('end', () => {
    response.writeHead(204).end()
    if (mode === 'echo') write(sessions.get(id), 'a' + body)
    else for (const session of sessions.values()) write(session, 'a' + body)
  })
}

serve(createServer((request, response) => {
  const [, , , id, name] = request.url.split('/')
  if (name === 'xhr_send') receive(id, request, response)
  else attach(id, KINDS[name], response)
}))
