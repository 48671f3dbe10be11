import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo, Socket } from 'node:net'
import sockjsNode, { type Connection } from 'sockjs'
import type { Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { SockJS, type SockJSOptions, type SockJSTransport } from '../../src/client.ts'
import { buildServer, type ServerOptions, type TestServer } from '../support/server.ts'
import { Arrivals, deferred } from '../support/wait.ts'

export const TRANSPORTS = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling'] as const satisfies readonly SockJSTransport[]

const globals = globalThis as unknown as Record<string, unknown>

/** Gives Node the WebSocket that browsers have, and Node from 22 on. */
globals['WebSocket'] = WebSocket

/** The EventSource of sockjs-client, which Node does not have. */
export const EventSource: unknown = createRequire(createRequire(import.meta.url).resolve('sockjs-client'))('eventsource')

/** Sets a global until the end of a test. */
export function withGlobal (t: Test, name: string, value: unknown): void {
  const before = Object.getOwnPropertyDescriptor(globals, name)
  Object.defineProperty(globals, name, { value, configurable: true, writable: true })
  t.teardown(() => {
    if (before === undefined) Reflect.deleteProperty(globals, name)
    else Object.defineProperty(globals, name, before)
  })
}

export interface Closed { readonly code: number, readonly reason: string, readonly wasClean: boolean, readonly retryAfter?: number | undefined }

/** An event, as the contract with sockjs-client compares it. */
export type Seen = readonly [type: string, ...values: unknown[]]

const EVENTS = ['open', 'message', 'error', 'close'] as const

/** The part of a socket that both clients have. */
interface AnySocket {
  addEventListener (type: string, listener: (event: any) => void): void
}

/** Collects the events of a client, without heartbeats, whose number depends on time. */
export function watch (socket: AnySocket): { seen: Seen[], closed: Promise<void> } {
  const seen: Seen[] = []
  const closed = deferred<void>()
  for (const type of EVENTS) {
    socket.addEventListener(type, (event: { data?: unknown, code?: number, wasClean?: boolean }) => {
      seen.push(type === 'message' ? [type, event.data] : type === 'close' ? [type, event.code, event.wasClean] : [type])
      if (type === 'close') closed.resolve()
    })
  }
  return { seen, closed: closed.promise }
}

/** The client of this package, made to wait for. */
export class Client {
  readonly socket: SockJS
  readonly texts = new Arrivals<string>()
  readonly opened = deferred<void>()
  readonly closed = deferred<Closed>()
  heartbeats = 0

  constructor (url: string, options: SockJSOptions = {}) {
    this.socket = new SockJS(url, null, { timeout: 60_000, ...options })
    this.socket.onopen = () => this.opened.resolve()
    this.socket.onmessage = ({ data }) => this.texts.push(data)
    this.socket.onheartbeat = () => { this.heartbeats++ }
    this.socket.onclose = ({ code, reason, wasClean, retryAfter }) => {
      this.closed.resolve({ code, reason, wasClean, ...(retryAfter === undefined ? {} : { retryAfter }) })
      this.opened.reject(new Error(`closed: ${code} ${reason}`))
    }
  }

  abort (): void { this.socket.close() }

  async take (count: number): Promise<string[]> {
    const texts: string[] = []
    while (texts.length < count) texts.push(await this.texts.next(`message ${texts.length + 1} of ${count}`))
    return texts
  }
}

/** Starts our server. After an abort, `fetch` of Node leaves connections without a request, which `app.close()` would wait for. */
export function start (t: Test, options: ServerOptions = {}): Promise<TestServer> {
  return buildServer(t, { ...options, fastify: { forceCloseConnections: true } })
}

export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** A server that answers as a test says. It keeps the URLs of all requests. */
export interface ScriptedServer {
  readonly url: string
  readonly requests: string[]
  readonly sockets: Set<Socket>
  /** Ends the server before the test does. */
  stop (): void
}

/** The answer to `/info` of a healthy endpoint. */
export const INFO = '{"websocket":true,"origins":["*:*"],"cookie_needed":false,"entropy":1}'

/**
 * Starts a server on `/echo` whose answers, except that to `/info`, come from a test, and whose WebSockets get texts from it.
 */
export async function scripted (t: Test, answer: Answer, onSocket?: (socket: WebSocket) => void, info: string | (() => string) = INFO): Promise<ScriptedServer> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    requests.push(request.url!)
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => { body += text }).on('end', () => {
      if (request.url!.startsWith('/echo/info')) response.setHeader('content-type', 'application/json').end(typeof info === 'string' ? info : info())
      else answer(request, response, body)
    })
  })
  const upgrades = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket: Socket, head) => {
    requests.push(request.url!)
    if (onSocket === undefined) return socket.destroy()
    upgrades.handleUpgrade(request, socket, head, onSocket)
  })
  const stop = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { url: await listen(t, server, sockets), requests, sockets, stop }
}

/** Starts sockjs 0.3.24 on `/echo`. */
export async function startSockjsNode (t: Test, onConnection: (connection: Connection) => void): Promise<string> {
  const service = sockjsNode.createServer({ log () {}, sockjs_url: '/sockjs.min.js' } as never)
  service.on('connection', onConnection)
  const server = createServer()
  service.installHandlers(server, { prefix: '/echo' })
  return listen(t, server)
}

/** Lets a server listen until the end of the test, and keeps its connections in `sockets`. Returns the URL of `/echo`. */
async function listen (t: Test, server: Server, sockets = new Set<Socket>()): Promise<string> {
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/echo`
}
