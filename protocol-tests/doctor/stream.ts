import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Head, Incoming } from '../client/http.ts'
import type { HttpTransport } from '../client/transports.ts'
import { after } from './patience.ts'
import type { Visit } from './visit.ts'

const decoders: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: () => createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }),
  deflate: () => createInflate({ finishFlush: constants.Z_SYNC_FLUSH }),
  br: () => createBrotliDecompress() as unknown as ReturnType<typeof createGunzip>
}

/** How a response ended: as HTTP ends one, or before. */
export type StreamEnd = 'complete' | { readonly problem: string }

/**
 * A streaming response with the time of each part. It reads on by itself, because a proxy may hold back the very head of the response.
 * Text of compressed responses is that behind the decoder.
 */
export class Stream {
  head: Head | undefined
  text = ''
  /** When the last bytes came, in milliseconds of `performance.now()`. */
  heard = performance.now()
  readonly opened = performance.now()
  end: StreamEnd | undefined
  private readonly wakers = new Set<() => void>()
  private incoming: Incoming | undefined

  /** Sends the request; the stream reads it to its end. */
  static open (visit: Visit, session: string, transport: HttpTransport): Stream {
    const stream = new Stream()
    const method = transport === 'xhr_streaming' || transport === 'xhr' ? 'POST' : 'GET'
    stream.run(visit, method, visit.receiveUrl(session, transport)).catch((error: unknown) => stream.finish(error))
    return stream
  }

  /** Resolves to the milliseconds since the opening when the text holds the mark, and to undefined when the time is over or the stream is. */
  async sees (mark: string, milliseconds: number): Promise<number | undefined> {
    await this.until(() => this.text.includes(mark), milliseconds)
    return this.text.includes(mark) ? performance.now() - this.opened : undefined
  }

  async until (done: () => boolean, milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const giveUp = after(milliseconds, finish)
      const { wakers } = this
      const look = (): void => { if (done() || this.end !== undefined) finish() }
      function finish (): void {
        giveUp()
        wakers.delete(look)
        resolve()
      }
      wakers.add(look)
      look()
    })
  }

  destroy (): void {
    this.incoming?.abort()
  }

  private async run (visit: Visit, method: string, url: string): Promise<void> {
    const pending = await visit.begin(method, url, { 'Accept-Encoding': 'gzip, deflate' })
    const incoming = await pending.response()
    this.incoming = incoming
    this.head = incoming
    this.wake()
    const decoder = decoders[incoming.fields.get('content-encoding')?.toLowerCase() ?? '']?.()
    decoder?.on('data', (bytes: Buffer) => this.add(bytes)).on('error', (error) => this.finish(error))
    for (let piece = await incoming.piece(); piece !== undefined; piece = await incoming.piece()) {
      this.heard = performance.now()
      if (decoder === undefined) this.add(piece)
      else decoder.write(piece)
    }
    if (decoder !== undefined) await new Promise<void>((resolve) => decoder.end(resolve))
    if (incoming.wire.error !== undefined) throw incoming.wire.error
    this.end ??= 'complete'
    this.wake()
  }

  private add (bytes: Buffer): void {
    this.text += bytes.toString('latin1')
    this.wake()
  }

  private finish (error: unknown): void {
    this.end ??= { problem: error instanceof Error ? error.message : String(error) }
    this.wake()
  }

  private wake (): void {
    for (const waker of [...this.wakers]) waker()
  }
}
