import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { PreparedMessage } from '../../stream/prepared-message.ts'
import { CLOSE, type CloseReason, FORM, formsOf, isShared, isWireCode, type Outgoing, type SockjsFrame } from '../protocol/index.ts'
import type { AnySession } from '../session/index.ts'
import type { IncomingRules } from './incoming.ts'
import type { Lingering } from './lingering.ts'
import type { DeflateWay, SharedDeflate } from './shared-deflate.ts'
import { SocketReceiver } from './socket-receiver.ts'
import { asciiFrame, frameBytes, HEARTBEAT_AND_PING, messageBytes, PING } from './websocket-frame.ts'

const RECEIVER = Symbol('fastify-sockjs.receiver')

interface Owned { [RECEIVER]?: WebSocketReceiver }

/**
 * A WebSocket of RFC 6455 (versions 13 and 8).
 *
 * `ws` parses incoming frames. Outgoing frames are written on the socket itself, in one write per turn of the event loop. If an extension was
 * negotiated, `ws` applies it and writes the frames. Short frames, and frames that `SharedDeflate` can compress for many sessions, bypass it too.
 */
export class WebSocketReceiver extends SocketReceiver {
  readonly #ws: WebSocket & Owned
  readonly #socket: Socket & Owned
  readonly #lingering: Lingering
  readonly #extended: boolean
  readonly #deflate: SharedDeflate | null
  /** The frames that `ws` compresses now. A frame that is written on the socket must not overtake them. */
  #inWs = 0
  /** The number of bytes that were read before the unanswered ping. A larger number shows that the client is alive. */
  #pingMark = -1
  #draining = false
  /** The Close frame that `ws` was to write: the answer to the client's, or to a broken frame. */
  #answer: CloseFrame | null = null
  /** Called for every write that has left, if `drain` of the socket would come too late. */
  readonly #written: (() => void) | undefined

  constructor (session: AnySession, rules: IncomingRules, ws: WebSocket, socket: Socket, lingering: Lingering, deflate: SharedDeflate | null) {
    super(session, rules)
    this.#ws = ws
    this.#socket = socket
    this.#lingering = lingering
    this.#extended = ws.extensions !== ''
    this.#deflate = deflate
    this.#ws[RECEIVER] = this
    this.#written = session.highWater < socket.writableHighWaterMark ? () => session.output.flushed(this) : undefined
    ws.on('message', onMessage)
    ws.on('close', onClose)
    ws.on('error', onError)
    ws.on('pong', onPong)
    ws.close = onClosing
    this.#socket[RECEIVER] = this
    // This listener must run before the one of `ws`, which ends the server's side.
    socket.prependListener('end', onEnd)
  }

