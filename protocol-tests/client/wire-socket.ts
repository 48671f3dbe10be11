import { randomBytes } from 'node:crypto'
import { closeStatus, frameBytes, opcodes, readFrame } from './frames.ts'
import type { Frame, FrameOptions } from './frames.ts'
import { Incoming, requestBytes } from './http.ts'
import type { RequestOptions } from './http.ts'
import type { Target } from './target.ts'
import type { Wire } from './wire.ts'

/** Headers of an RFC 6455 handshake; a case adds to them or replaces them. */
export function handshakeHeaders (headers: Record<string, string> = {}): Record<string, string> {
  return {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    ...headers
  }
}

/** A WebSocket on a bare socket: it answers no ping and no close unless the case says so. */
export class WireSocket {
  readonly wire: Wire
  readonly path: string
  readonly response: Incoming

  private constructor (wire: Wire, path: string, response: Incoming) {
    this.wire = wire
    this.path = path
    this.response = response
  }

  /** Sends the handshake and reads the head of whatever answers it. */
  static async handshake (wire: Wire, target: Target, path: string, options: RequestOptions = {}): Promise<WireSocket> {
    wire.write(requestBytes(target, 'GET', path, { ...options, headers: { ...handshakeHeaders(), ...options.headers } }))
    return new WireSocket(wire, path, await Incoming.read(wire, 'GET', `the handshake of ${path}`))
  }

  get status (): number {
    return this.response.status
  }

  send (opcode: number, payload: string | Uint8Array, options?: FrameOptions): void {
    this.wire.write(frameBytes(opcode, payload, options))
  }

  text (payload: string): void {
    this.send(opcodes.text, payload)
  }

  async frame (what = 'a WebSocket frame'): Promise<Frame> {
    return await readFrame(this.wire, `${what} on ${this.path}`)
  }

  /** The next frame that is not a control frame, as text. */
  async data (what?: string): Promise<string> {
    const frame = await this.frame(what)
    return frame.opcode >= opcodes.close ? await this.data(what) : frame.payload.toString('utf8')
  }

  /** Reads up to the close frame and says what it carries. */
  async closing (): Promise<{ code: number, reason: string }> {
    for (;;) {
      const frame = await this.frame('a close frame')
      if (frame.opcode === opcodes.close) return closeStatus(frame)
    }
  }
}
