import http from 'node:http'
import net from 'node:net'

const HOST = '127.0.0.1'

/** Starts a balancer that picks one of the ports at random for every request. No balancer is worse for a SockJS server. */
export function startBalancer (ports, port) {
  const pick = () => ports[Math.floor(Math.random() * ports.length)]
  const agent = new http.Agent({ keepAlive: true })

  const server = http.createServer((request, response) => {
    const { method, url, headers } = request
    if (ports.length === 0) {
      response.writeHead(503).end()
      return
    }
    const upstream = http.request({ host: HOST, port: pick(), method, path: url, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers)
      response.flushHeaders()
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    })
    upstream.on('error', () => {
      if (response.headersSent) response.destroy()
      else response.writeHead(502).end()
    })
    response.on('close', () => upstream.destroy())
    request.pipe(upstream)
  })

  // A WebSocket stays with the node that it meets first.
  server.on('upgrade', (request, socket, head) => {
    if (ports.length === 0) {
      socket.destroy()
      return
    }
    const upstream = net.connect(pick(), HOST, () => {
      const lines = [`${request.method} ${request.url} HTTP/1.1`]
      for (let i = 0; i < request.rawHeaders.length; i += 2) lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`)
      upstream.write(lines.join('\r\n') + '\r\n\r\n')
      upstream.write(head)
      socket.pipe(upstream).pipe(socket)
    })
    for (const end of [socket, upstream]) {
      end.on('error', () => {})
      end.on('close', () => { socket.destroy(); upstream.destroy() })
    }
  })

  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, () => resolve(`http://${HOST}:${server.address().port}`))
  })
}
