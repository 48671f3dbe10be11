import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { Test } from 'tap'

/** The mistakes of a proxy, one or more at a time. Without any it passes everything on and names its clients. */
export interface Faults {
  /** Answers a handshake itself. `'strip'` passes it on as a plain request. */
  readonly upgrade?: 'strip' | 'silent' | 'cut' | 'wrong accept' | 'no session' | { readonly status: number, readonly body?: string, readonly location?: string }
  /** Holds the body of a response back: to its end, until so many bytes are together, or for so many milliseconds. */
  readonly hold?: 'end' | { readonly bytes: number } | { readonly milliseconds: number }
  readonly gzip?: boolean
  /** Bytes of a body above which it answers 413. */
  readonly bodyLimit?: number
  /** Sends each POST to the server twice. */
  readonly repeats?: boolean
  /** Milliseconds of silence after which a connection is cut. */
  readonly cutsSilence?: number
  /** Milliseconds after which every connection is cut. */
  readonly cutsAge?: number
  /** Milliseconds of silence after which a WebSocket is no longer passed on. */
  readonly forgets?: number
  /** Gives the first answer of `/info` to everyone. */
  readonly caches?: boolean
  /** Bytes of a chunk from the client at which a WebSocket is cut. */
  readonly socketLimit?: number
  /** Puts a text in the place of another one of the same length, in WebSocket frames of the server. */
  readonly mangles?: readonly [from: string, to: string]
  /** Changes the headers of a request on its way to the server. */
  readonly request?: (headers: IncomingHttpHeaders, path: string) => void
  /** Changes the headers of a response. */
  readonly response?: (headers: Record<string, unknown>, path: string) => void
  /** Answers a request itself; false where it does not. */
  readonly answers?: (request: IncomingMessage, response: ServerResponse) => boolean
  /** Which of the servers gets a request: the first, or each in turn, or that of a cookie. */
  readonly balance?: 'turns' | 'cookie' | 'foreign cookie'
  /** Leaves out the headers that name the client. */
  readonly anonymous?: boolean
}

/** A proxy in front of one or more servers on this machine. */
export class FaultProxy {
  readonly #ports: readonly number[]
  readonly #faults: Faults
  readonly #server: Server
  readonly #sockets = new Set<Duplex>()
  #turn = 0
  #info: { headers: Record<string, unknown>, body: Buffer } | undefined

  private constructor (ports: readonly number[], faults: Faults) {
    this.#ports = ports
    this.#faults = faults
    this.#server = createServer((asked, answer) => this.#serve(asked, answer))
    this.#server.on('connection', (socket) => this.#watch(socket))
    this.#server.on('upgrade', (asked: IncomingMessage, socket: Duplex, head: Buffer) => this.#upgrade(asked, socket, head))
  }

  static async start (t: Test, ports: readonly number[], faults: Faults = {}): Promise<string> {
    const proxy = new FaultProxy(ports, faults)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    t.teardown(() => {
      proxy.#server.close()
      for (const socket of proxy.#sockets) socket.destroy()
    })
    return `http://127.0.0.1:${(proxy.#server.address() as AddressInfo).port}`
  }

  /** Cuts a connection by its age. */
  #watch (socket: Duplex): void {
    this.#sockets.add(socket)
    const { cutsAge } = this.#faults
    const age = cutsAge === undefined ? undefined : setTimeout(() => socket.destroy(), cutsAge)
    socket.on('error', () => {}).on('close', () => {
      this.#sockets.delete(socket)
      clearTimeout(age)
    })
  }

  #port (asked: IncomingMessage): number {
    const marked = /\bnode=(\d)/.exec(asked.headers.cookie ?? '')?.[1]
    if (this.#faults.balance?.includes('cookie') && marked !== undefined) return this.#ports[Number(marked)]!
    return this.#ports[this.#faults.balance === undefined ? 0 : this.#turn++ % this.#ports.length]!
  }

  /** The headers of a request as the server gets them. */
  #headers (asked: IncomingMessage): IncomingHttpHeaders {
    const headers = { ...asked.headers }
    if (!this.#faults.anonymous) Object.assign(headers, { 'x-forwarded-for': asked.socket.remoteAddress, 'x-forwarded-proto': 'http' })
    this.#faults.request?.(headers, asked.url!)
    return headers
  }

