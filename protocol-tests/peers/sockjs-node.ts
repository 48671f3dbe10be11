/** A test server on the npm package sockjs, with the endpoints that its options can make; it prints its port and runs until its parent goes. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import sockjs from 'sockjs'
import type { Connection, Options } from 'sockjs'

interface Endpoint {
  options?: Omit<Options, 'prefix'>
  handler: (connection: Connection) => void
}

function echo (connection: Connection): void {
  connection.on('data', (message: string) => { connection.write(message) })
}

function amplify (connection: Connection): void {
  connection.on('data', (message: string) => {
    const exponent = Number.parseInt(message, 10)
    connection.write('x'.repeat(2 ** (exponent > 0 && exponent < 19 ? exponent : 1)))
  })
}

function ticker (connection: Connection): void {
  const interval = setInterval(() => connection.write('tick!'), 1000)
  connection.on('close', () => clearInterval(interval))
}

const everybody = new Set<Connection>()

function broadcast (connection: Connection): void {
  everybody.add(connection)
  connection.on('close', () => everybody.delete(connection))
  connection.on('data', (message: string) => { for (const one of everybody) one.write(message) })
}

function farewell (connection: Connection): void {
  connection.write('one')
  connection.write('two')
  connection.close(3001, 'bye')
}

/** What has no option of the package (a list of origins, limits, users, binary messages, a journal) is left out. */
const endpoints: Readonly<Record<string, Endpoint>> = {
  '/echo': { options: { response_limit: 4096 }, handler: echo },
  '/disabled_websocket_echo': { options: { response_limit: 4096, websocket: false }, handler: echo },
  '/cookie_needed_echo': { options: { response_limit: 4096, jsessionid: true }, handler: echo },
  '/close': { handler: (connection) => { connection.close(3000, 'Go away!') } },
  '/farewell': { handler: farewell },
  '/broadcast': { handler: broadcast },
  '/amplify': { handler: amplify },
  '/ticker': { handler: ticker },
  '/quick': { options: { heartbeat_delay: 200, disconnect_delay: 500 }, handler: echo },
  '/base_url': { options: { base_url: 'https://node1.example/base_url' }, handler: echo },
  '/a.b': { handler: echo }
}

const server = createServer()
server.on('request', (_request, response) => { response.writeHead(404).end() })
server.on('upgrade', (_request, socket) => { socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n') })
for (const [prefix, { options, handler }] of Object.entries(endpoints)) {
  const service = sockjs.createServer({ ...options, prefix, log () {} })
  service.on('connection', handler)
  service.installHandlers(server)
}
// One case must not take the others with it.
process.on('uncaughtException', () => {})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit(0))
