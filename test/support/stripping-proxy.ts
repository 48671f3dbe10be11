import http from 'node:http'
import type { Test } from 'tap'

/** The headers that end at a proxy which does not know WebSockets (RFC 9110, 7.6.1). */
const STRIPPED = ['connection', 'upgrade'] as const

/** Starts an HTTP proxy that passes no `Upgrade` on, as nginx does by default. Returns its port. */
export async function strippingProxy (t: Test, target: number): Promise<number> {
  const proxy = http.createServer((request, response) => {
    const headers = { ...request.headers }
    for (const name of STRIPPED) delete headers[name]
    const inner = http.request({ host: '127.0.0.1', port: target, method: request.method, path: request.url, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    })
    inner.on('error', () => response.destroy())
    response.on('close', () => inner.destroy())
    request.pipe(inner)
  })
  await new Promise<void>((resolve) => { proxy.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  return (proxy.address() as { port: number }).port
}