  #serve (asked: IncomingMessage, answer: ServerResponse): void {
    if (this.#faults.answers?.(asked, answer)) return
    const bodies: Buffer[] = []
    asked.on('data', (chunk: Buffer) => bodies.push(chunk))
    asked.on('end', () => {
      const body = Buffer.concat(bodies)
      if (body.length > (this.#faults.bodyLimit ?? Infinity)) return answer.writeHead(413).end('<html>413 Request Entity Too Large</html>')
      if (this.#info !== undefined && asked.url!.endsWith('/info')) return answer.writeHead(200, this.#info.headers as never).end(this.#info.body)
      const port = this.#port(asked)
      this.#pass(asked, answer, port, body)
      if (this.#faults.repeats && asked.method === 'POST' && body.length > 0) this.#ask(asked, port, body).on('response', (again) => again.resume())
    })
  }

  #ask (asked: IncomingMessage, port: number, body: Buffer) {
    const onward = request({ port, host: '127.0.0.1', path: asked.url, method: asked.method, headers: this.#headers(asked), agent: false })
    onward.on('error', () => {})
    onward.end(body)
    return onward
  }

  #pass (asked: IncomingMessage, answer: ServerResponse, port: number, body: Buffer): void {
    const onward = this.#ask(asked, port, body)
    answer.on('close', () => onward.destroy())
    onward.on('error', () => answer.destroy())
    onward.on('response', (from) => {
      const headers: Record<string, unknown> = { ...from.headers }
      if (this.#faults.balance?.includes('cookie')) headers['set-cookie'] = [`node=${this.#ports.indexOf(port)}; Path=/${this.#faults.balance === 'cookie' ? '; SameSite=None; Secure' : ''}`]
      const zips = this.#faults.gzip === true && String(asked.headers['accept-encoding']).includes('gzip')
      if (zips) headers['content-encoding'] = 'gzip'
      this.#faults.response?.(headers, asked.url!)
      if (this.#faults.caches && asked.url!.endsWith('/info')) {
        const parts: Buffer[] = []
        from.on('data', (chunk: Buffer) => parts.push(chunk)).on('end', () => { this.#info = { headers, body: Buffer.concat(parts) } })
      }
      this.#write(from, answer, from.statusCode!, headers, zips)
    })
  }

  #write (from: IncomingMessage, answer: ServerResponse, status: number, headers: Record<string, unknown>, zips: boolean): void {
    const { hold, cutsSilence } = this.#faults
    let timer: NodeJS.Timeout | undefined
    const touch = (): void => {
      clearTimeout(timer)
      if (cutsSilence !== undefined) timer = setTimeout(() => answer.destroy(), cutsSilence)
    }
    touch()
    answer.on('close', () => clearTimeout(timer))
    if (hold === undefined) {
      answer.writeHead(status, headers as never)
      answer.flushHeaders()
      const encoder = zips ? createGzip({ flush: 2 }) : undefined
      encoder?.pipe(answer)
      from.on('data', (chunk: Buffer) => {
        touch()
        if (encoder === undefined) answer.write(chunk)
        else encoder.write(chunk)
      })
      from.on('end', () => (encoder ?? answer).end())
      return
    }
    let held: Buffer[] = []
    const out = (): void => {
      if (answer.destroyed) return
      if (!answer.headersSent) answer.writeHead(status, headers as never)
      for (const chunk of held) answer.write(chunk)
      held = []
    }
    const ticks = typeof hold === 'object' && 'milliseconds' in hold ? setInterval(out, hold.milliseconds) : undefined
    answer.on('close', () => clearInterval(ticks))
    from.on('data', (chunk: Buffer) => {
      held.push(chunk)
      if (typeof hold === 'object' && 'bytes' in hold && Buffer.concat(held).length >= hold.bytes) out()
    })
    from.on('end', () => {
      out()
      answer.end()
    })
  }

  #upgrade (asked: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { upgrade } = this.#faults
    socket.on('error', () => {})
    if (upgrade === 'silent') return
    if (upgrade === 'cut') return destroy(socket)
    if (upgrade === 'wrong accept' || upgrade === 'no session') {
      const key = upgrade === 'wrong accept' ? 'AAAA' : undefined
      return this.#lie(asked, socket, head, key)
    }
    if (typeof upgrade === 'object') {
      const { status, body = '', location } = upgrade
      socket.end(`HTTP/1.1 ${status} Answer\r\nContent-Type: text/html\r\n${location === undefined ? '' : `Location: ${location}\r\n`}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      return
    }
    this.#tunnel(asked, socket, head, upgrade === 'strip')
  }

  /** Answers 101 with the right proof or a wrong one, and then nothing. */
  #lie (asked: IncomingMessage, socket: Duplex, head: Buffer, accept: string | undefined): void {
    if (accept !== undefined) {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
      return
    }
    const server = this.#open(asked, head)
    server.once('data', (data: Buffer) => {
      socket.write(data.subarray(0, data.indexOf('\r\n\r\n') + 4))
      server.destroy()
    })
  }

  /** A connection to the server with the request as it came. */
  #open (asked: IncomingMessage, head: Buffer, stripped = false): Socket {
    const server = connect(this.#port(asked), '127.0.0.1')
    const headers = this.#headers(asked)
    if (stripped) {
      delete headers.upgrade
      headers.connection = 'close'
    }
    const lines = Object.entries(headers).flatMap(([name, value]) => value === undefined ? [] : [`${name}: ${String(value)}`])
    server.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    server.write(head)
    return server
  }

  #tunnel (asked: IncomingMessage, socket: Duplex, head: Buffer, stripped: boolean): void {
    const { cutsSilence, forgets, socketLimit, mangles } = this.#faults
    const server = this.#open(asked, head, stripped)
    this.#watch(server)
    let timer: NodeJS.Timeout | undefined
    let forgotten = false
    const touch = (): void => {
      clearTimeout(timer)
      if (cutsSilence !== undefined) timer = setTimeout(() => socket.destroy(), cutsSilence)
      if (forgets !== undefined) timer = setTimeout(() => { forgotten = true }, forgets)
    }
    touch()
    const pass = (from: Duplex, to: Duplex, limit = Infinity): void => {
      let large = 0
      from.on('data', (chunk: Buffer) => {
        touch()
        large += chunk.length
        if (large > limit) return destroy(socket)
        const changed = mangles !== undefined && from === server ? Buffer.from(chunk.toString('latin1').replaceAll(latin(mangles[0]), latin(mangles[1])), 'latin1') : chunk
        if (!forgotten) to.write(changed)
      })
      from.on('close', () => {
        clearTimeout(timer)
        if (!to.destroyed) to.end()
      })
    }
    pass(socket, server, socketLimit)
    pass(server, socket)
  }
}

/** The bytes of a text, a character each. */
const latin = (text: string): string => Buffer.from(text).toString('latin1')

function destroy (socket: Duplex): void {
  socket.destroy()
}
