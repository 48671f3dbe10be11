import net from 'node:net'
import { frameBytes } from '../../client/frames.ts'
import type { Frame } from '../../client/frames.ts'
import { reset } from '../../client/reset.ts'
import type { Mutation } from '../types.ts'
import { Exchange } from './exchange.ts'
import { FrameReader } from './frame-reader.ts'
import { Headers } from './headers.ts'
import { MessageReader } from './message-reader.ts'
import type { Framing } from './message-reader.ts'
import type { FaultProxy } from './proxy.ts'

function bodyOf (headers: Headers, otherwise: Framing): Framing {
  if (/chunked/i.test(headers.get('transfer-encoding') ?? '')) return { kind: 'chunked' }
  const length = headers.get('content-length')
  return length === undefined ? otherwise : { kind: 'length', length: Number(length) }
}

function bytesOf (frame: Frame): Buffer {
  return frameBytes(frame.opcode, frame.payload, { final: frame.final, reserved: frame.reserved, mask: frame.masked })
}

const chunk = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])

/** One connection of a client, and the server's for it. Exchanges stand in the order of their requests. */
export class Link {
  readonly proxy: FaultProxy
  readonly client: net.Socket
  private readonly upstream: net.Socket
  private readonly mutation: Mutation
  private readonly queue: Exchange[] = []
  private readonly requests: MessageReader
  private readonly responses: MessageReader
  private readonly clientFrames: FrameReader
  private readonly serverFrames: FrameReader
  /** The exchange whose request is being read. */
  private current: Exchange | undefined
  private uploading: Buffer[] | undefined
  private requestFraming: Framing = { kind: 'none' }
  /** The exchange that became a WebSocket. */
  private tunnel: Exchange | undefined
  private modern = false
  private departed = false

  constructor (proxy: FaultProxy, client: net.Socket, port: number, mutation: Mutation) {
    this.proxy = proxy
    this.client = client
    this.mutation = mutation
    // The server sees the addresses that the clients have.
    this.upstream = net.connect({ host: '127.0.0.1', port, ...(client.remoteAddress === undefined ? {} : { localAddress: client.remoteAddress }) })
    this.requests = new MessageReader({
      head: (lines) => this.request(lines),
      piece: (bytes) => this.requestPiece(bytes),
      end: () => this.requestEnd(),
      raw: (bytes) => this.clientRaw(bytes)
    })
    this.responses = new MessageReader({
      head: (lines) => this.response(lines),
      piece: (bytes) => this.queue[0]?.piece(bytes),
      end: () => this.responseEnd(),
      raw: (bytes) => this.serverRaw(bytes)
    })
    this.clientFrames = new FrameReader((frame) => {
      for (const one of this.tunnel?.hooks.clientFrame?.(frame) ?? [frame]) this.toServer(bytesOf(one))
    })
    this.serverFrames = new FrameReader((frame) => {
      for (const one of this.tunnel?.hooks.frame?.(frame) ?? [frame]) this.toClient(bytesOf(one))
    })
    this.connect()
  }

  /** Requests whose responses have not ended. */
  get waiting (): number {
    return this.queue.length
  }

  toClient (bytes: Buffer): void {
    if (!this.client.destroyed && !this.client.writableEnded) this.client.write(bytes)
  }

  toServer (bytes: Buffer): void {
    if (!this.upstream.destroyed && !this.upstream.writableEnded) this.upstream.write(bytes)
  }

  /** Both sides are told that the other has gone. */
  cut (): void {
    this.client.destroy()
    this.upstream.destroy()
  }

  /** The server is told that the client has gone; the client is told nothing. */
  drop (): void {
    this.upstream.destroy()
  }

  reset (): void {
    reset(this.client)
    this.upstream.destroy()
  }

  private connect (): void {
    const { client, upstream } = this
    client.setNoDelay(true)
    upstream.setNoDelay(true)
    client.on('data', (bytes: Buffer) => this.guard(() => this.requests.push(bytes)))
    client.on('end', () => this.depart('fin'))
    client.on('error', () => this.depart('rst'))
    client.on('close', () => this.depart('fin'))
    upstream.on('data', (bytes: Buffer) => this.guard(() => this.responses.push(bytes)))
    upstream.on('end', () => {
      const { ending } = (this.tunnel ?? this.queue[0])?.hooks ?? {}
      this.responses.finish()
      if (ending !== 'stay') client.end()
    })
    upstream.on('error', () => client.destroy())
    upstream.on('close', () => {
      this.proxy.links.delete(this)
      for (const exchange of this.queue) exchange.abandon()
    })
  }

  private guard (action: () => void): void {
    try {
      action()
    } catch (error) {
      this.proxy.failure ??= error
      this.cut()
    }
  }

