import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Principal } from '../endpoint/identity.ts'
import { CLOSE, type CloseReason, isWireCode, readConfirmation, type SockjsFrame } from '../protocol/index.ts'
import { ENDINGS } from '../session/index.ts'
import { type IncomingRules, readFramed } from '../transports/index.ts'
import type { Edge } from './edge.ts'
import type { EdgeLeg, LegResponse } from './edge-leg.ts'

/** The bytes of messages above which the server stops reading the WebSocket, because the owner has not taken them. */
const HIGH_WATER = 64 * 1024

/** The values that a WebSocket at an edge needs. */
export interface EdgeSocketOptions {
  readonly edge: Edge
  /** The node that has the session. */
  readonly node: string
  /** The key by which that node finds the session. */
  readonly key: string
  readonly principal: Principal
  readonly rules: IncomingRules
}

/**
 * A WebSocket at an edge, whose session another node owns.
 *
 * Its frames come as those of a leg, and its messages go as sends, one after the other.
 */
export class EdgeSocket implements LegResponse {
  readonly #ws: WebSocket
  readonly #leg: EdgeLeg
  readonly #options: EdgeSocketOptions
  #messages: string[] = []
  #bytes = 0
  #confirmed: number | null = null
  #sending = false
  /** The close frame of the session, once it was written. */
  #close: CloseReason | null = null
  #ended = false
  #complete = false

  constructor (ws: WebSocket, socket: Socket, leg: EdgeLeg, options: EdgeSocketOptions) {
    this.#ws = ws
    this.#leg = leg
    this.#options = options
    // The kernel notices a peer that has vanished (SEC-S25).
    socket.setKeepAlive(true, 5_000)
    ws.on('message', (data: Buffer, isBinary) => this.#received(data, isBinary))
    ws.on('close', (code, reason) => this.#closed(code, reason.toString()))
    ws.resume()
  }

  get complete (): boolean { return this.#complete }

  write (frame: SockjsFrame): void {
    if (frame.text.startsWith('c[')) {
      const [code, reason] = JSON.parse(frame.text.slice(1)) as [number, string]
      this.#close = { code, reason }
    }
    this.#ws.send(frame.text, () => this.#leg.flushed())
  }

  end (): void {
    if (this.#ended) return
    this.#ended = true
    // Without a close frame this node is about to stop. The client resumes the session through another one.
    if (this.#close === null) return this.destroy()
    const { code, reason } = this.#close
    this.#ws.close(isWireCode(code) ? code : CLOSE.normal.code, reason)
  }

  destroy (): void { this.#ws.terminate() }

  #received (data: Buffer, isBinary: boolean): void {
    if (this.#ended) return
    const count = isBinary ? null : readConfirmation(data.toString())
    if (count !== null) {
      this.#confirmed = count
    } else {
      const messages = readFramed(data, isBinary, this.#options.rules)
      if (typeof messages === 'string') return this.#refuse(ENDINGS[messages].close)
      this.#messages.push(...messages as string[])
      this.#bytes += data.length
      if (this.#bytes >= HIGH_WATER) this.#ws.pause()
    }
    this.#send()
  }

  /** Sends all that waits, when the owner has taken the last send. */
  #send (): void {
    if (this.#sending || (this.#messages.length === 0 && this.#confirmed === null)) return
    const { edge, node, key, principal } = this.#options
    const payload = JSON.stringify(this.#messages)
    const confirmed = this.#confirmed
    this.#messages = []
    this.#bytes = 0
    this.#confirmed = null
    this.#sending = true
    edge.send(node, { key, route: 'websocket', principal, payload, confirmed, leaves: false }).outcome.then((outcome) => {
      this.#sending = false
      // The owner does not have the session any more, or is gone. The client asks for it anew.
      if (outcome !== 'accepted' && outcome !== 'flood') return this.destroy()
      this.#ws.resume()
      this.#send()
    })
  }

  /** Ends the session, because the client has broken a rule. */
  #refuse (reason: CloseReason): void {
    this.#ended = true
    this.#leg.closed(reason)
    this.#ws.close(reason.code, reason.reason)
  }

  #closed (code: number, reason: string): void {
    if (this.#ended && this.#close !== null) {
      this.#complete = true
      this.#leg.flushed()
    } else if (code === 1006) {
      this.#leg.interrupted()
    } else {
      this.#leg.closed(code === 1005 ? CLOSE.normal : { code, reason })
    }
  }
}
