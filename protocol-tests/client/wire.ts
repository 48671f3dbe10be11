import net from 'node:net'
import { Duplex } from 'node:stream'
import tls from 'node:tls'
import { reset } from './reset.ts'
import type { Target } from './target.ts'

const connectMilliseconds = 3000

/** The connection ended, or failed, before the expected bytes came. */
export class ConnectionLostError extends Error {
  override name = 'ConnectionLostError'
}

/** More bytes came on one connection than the reader allows. */
export class TooMuchError extends Error {
  override name = 'TooMuchError'
}

export type WireState = 'open' | 'ended' | 'failed'

/**
 * A socket that is read by pulling. Nothing is parsed ahead of the reader, so a case sees the bytes
 * in the very order and portions in which the server delimited them.
 */
export class Wire {
  private readonly socket: net.Socket
  /** What lies under TLS; the socket itself where there is none. */
  private readonly plain: net.Socket
  state: WireState = 'open'
  private buffered: Buffer = Buffer.alloc(0)
  private failure: Error | undefined
  private deadline: number | undefined
  private readonly waiters = new Set<() => void>()
  /** When bytes were last written and last came, in milliseconds of `performance.now()`. */
  lastWrite = 0
  lastRead = 0

  private constructor (socket: net.Socket, plain: net.Socket, mostBytes: number) {
    this.socket = socket
    this.plain = plain
    let read = 0
    socket.on('data', (bytes: Buffer) => {
      this.lastRead = performance.now()
      read += bytes.length
      if (read > mostBytes) return socket.destroy(new TooMuchError(`the server sent more than ${mostBytes} bytes`))
      this.buffered = this.buffered.length === 0 ? bytes : Buffer.concat([this.buffered, bytes])
      this.wake()
    })
    socket.on('end', () => this.finish('ended'))
    socket.on('close', () => this.finish('ended'))
    socket.on('error', (error) => this.fail(error))
  }

  /** The connection ends with an error once more than `mostBytes` have come. */
  static async connect (target: Target, localAddress?: string, mostBytes = Infinity): Promise<Wire> {
    const place = { host: target.host, port: target.port, ...(localAddress === undefined ? {} : { localAddress }) }
    const plain = net.connect(place)
    plain.setNoDelay(true)
    // The certificate is not what is being judged. TLS runs over a stream of its own, for it would take the handle of
    // the socket, which could then not be reset.
    const socket = target.secure
      ? tls.connect({ socket: Duplex.from({ readable: plain, writable: plain }), rejectUnauthorized: false, ...(net.isIP(target.host) ? {} : { servername: target.host }) })
      : plain
    socket.setTimeout(connectMilliseconds, () => socket.destroy(new Error('the connection is not accepted')))
    await new Promise<void>((resolve, reject) => {
      socket.once(target.secure ? 'secureConnect' : 'connect', resolve)
      // A connection that fails may say so twice.
      socket.on('error', reject)
    })
    socket.setTimeout(0)
    return new Wire(socket, plain, mostBytes)
  }

  /** Address and port of this end. */
  get local (): { address: string | undefined, port: number | undefined } {
    return { address: this.plain.localAddress, port: this.plain.localPort }
  }

  /** How the connection failed, if it did. */
  get error (): Error | undefined {
    return this.failure
  }

  write (bytes: string | Uint8Array): void {
    this.lastWrite = performance.now()
    this.socket.write(bytes)
  }

  /** The next line, without its CRLF. */
  async line (what: string): Promise<string> {
    await this.until(() => this.buffered.includes('\r\n'), what)
    const end = this.buffered.indexOf('\r\n')
    const line = this.buffered.toString('latin1', 0, end)
    this.buffered = this.buffered.subarray(end + 2)
    return line
  }

  async take (length: number, what: string): Promise<Buffer> {
    await this.until(() => this.buffered.length >= length, what)
    const bytes = this.buffered.subarray(0, length)
    this.buffered = this.buffered.subarray(length)
    return bytes
  }

  /** Everything up to the end of the connection. */
  async rest (what: string): Promise<Buffer> {
    await this.settled(() => this.state !== 'open', what)
    if (this.failure instanceof TooMuchError) throw this.failure
    const bytes = this.buffered
    this.buffered = Buffer.alloc(0)
    return bytes
  }

  /** What has arrived, at least one byte of it; nothing at the end of the connection. */
  async some (what: string): Promise<Buffer> {
    await this.settled(() => this.buffered.length > 0 || this.state !== 'open', what)
    const bytes = this.buffered
    this.buffered = Buffer.alloc(0)
    return bytes
  }

  /** What has arrived and not been read. */
  peek (): Buffer {
    return this.buffered
  }

  /** Whether something arrives, or the connection ends, within the time. */
  async stirs (milliseconds: number): Promise<boolean> {
    const stirred = (): boolean => this.buffered.length > 0 || this.state !== 'open'
    let timer: NodeJS.Timeout | undefined
    await Promise.race([
      this.settled(stirred, 'anything').catch(() => {}),
      new Promise((resolve) => { timer = setTimeout(resolve, milliseconds) })
    ])
    clearTimeout(timer)
    return stirred()
  }

  /** Resolves once the server has ended the connection. */
  async closed (what = 'the server to close the connection'): Promise<void> {
    await this.settled(() => this.state !== 'open', what)
  }

  /** FIN: the client goes away as a browser tab does. */
  destroy (): void {
    this.socket.destroy()
  }

  /** RST: the client goes away as a crashed machine does. */
  reset (): void {
    reset(this.plain)
  }

  /** The case has run out of time: whoever waits learns what for. */
  expire (milliseconds: number): void {
    this.deadline = milliseconds
    this.wake()
    this.socket.destroy()
  }

  private fail (error: Error): void {
    this.failure = error
    this.finish('failed')
  }

  private finish (state: WireState): void {
    if (this.state === 'open') this.state = state
    this.wake()
  }

  private wake (): void {
    for (const waiter of [...this.waiters]) waiter()
  }

  private async until (ready: () => boolean, what: string): Promise<void> {
    await this.settled(() => ready() || this.state !== 'open', what)
    if (ready()) return
    const had = this.buffered.length === 0 ? '' : ` after ${JSON.stringify(this.buffered.toString('latin1').slice(0, 80))}`
    const how = this.failure === undefined ? 'was closed' : `failed (${this.failure.message})`
    if (this.failure instanceof TooMuchError) throw this.failure
    throw new ConnectionLostError(`the connection ${how} while waiting for ${what}${had}`)
  }

  private settled (done: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.deadline === undefined && !done()) return
        this.waiters.delete(look)
        if (done() && this.deadline === undefined) resolve()
        else reject(new Error(`nothing came within ${this.deadline} ms while waiting for ${what}`))
      }
      this.waiters.add(look)
      look()
    })
  }
}