  private depart (how: 'fin' | 'rst'): void {
    if (this.departed) return
    this.departed = true
    const exchange = this.tunnel ?? this.queue[0]
    const wait = exchange?.hooks.gone?.(how) ?? 0
    // A closed connection keeps its port for a minute, and a score takes tens of thousands: where nobody is left to tell, both are reset.
    if (this.tunnel === undefined) reset(this.client)
    const leave = (): void => {
      if (how === 'rst' || exchange === undefined) reset(this.upstream)
      else this.upstream.destroySoon()
    }
    if (wait === 0) leave()
    else this.proxy.later(leave, wait)
  }

  private request (lines: string[]): Framing {
    const [start = '', ...rest] = lines
    const exchange = new Exchange(this, start, Headers.parse(rest))
    this.current = exchange
    this.uploading = undefined
    this.requestFraming = exchange.headers.get('upgrade') === undefined ? bodyOf(exchange.headers, { kind: 'none' }) : { kind: 'raw' }
    this.queue.push(exchange)
    exchange.hooks = this.mutation(exchange) ?? {}
    if (exchange.reply !== undefined) {
      this.requestFraming = bodyOf(exchange.headers, { kind: 'none' })
      this.serveReplies()
    } else if (exchange.hooks.upload !== undefined && this.requestFraming.kind !== 'none') {
      this.uploading = []
    } else {
      this.toServer(exchange.requestBytes)
    }
    return this.requestFraming
  }

  private requestPiece (bytes: Buffer): void {
    if (this.current?.reply !== undefined) return
    if (this.uploading !== undefined) this.uploading.push(Buffer.from(bytes))
    else this.toServer(this.requestFraming.kind === 'chunked' ? chunk(bytes) : bytes)
  }

  private requestEnd (): void {
    const { current, uploading } = this
    if (current === undefined || current.reply !== undefined) return
    if (uploading === undefined) {
      if (this.requestFraming.kind === 'chunked') this.toServer(Buffer.from('0\r\n\r\n'))
      return
    }
    const body = current.hooks.upload?.(Buffer.concat(uploading), uploading) ?? Buffer.concat(uploading)
    if (current.reply !== undefined) {
      this.serveReplies()
      return
    }
    current.headers.set('Transfer-Encoding', undefined)
    current.headers.set('Content-Length', String(body.length))
    const send = (): void => this.toServer(Buffer.concat([current.requestBytes, body]))
    if (current.until === undefined) send()
    else current.until.then(send, send)
  }

  private clientRaw (bytes: Buffer): void {
    const { current } = this
    if (this.modern && this.tunnel?.hooks.clientFrame !== undefined) this.clientFrames.push(bytes)
    else for (const piece of (this.modern ? undefined : current?.hooks.clientDraft?.(bytes)) ?? [bytes]) this.toServer(piece)
  }

  private response (lines: string[]): Framing {
    const [start = '', ...rest] = lines
    const exchange = this.queue[0]
    const [, version = '', status = '', reason = ''] = /^(HTTP\/\d\.\d) (\d+) ?(.*)$/.exec(start) ?? []
    const headers = Headers.parse(rest)
    const code = Number(status)
    const bodiless = exchange?.method === 'HEAD' || code === 204 || code === 304 || (code < 200 && code !== 101)
    const framing: Framing = bodiless ? { kind: 'none' } : code === 101 ? { kind: 'raw' } : bodyOf(headers, { kind: 'close' })
    if (exchange === undefined) {
      this.toClient(headers.bytes(start))
      return { kind: 'raw' }
    }
    exchange.begin({ version, status: code, reason, headers }, framing)
    if (code === 101) {
      this.tunnel = exchange
      this.modern = headers.get('sec-websocket-accept') !== undefined
    } else if (exchange.headers.get('upgrade') !== undefined) {
      this.requests.resume()
    }
    return framing
  }

  private responseEnd (): void {
    const exchange = this.queue[0]
    if (exchange === undefined || !exchange.finish()) return
    this.queue.shift()
    this.serveReplies()
  }

  private serverRaw (bytes: Buffer): void {
    if (this.modern && this.tunnel?.hooks.frame !== undefined) this.serverFrames.push(bytes)
    else for (const piece of (this.modern ? undefined : this.tunnel?.hooks.draft?.(bytes)) ?? [bytes]) this.toClient(piece)
  }

  /** Answers of our own go out when it is their turn. */
  private serveReplies (): void {
    for (let exchange = this.queue[0]; exchange?.reply !== undefined; exchange = this.queue[0]) {
      const { status, body = '', headers = {}, close = false } = exchange.reply
      const fields = new Headers([...Object.entries(headers), ...(status === 204 ? [] : [['Content-Length', String(Buffer.byteLength(body))] as [string, string]])])
      this.toClient(Buffer.concat([fields.bytes(`HTTP/1.1 ${status} Fault`), Buffer.from(body)]))
      exchange.abandon()
      this.queue.shift()
      if (close) this.client.end()
    }
  }
}
