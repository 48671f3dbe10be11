import { createRequire } from 'node:module'
import { RxStomp, RxStompState } from '@stomp/rx-stomp'
import { Client, type IFrame, type IMessage, type IStompSocket } from '@stomp/stompjs'
import SockJS from 'sockjs-client'
import webstomp from 'webstomp-client'
import { WebSocket } from 'ws'
import { filter, skip } from 'rxjs'
import { resumable } from '../../src/client.ts'
import { Arrivals, deferred, within } from '../support/wait.ts'

// The libraries are written for browsers, and say that Node needs this.
Object.assign(globalThis, { WebSocket })

export type Headers = Record<string, string>

export interface Received {
  readonly headers: Headers
  readonly text: string
  readonly bytes: Uint8Array
  ack (headers?: Headers): void
  nack (headers?: Headers): void
}

export interface LibrarySubscription {
  readonly messages: Arrivals<Received>
  unsubscribe (): void
}

/** What the libraries have in common; underneath, each is called as its own manual says. */
export interface LibraryClient {
  /** The headers of CONNECTED. */
  readonly connected: Promise<Headers>
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>
  readonly errors: Arrivals<{ headers: Headers, body: string }>
  /** Messages for a subscription that the library does not know. */
  readonly unhandled: Arrivals<Received>
  /** The server's heart-beats. */
  readonly beats: Arrivals<void>
  send (destination: string, body?: string | Uint8Array, headers?: Headers): void
  subscribe (destination: string, headers?: Headers): LibrarySubscription
  /** Resolves with the RECEIPT; asked for before the frame is sent. */
  receipt (id: string): Promise<void>
  begin (): { readonly id: string, commit (): void, abort (): void }
  /** Leaves; resolves with the id of the RECEIPT where the library waits for it. */
  disconnect (): Promise<string | undefined>
}

export interface ConnectOptions {
  readonly port: number
  readonly tcpPort: number
  /** None connects without a name. */
  readonly login?: string | undefined
  readonly passcode?: string
  /** Heart-beats in milliseconds, both ways; by default none. */
  readonly beat?: number
  /** Connects again after so many milliseconds, where the library can. */
  readonly reconnect?: number
}

/** How a library reaches the server. */
export interface Way {
  readonly path?: string
  /** A transport of SockJS instead of a plain WebSocket. */
  readonly sockjs?: string
  /** Over the client of this package, which resumes the session, in place of sockjs-client. */
  readonly resumes?: boolean
  readonly binary?: boolean
  readonly split?: boolean
  readonly tcp?: boolean
}

export type Library = (way: Way, options: ConnectOptions) => LibraryClient

function sockjs (port: number, path: string, transport: string, resumes = false): IStompSocket {
  const url = `http://127.0.0.1:${port}${path}`
  const options = { transports: [transport] }
  return (resumes ? resumable(url, { ...options, minDelay: 1, maxDelay: 20 }) : new SockJS(url, null, options)) as unknown as IStompSocket
}

/** What @stomp/stompjs and @stomp/rx-stomp are configured with. */
function configuration ({ path = '/stomp', sockjs: transport, resumes, binary = false, split = false }: Way, { port, login, passcode, beat = 0, reconnect = 0 }: ConnectOptions) {
  return {
    ...(transport === undefined
      ? { brokerURL: `ws://127.0.0.1:${port}${path}` }
      : { webSocketFactory: () => sockjs(port, path, transport, resumes) }),
    ...(login === undefined ? {} : { connectHeaders: { login, passcode: passcode ?? '' } }),
    forceBinaryWSFrames: binary,
    splitLargeFrames: split,
    heartbeatIncoming: beat,
    heartbeatOutgoing: beat,
    reconnectDelay: reconnect
  }
}

function received (message: IMessage): Received {
  return {
    headers: message.headers,
    // Not `body`: decoding it drops a byte order mark.
    text: Buffer.from(message.binaryBody).toString(),
    bytes: message.binaryBody,
    ack: (headers) => message.ack(headers),
    nack: (headers) => message.nack(headers)
  }
}

function content (body: string | Uint8Array): { body: string } | { binaryBody: Uint8Array } {
  return typeof body === 'string' ? { body } : { binaryBody: body }
}

function events () {
  return {
    connected: deferred<Headers>(),
    closed: deferred<void>(),
    errors: new Arrivals<{ headers: Headers, body: string }>(),
    unhandled: new Arrivals<Received>(),
    beats: new Arrivals<void>()
  }
}

/** @stomp/stompjs. */
export const stompjs: Library = (way, options) => {
  const { connected, closed, ...logs } = events()
  const client = new Client(configuration(way, options))
  client.onConnect = (frame) => connected.resolve(frame.headers)
  client.onWebSocketClose = () => closed.resolve()
  client.onStompError = (frame) => logs.errors.push(frame)
  client.onUnhandledMessage = (message) => logs.unhandled.push(received(message))
  client.onHeartbeatReceived = () => logs.beats.push()
  client.activate()
  return {
    ...logs,
    connected: connected.promise,
    closed: closed.promise,
    send: (destination, body = '', headers = {}) => client.publish({ destination, headers, ...content(body) }),
    subscribe (destination, headers) {
      const messages = new Arrivals<Received>()
      const subscription = client.subscribe(destination, (message) => messages.push(received(message)), { ...headers })
      return { messages, unsubscribe: () => subscription.unsubscribe() }
    },
    receipt: (id) => new Promise((resolve) => client.watchForReceipt(id, () => resolve())),
    begin: () => client.begin(),
    async disconnect () {
      let receipt: string | undefined
      client.onDisconnect = (frame: IFrame) => { receipt = frame.headers['receipt-id'] }
      await client.deactivate()
      return receipt
    }
  }
}

