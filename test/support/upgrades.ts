import { createServer, type Server } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import { TcpPeer } from './http.ts'
import type { TestServer } from './server.ts'
import { within } from './wait.ts'

/** Node decides before its parser lets the connection go; older versions have the request put back. */
export const DECIDES = 'shouldUpgradeCallback' in createServer()

/** Sends one text on a WebSocket and gives the answer; rejects with the status of a refusal. */
export async function talk (port: number, path: string, headers: Record<string, string> = {}): Promise<string> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
  try {
    return await within(new Promise<string>((resolve, reject) => {
      ws.on('open', () => ws.send('hello'))
      ws.on('message', (data) => resolve((data as Buffer).toString()))
      ws.on('unexpected-response', (_request, response) => reject(new Error(`status ${response.statusCode}`)))
      ws.on('error', reject)
      ws.on('close', (code) => reject(new Error(`closed with ${code}`)))
    }), `an answer of ${path}`)
  } finally {
    ws.removeAllListeners()
    ws.on('error', () => {})
    ws.terminate()
  }
}

/** Writes bytes on a connection and waits for its end. */
export async function exchange (port: number, text: string): Promise<string> {
  return await new TcpPeer(port).write(text).end()
}

/** Somebody else's WebSockets on the same server. */
export function foreign (app: { server: unknown }, path: string): WebSocketServer {
  const server = new WebSocketServer({ server: app.server as Server, path })
  server.on('connection', (ws) => { ws.on('message', (data: Buffer) => { ws.send('foreign ' + data.toString()) }) })
  return server
}

export const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n'

/** A plain request whose client would also take HTTP/2. */
interface Plain {
  readonly method?: string
  readonly path: string
  readonly headers?: string
  readonly body?: string
}

export function h2c ({ method = 'GET', path, headers = '', body = '' }: Plain): string {
  const length = method === 'GET' || /^(content-length|transfer-encoding)/im.test(headers) ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`
  return `${method} ${path} HTTP/1.1\r\nHost: x\r\n${H2C}${headers}${length}\r\n${body}`
}

/** The whole answer to a request that ends its connection. */
export async function answerOf ({ port }: TestServer, text: string): Promise<string> {
  return await exchange(port, text.replace('Connection: Upgrade,', 'Connection: close, Upgrade,'))
}
