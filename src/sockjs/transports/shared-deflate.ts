import { constants, deflateRawSync, type ZlibOptions } from 'node:zlib'
import type { WebSocketServer } from 'ws'
import type { PreparedMessage } from '../../stream/prepared-message.ts'
import { formsOf, frameLength, isShared, type Outgoing } from '../protocol/index.ts'
import { deflatedFrame } from './websocket-frame.ts'

/** The length in bytes from which messages are compressed, as in `ws`. */
const THRESHOLD = 1024

/**
 * The longest message that is compressed in the event loop, in bytes.
 *
 * It takes about a millisecond, once for all sessions. Longer ones are compressed by `ws`, in a thread and for each session.
 */
const LONGEST = 64 * 1024

/** The most bytes that are compressed in the event loop one after the other, in frames of at most `LONGEST`. */
const MOST_TOGETHER = 4 * LONGEST

/** Messages that fit into one frame, with the sum of their encoded lengths. */
interface Run {
  readonly messages: PreparedMessage[]
  bytes: number
}

/** The end of a flushed block, which the client adds again (RFC 7692, section 7.2.1). */
const TAIL = 4

/**
 * The way of a frame to its client.
 *
 * `plain`: as it is. `shared`: compressed once for all sessions. `own`: through `ws`, which compresses it for this client.
 */
export type DeflateWay = 'plain' | 'shared' | 'own'

/**
 * Compresses a message once for all sessions that get it.
 *
 * This needs a client for which the server keeps no window between messages, and which takes a window of any size (RFC 7692, sections 7.1.1.1 and 7.1.2.1).
 */
export class SharedDeflate {
  readonly #threshold: number
  readonly #options: ZlibOptions
  /** Compresses the text of a frame. It is one function, so that the encoded forms can keep its result. */
  readonly encode = (data: string | Uint8Array): Buffer => {
    const body = deflateRawSync(data, this.#options)
    return deflatedFrame(typeof data === 'string', body.subarray(0, -TAIL))
  }

  private constructor (threshold: number, options: ZlibOptions) {
    this.#threshold = threshold
    this.#options = { ...options, finishFlush: constants.Z_SYNC_FLUSH }
  }

  /** Makes one with the settings of a `ws` server. Returns `null` if it compresses nothing. */
  static of (server: WebSocketServer): SharedDeflate | null {
    const { perMessageDeflate } = server.options
    if (perMessageDeflate === undefined || perMessageDeflate === false) return null
    const { threshold = THRESHOLD, zlibDeflateOptions = {} } = perMessageDeflate === true ? {} : perMessageDeflate
    const { level, memLevel } = zlibDeflateOptions
    return new SharedDeflate(threshold, { ...(level === undefined ? {} : { level }), ...(memLevel === undefined ? {} : { memLevel }) })
  }

  /**
   * Divides messages that are too long in one frame to be compressed once for all.
   *
   * Returns `null` for messages that share a frame: they are short enough, or far too long, or one session alone gets them. `bytes` is the sum of
   * their encoded lengths.
   */
  runsOf (messages: readonly Outgoing[], bytes: number): readonly Run[] | null {
    const whole = frameLength(messages.length, bytes)
    if (messages.length === 1 || whole <= LONGEST || whole > MOST_TOGETHER || !isShared(messages)) return null
    const runs: Run[] = []
    let last: Run | null = null
    for (const message of messages) {
      const { quotedBytes } = formsOf(message)
      if (last === null || frameLength(last.messages.length + 1, last.bytes + quotedBytes) > LONGEST) runs.push(last = { messages: [], bytes: 0 })
      last.messages.push(message)
      last.bytes += quotedBytes
    }
    return runs
  }

  /** Chooses the way of a message with `bytes` bytes. `shared`: other sessions get it too. */
  wayOf (bytes: number, shared: boolean): DeflateWay {
    if (bytes < this.#threshold) return 'plain'
    return shared && bytes <= LONGEST ? 'shared' : 'own'
  }
}