/** @stomp/rx-stomp, on top of it. */
export const rxStomp: Library = (way, options) => {
  const { connected, closed, ...logs } = events()
  const rx = new RxStomp()
  rx.configure(configuration(way, options))
  rx.serverHeaders$.subscribe((headers) => connected.resolve(headers))
  rx.connectionState$.pipe(skip(1), filter((state) => state === RxStompState.CLOSED)).subscribe(() => closed.resolve())
  rx.stompErrors$.subscribe((frame) => logs.errors.push(frame))
  rx.unhandledMessage$.subscribe((message) => logs.unhandled.push(received(message)))
  rx.stompClient.onHeartbeatReceived = () => logs.beats.push()
  rx.activate()
  return {
    ...logs,
    connected: connected.promise,
    closed: closed.promise,
    send: (destination, body = '', headers = {}) => rx.publish({ destination, headers, ...content(body) }),
    subscribe (destination, headers = {}) {
      const messages = new Arrivals<Received>()
      const subscription = rx.watch({ destination, subHeaders: headers }).subscribe((message) => messages.push(received(message)))
      return { messages, unsubscribe: () => subscription.unsubscribe() }
    },
    receipt: async (id) => { await rx.asyncReceipt(id) },
    begin: () => rx.stompClient.begin(),
    async disconnect () {
      let receipt: string | undefined
      const { onDisconnect } = rx.stompClient
      rx.stompClient.onDisconnect = (frame: IFrame) => {
        receipt = frame.headers['receipt-id']
        onDisconnect(frame)
      }
      await rx.deactivate()
      return receipt
    }
  }
}

interface ClassicFrame { headers: Headers, body: string, ack (headers?: Headers): void, nack (headers?: Headers): void }

/** The older libraries have almost the same face. */
interface ClassicClient {
  onreceive?: (message: ClassicFrame) => void
  onreceipt?: (frame: ClassicFrame) => void
  debug: (text: string) => void
  heartbeat: { outgoing: number, incoming: number }
  connect (headers: Headers, connected: (frame: ClassicFrame) => void, failed: (error: unknown) => void): void
  subscribe (destination: string, receive: (message: ClassicFrame) => void, headers: Headers): { id: string, unsubscribe (): void }
  begin (): { id: string, commit (): void, abort (): void }
  disconnect (done: () => void, headers?: Headers): void
}

interface StompJs2 {
  client (url: string): StompJs2Client
  over (socket: unknown): StompJs2Client
  overTCP (host: string, port: number): StompJs2Client
}
type StompJs2Client = ClassicClient & { send (destination: string, headers: Headers, body: string): void }
type WebstompClient = ClassicClient & { send (destination: string, body: string, headers: Headers): void }

const Stomp = createRequire(import.meta.url)('stompjs') as StompJs2

function text (body: string | Uint8Array): string {
  if (typeof body !== 'string') throw new TypeError('the library sends text only')
  return body
}

function classic (client: ClassicClient, send: (destination: string, body: string, headers: Headers) => void, { login, passcode, beat = 0 }: ConnectOptions): LibraryClient {
  const { connected, closed, ...logs } = events()
  const receipts = new Map<string, () => void>()
  const wrap = (frame: ClassicFrame): Received => ({
    headers: frame.headers, text: frame.body, bytes: Buffer.from(frame.body), ack: (headers) => frame.ack(headers), nack: (headers) => frame.nack(headers)
  })
  client.heartbeat = { outgoing: beat, incoming: beat }
  client.debug = (line) => { if (line === '<<< PONG') logs.beats.push() }
  client.onreceive = (message) => logs.unhandled.push(wrap(message))
  client.onreceipt = ({ headers }) => receipts.get(headers['receipt-id']!)?.()
  client.connect({ ...(login === undefined ? {} : { login, passcode: passcode ?? '' }) },
    (frame) => connected.resolve(frame.headers),
    // Told of ERROR frames and of the end of the connection alike.
    (error) => (error as { command?: string }).command === 'ERROR' ? logs.errors.push(error as ClassicFrame) : closed.resolve())
  return {
    ...logs,
    connected: connected.promise,
    closed: closed.promise,
    send: (destination, body = '', headers = {}) => send(destination, text(body), { ...headers }),
    subscribe (destination, headers) {
      const messages = new Arrivals<Received>()
      const subscription = client.subscribe(destination, (message) => messages.push(wrap(message)), { ...headers })
      return { messages, unsubscribe: () => subscription.unsubscribe() }
    },
    receipt: (id) => new Promise((resolve) => receipts.set(id, resolve)),
    begin: () => client.begin(),
    disconnect: () => within(new Promise((resolve) => client.disconnect(() => resolve(undefined))), 'disconnect')
  }
}

/** stompjs 2.3.3, the ancestor. */
export const stompjs2: Library = (way, options) => {
  const { path = '/stomp', sockjs: transport, resumes, tcp = false } = way
  const client = tcp
    ? Stomp.overTCP('127.0.0.1', options.tcpPort)
    : transport === undefined ? Stomp.client(`ws://127.0.0.1:${options.port}${path}`) : Stomp.over(sockjs(options.port, path, transport, resumes))
  return classic(client, (destination, body, headers) => client.send(destination, headers, body), options)
}

/** webstomp-client. */
export const webstompClient: Library = (way, options) => {
  const { path = '/stomp', sockjs: transport, resumes, binary = false } = way
  const client = (transport === undefined
    ? webstomp.client(`ws://127.0.0.1:${options.port}${path}`, { binary })
    : webstomp.over(sockjs(options.port, path, transport, resumes), { binary })) as unknown as WebstompClient
  return classic(client, (destination, body, headers) => client.send(destination, body, headers), options)
}