  get buffered (): number { return this.#extended ? this.#ws.bufferedAmount : this.#socket.writableLength }
  get progress (): number { return this.#socket.bytesWritten - this.#socket.writableLength }
  get answered (): boolean { return this.#pingMark < 0 || this.#socket.bytesRead !== this.#pingMark }

  cork (): void { this.#socket.cork() }
  uncork (): void { this.#socket.uncork() }

  pause (on: boolean): void {
    if (on) this.#ws.pause()
    else this.#ws.resume()
  }

  destroy (): void { this.#ws.terminate() }

  /** Writes messages in one frame, or in several if these can be compressed once for all sessions. */
  override messages (messages: readonly Outgoing[], bytes: number): void {
    const runs = this.#deflate === null || this.#inWs > 0 || this.session.raw ? null : this.#deflate.runsOf(messages, bytes)
    if (runs === null) return super.messages(messages, bytes)
    this.#socket.cork()
    for (const run of runs) super.messages(run.messages, run.bytes)
    this.#socket.uncork()
  }

  protected writeFrame (frame: SockjsFrame): void {
    const way = this.#extended ? this.#wayOf(frame.bytes, frame.shared) : 'plain'
    if (way === 'own') this.#handOver(frame.text)
    else if (way === 'shared') this.#write(frame.form(FORM.deflated, ({ text }) => this.#deflate!.encode(text)))
    else if (frame.shared) this.#write(frame.form(FORM.websocket, frameBytes))
    else if (frame.ascii) this.#write(asciiFrame(frame.text))
    else this.#write(frameBytes(frame))
  }

  protected writeRaw (messages: readonly Outgoing[], bytes: number): void {
    if (this.#extended) {
      this.#socket.cork()
      for (const message of messages) this.#writeExtended(message)
      return this.#socket.uncork()
    }
    const text = asciiMessages(messages, bytes)
    if (text !== null) this.#write(text)
    else if (messages.length === 1) this.#write(rawBytes(messages[0]!))
    else if (isShared(messages)) this.#write(formsOf(messages[0]!).rawBatch(messages, () => joined(messages)))
    else this.#write(joined(messages))
  }

  /** Chooses the way of a frame with `bytes` bytes, where an extension was negotiated. */
  #wayOf (bytes: number, shared: boolean): DeflateWay {
    return this.#deflate === null || this.#inWs > 0 ? 'own' : this.#deflate.wayOf(bytes, shared)
  }

  #writeExtended (message: Outgoing): void {
    const isShared = message instanceof PreparedMessage
    const data = isShared ? message.data : message
    const way = this.#wayOf(isShared ? formsOf(message).rawBytes : Buffer.byteLength(data), isShared)
    if (way === 'own') this.#handOver(data)
    else if (way === 'shared') this.#write(formsOf(message as PreparedMessage).deflated(this.#deflate!.encode))
    else this.#write(rawBytes(message))
  }

  /** Lets `ws` compress and write a message. */
  #handOver (data: string | Uint8Array): void {
    this.#inWs++
    this.#ws.send(data, () => {
      this.#inWs--
      this.session.output.flushed(this)
    })
  }

  /**
   * Writes a chunk. A string has one byte a character here.
   *
   * The listener exists only while it is needed, so that an idle session has none.
   */
  #write (chunk: string | Buffer): void {
    const flowing = this.#socket.write(chunk, 'latin1', this.#written)
    if (flowing || this.#draining || this.#written !== undefined) return
    this.#draining = true
    this.#socket.once('drain', () => {
      this.#draining = false
      this.session.output.flushed(this)
    })
  }

  protected ping (speak: boolean): boolean {
    this.#pingMark = this.#socket.bytesRead
    if (this.#extended) {
      if (speak) this.writeHeartbeat()
      this.#ws.ping()
    } else {
      this.#write(speak ? HEARTBEAT_AND_PING : PING)
    }
    return true
  }

  protected end ({ code, reason }: CloseReason): void {
    this.#lingering.add(this)
    // The server must read the answer to the close frame, also when the application has paused the client.
    this.#ws.resume()
    if (this.#answer !== null) this.#close(this.#answer)
    else this.#close({ code: isWireCode(code) ? code : CLOSE.normal.code, reason })
  }

  #close ({ code, reason }: CloseFrame): void {
    const { close } = Object.getPrototypeOf(this.#ws) as WebSocket
    close.call(this.#ws, code, reason)
  }

  /**
   * Delays a Close frame of `ws` until the server's own frames are written, because these bypass `ws`.
   *
   * `ws` closes by itself when it has read a Close frame, or a broken frame, which it reports next.
   */
  closing (frame: CloseFrame): void {
    if (this.ended) return this.#close(frame)
    this.#answer = frame
    this.conclude({ code: frame.code ?? CLOSE.normal.code, reason: String(frame.reason ?? (frame.code === undefined ? CLOSE.normal.reason : '')) }, true)
  }

  /**
   * Acts on the end of the client's side without a Close frame.
   *
   * `ws` ends the server's side now, so that nothing can be written any more (RFC 6455, section 7.1.5). The waiting bytes would have no
   * deadline then, so the connection is dropped with them.
   */
  left (): void {
    if (this.settle()) return
    this.session.output.interrupted(this)
    if (this.buffered > 0) this.destroy()
  }

  /** Reports the answer to a ping. */
  ponged (): void { this.session.output.answered(this) }

  /** Reports that the connection is over. */
  closed (code: number, reason: string): void {
    this.#lingering.finished(this)
    if (code === 1006) this.session.output.interrupted(this)
    else this.session.output.closed(this, code === 1005 ? CLOSE.normal : { code, reason }, true)
  }

  /** Acts on a broken frame that `ws` has found. `ws` closes with the code for it. */
  broken (code: number): void {
    if (code === CLOSE.tooBig.code) this.conclude(CLOSE.tooBig, false, 'tooBig')
    else this.conclude({ code, reason: 'Invalid WebSocket frame' }, false)
  }
}

/** The arguments of `WebSocket.close`. */
interface CloseFrame {
  readonly code: number | undefined
  readonly reason: string | Buffer | undefined
}

/** The close code that `ws` sends for each of its errors. */
const ERROR_CODES: Readonly<Record<string, number>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008
}

/** Writes all messages as frames in one string. Returns `null` unless all are text of one byte a character. */
function asciiMessages (messages: readonly Outgoing[], bytes: number): string | null {
  let text = ''
  let length = 0
  for (const message of messages) {
    if (typeof message !== 'string') return null
    length += message.length
    text += asciiFrame(message)
  }
  return length === bytes ? text : null
}

function joined (messages: readonly Outgoing[]): Buffer {
  return Buffer.concat(messages.map(rawBytes))
}

function rawBytes (message: Outgoing): Buffer {
  return message instanceof PreparedMessage ? formsOf(message).raw(messageBytes) : messageBytes(message)
}

// One function serves all connections, and the connection holds the values that belong to it.
function onMessage (this: WebSocket & Owned, data: Buffer, isBinary: boolean): void { this[RECEIVER]!.incoming(data, isBinary) }
function onClose (this: WebSocket & Owned, code: number, reason: Buffer): void { this[RECEIVER]!.closed(code, reason.toString()) }
function onError (this: WebSocket & Owned, error: Error & { code?: string }): void { this[RECEIVER]!.broken(ERROR_CODES[error.code ?? ''] ?? 1002) }
function onPong (this: WebSocket & Owned): void { this[RECEIVER]!.ponged() }
function onClosing (this: WebSocket & Owned, code?: number, reason?: string | Buffer): void { this[RECEIVER]!.closing({ code, reason }) }
function onEnd (this: Socket & Owned): void { this[RECEIVER]!.left() }
