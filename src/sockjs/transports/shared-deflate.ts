import { constants, deflateRawSync, type ZlibOptions } from 'node:zlib'
import type { WebSocketServer } from 'ws'
import { deflatedFrame } from './websocket-frame.ts'

/** The length in bytes from which messages are compressed, as in `ws`. */
const THRESHOLD = 1024

/**
 * The longest message that is compressed in the event loop, in bytes.
 *
 * It takes about a millisecond, once for all sessions. Longer ones are compressed by `ws`, in a thread and for each session.
 */
const LONGEST = 64 * 1024

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

  /** Chooses the way of a message with `bytes` bytes. `shared`: other sessions get it too. */
  wayOf (bytes: number, shared: boolean): DeflateWay {
    if (bytes < this.#threshold) return 'plain'
    return shared && bytes <= LONGEST ? 'shared' : 'own'
  }
}
