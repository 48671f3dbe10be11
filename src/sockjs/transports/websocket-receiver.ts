import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { PreparedMessage } from '../../stream/prepared-message.ts'
import { CLOSE, type CloseReason, FORM, formsOf, isWireCode, type Outgoing, type SockjsFrame } from '../protocol/index.ts'
import type { AnySession, Receiver } from '../session/index.ts'
import type { IncomingRules } from './incoming.ts'
import { SocketReceiver } from './socket-receiver.ts'
import { asciiFrame, frameBytes, HEARTBEAT_AND_PING, messageBytes, PING } from './websocket-frame.ts'

const RECEIVER = Symbol('fastify-sockjs.receiver')

interface Owned { [RECEIVER]?: WebSocketReceiver }

/**
 * A WebSocket of today (versions 13 and 8). `ws` parses what comes in; our frames go out on the socket itself,
 * in one write per turn, unless an extension was negotiated that only `ws` can apply.
 */
export class WebSocketReceiver extends SocketReceiver {
  readonly #ws: WebSocket & Owned
  readonly #socket: Socket & Owned
  readonly #lingering: Set<Receiver>
  readonly #extended: boolean
  /** How much had been read when the unanswered ping was sent: anything more is a sign of life. */
  #pingMark = -1
  #draining = false
  /** The Close frame that `ws` wanted to write: the answer to the client's, or to a broken frame. */
  #answer: CloseFrame | null = null
  /** Tells of every write that has left, where the socket's own mark is too high to tell in time. */
  readonly #written: (() => void) | undefined

  constructor (session: AnySession, rules: IncomingRules, ws: WebSocket, socket: Socket, lingering: Set<Receiver>) {
    super(session, rules)
    this.#ws = ws
    this.#socket = socket
    this.#lingering = lingering
    this.#extended = ws.extensions !== ''
    this.#ws[RECEIVER] = this
    this.#written = this.#extended || session.highWater < socket.writableHighWaterMark ? () => session.output.flushed(this) : undefined
    ws.on('message', onMessage)
    ws.on('close', onClose)
    ws.on('error', onError)
    ws.close = onClosing
    this.#socket[RECEIVER] = this
    // Before `ws` hears of it, and ends our side.
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

  protected writeFrame (frame: SockjsFrame): void {
    if (this.#extended) this.#ws.send(frame.text, this.#written)
    else if (frame.shared) this.#write(frame.form(FORM.websocket, frameBytes))
    else if (frame.ascii) this.#write(asciiFrame(frame.text))
    else this.#write(frameBytes(frame))
  }

  protected writeRaw (messages: readonly Outgoing[], bytes: number): void {
    if (this.#extended) {
      for (const message of messages) this.#ws.send(message instanceof PreparedMessage ? message.data : message, this.#written)
      return
    }
    const text = asciiMessages(messages, bytes)
    if (text !== null) this.#write(text)
    else if (messages.length === 1) this.#write(rawBytes(messages[0]!))
    else this.#write(Buffer.concat(messages.map(rawBytes)))
  }

  /** Strings have one byte a character here. The listener is there only while it is needed: an idle session has none. */
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
    if (this.answered) this.#pingMark = this.#socket.bytesRead
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
    // The answer to the close frame must be read, also when the application had paused the client.
    this.#ws.resume()
    if (this.#answer !== null) this.#close(this.#answer)
    else this.#close({ code: isWireCode(code) ? code : CLOSE.normal.code, reason })
  }

  #close ({ code, reason }: CloseFrame): void {
    const { close } = Object.getPrototypeOf(this.#ws) as WebSocket
    close.call(this.#ws, code, reason)
  }

  /**
   * `ws` closes by itself: it has read a Close frame, or a broken frame, of which it tells us next. Our own frames bypass `ws`, so the Close
   * frame that it writes must wait for them.
   */
  closing (frame: CloseFrame): void {
    if (this.ended) return this.#close(frame)
    this.#answer = frame
    this.conclude({ code: frame.code ?? CLOSE.normal.code, reason: String(frame.reason ?? (frame.code === undefined ? CLOSE.normal.reason : '')) }, true)
  }

  /**
   * The client has ended its side without a Close frame: `ws` ends ours now, and nothing can be written any more (RFC 6455, section 7.1.5).
   * What has not left has no deadline then, so the connection is dropped with it.
   */
  left (): void {
    if (this.settle()) return
    this.session.output.interrupted(this)
    if (this.buffered > 0) this.destroy()
  }

  /** The connection is over. */
  closed (code: number, reason: string): void {
    this.#lingering.delete(this)
    if (code === 1006) this.session.output.interrupted(this)
    else this.session.output.closed(this, code === 1005 ? CLOSE.normal : { code, reason }, true)
  }

  /** `ws` found a broken frame and closes with the code for it. */
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

/** All messages as frames in one string, when all are text of one byte a character. */
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

function rawBytes (message: Outgoing): Buffer {
  return message instanceof PreparedMessage ? formsOf(message).raw(messageBytes) : messageBytes(message)
}

// One function for all connections: what belongs to a connection hangs on it.
function onMessage (this: WebSocket & Owned, data: Buffer, isBinary: boolean): void { this[RECEIVER]!.incoming(data, isBinary) }
function onClose (this: WebSocket & Owned, code: number, reason: Buffer): void { this[RECEIVER]!.closed(code, reason.toString()) }
function onError (this: WebSocket & Owned, error: Error & { code?: string }): void { this[RECEIVER]!.broken(ERROR_CODES[error.code ?? ''] ?? 1002) }
function onClosing (this: WebSocket & Owned, code?: number, reason?: string | Buffer): void { this[RECEIVER]!.closing({ code, reason }) }
function onEnd (this: Socket & Owned): void { this[RECEIVER]!.left() }
