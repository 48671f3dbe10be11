import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import type { Test } from 'tap'

/** Starts a proxy that passes requests on and refuses every upgrade, as many corporate networks do. Returns its URL. */
export async function startRefusingProxy (t: Test, target: string): Promise<string> {
  const proxy = createServer((asked, answered) => {
    const { method, headers } = asked
    const onward = request(new URL(asked.url ?? '/', target), { ...(method === undefined ? {} : { method }), headers }, (answer) => {
      answered.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(answered)
    })
    onward.on('error', () => answered.destroy())
    answered.on('close', () => onward.destroy())
    asked.pipe(onward)
  })
  proxy.on('upgrade', (_asked, socket) => { socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n') })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}
