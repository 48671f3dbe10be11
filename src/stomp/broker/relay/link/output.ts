import type { Socket } from 'node:net'
import type { Clock } from '../../../../core/clock.ts'
import type { Pending } from './pending.ts'

/** The most frames without their RECEIPT. Above it clients are held back, because a broker that confirms nothing must not fill the memory. */
const UNCONFIRMED = 1000

/** The output of a broker link. The frames that one task of the event loop writes leave in one system write. */
export class LinkOutput {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #pending: Pending
  readonly #highWater: number
  #lastWrite: number
  #corked = false
  #room: { promise: Promise<void>, resolve: () => void } | null = null

  constructor (socket: Socket, clock: Clock, pending: Pending, highWater: number) {
    this.#socket = socket
    this.#clock = clock
    this.#pending = pending
    this.#highWater = highWater
    this.#lastWrite = clock.now()
  }

  /** Milliseconds since the last write. */
  get idle (): number { return this.#clock.now() - this.#lastWrite }

  write (bytes: Uint8Array): void {
    this.#lastWrite = this.#clock.now()
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    this.#socket.write(bytes, this.progressed)
  }

  /** Resolves when the broker has read and confirmed enough. Returns `undefined` if it has (RELAY-12). */
  room (): Promise<void> | undefined {
    if (this.#hasRoom) return undefined
    if (this.#room === null) {
      let release: () => void = () => {}
      const promise = new Promise<void>((resolve) => { release = resolve })
      this.#room = { promise, resolve: release }
    }
    return this.#room.promise
  }

  /** Lets clients go on if there is room. One function serves all writes, because `drain` of the socket has another mark than ours. */
  readonly progressed = (): void => {
    if (this.#room !== null && this.#hasRoom) this.end()
  }

  /** Lets all clients go on, because the link has ended. */
  end (): void {
    this.#room?.resolve()
    this.#room = null
  }

  get #hasRoom (): boolean { return this.#socket.writableLength <= this.#highWater && this.#pending.size < UNCONFIRMED }
}
