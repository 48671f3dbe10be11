import { createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import type { Test } from 'tap'
import { type ClientCommand, createFrame, type Frame, FrameParser, type HeadersLike, isFrameError, serializeBytes, type ServerCommand } from '../../src/stomp/codec/index.ts'
import { Arrivals } from './wait.ts'

/** One connection that a relay has made. */
export class FakeConnection {
  readonly socket: Socket
  readonly frames = new Arrivals<Frame<ClientCommand>>()
  readonly beats = new Arrivals<number>()
  readonly ended = new Arrivals<string>()
  readonly #parser = new FrameParser({ limits: { body: 1e9, connectFrame: 1e9, headers: 1000 } })

  constructor (socket: Socket, arrived: (frame: Frame<ClientCommand>) => void) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#parser.push(chunk)
      for (const frame of this.#parser) {
        if (isFrameError(frame)) throw new Error(`the relay sent bytes that are not a frame: ${frame.message}`)
        if (frame.command === 'CONNECT') this.#parser.connected('1.2')
        this.frames.push(frame)
        arrived(frame)
      }
      if (this.#parser.eols > 0) this.beats.push(this.#parser.eols)
    })
    socket.on('error', () => {})
    socket.on('close', () => this.ended.push('close'))
  }

  send (command: ServerCommand, headers: HeadersLike = {}, body = ''): void {
    if (!this.socket.destroyed) this.socket.write(serializeBytes(createFrame(command, headers, body), '1.2'))
  }

  /** The next frame of a kind; others are passed over. */
  async next (command: ClientCommand): Promise<Frame<ClientCommand>> {
    for (;;) {
      const frame = await this.frames.next(command)
      if (frame.command === command) return frame
    }
  }

  receipt (frame: Frame<ClientCommand>): void { this.send('RECEIPT', { 'receipt-id': frame.headers.get('receipt')! }) }
}

/** The behaviour of a fake broker. Where a field is left out, it behaves like a good broker. */
export interface Manners {
  readonly connect?: (connection: FakeConnection, frame: Frame<ClientCommand>) => void
  readonly frame?: (connection: FakeConnection, frame: Frame<ClientCommand>) => void
  /** Headers of CONNECTED. */
  readonly connected?: Readonly<Record<string, string>>
}

/** A broker that a test plays. */
export class FakeBroker {
  readonly connections = new Arrivals<FakeConnection>()
  manners: Manners
  #server: Server
  port = 0

  constructor (manners: Manners) {
    this.manners = manners
    this.#server = this.#create()
  }

  get url (): string { return `tcp://127.0.0.1:${this.port}` }

  async listen (): Promise<void> {
    this.#server.listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.port = (this.#server.address() as { port: number }).port
  }

  /** Cuts all connections, and stops listening. */
  async stop (): Promise<void> {
    this.#server.close()
    for (const { socket } of this.connections.all) socket.destroy()
    if (this.#server.listening) await once(this.#server, 'close')
  }

  async restart (): Promise<void> {
    this.#server = this.#create()
    await this.listen()
  }

  #create (): Server {
    return createServer((socket) => {
      const connection = new FakeConnection(socket, (frame) => this.#handle(connection, frame))
      this.connections.push(connection)
    })
  }

  #handle (connection: FakeConnection, frame: Frame<ClientCommand>): void {
    const { connect, frame: other, connected } = this.manners
    if (frame.command === 'CONNECT') {
      if (connect !== undefined) connect(connection, frame)
      else connection.send('CONNECTED', { version: '1.2', 'heart-beat': '0,0', ...connected })
    } else if (other !== undefined) {
      other(connection, frame)
    } else if (frame.headers.has('receipt')) {
      connection.receipt(frame)
      if (frame.command === 'DISCONNECT') connection.socket.end()
    }
  }
}

export async function startFakeBroker (t: Test, manners: Manners = {}): Promise<FakeBroker> {
  const broker = new FakeBroker(manners)
  await broker.listen()
  t.teardown(() => broker.stop())
  return broker
}
