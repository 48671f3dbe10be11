// A page that is bundled: it opens each kind of stream, and tells the echoes in `window.heard`.
import SockJS, { reconnecting, resumable } from 'fastify-sockjs/client'

function echo (stream, text) {
  return new Promise((resolve, reject) => {
    stream.onopen = () => stream.send(text)
    stream.onmessage = ({ data }) => {
      resolve(data)
      stream.close()
    }
    stream.onclose = ({ code, reason }) => reject(new Error(`${code} ${reason}`))
  })
}

window.heard = Promise.all([
  echo(new SockJS('/echo'), 'one connection'),
  echo(resumable('/resumable'), 'many connections'),
  echo(reconnecting('/echo', { resume: true }), 'many sessions')
])
