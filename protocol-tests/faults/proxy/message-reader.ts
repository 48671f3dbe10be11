/** HTTP/1 messages out of a stream of bytes, as they come; nothing is judged here. */
export type Framing = { kind: 'none' | 'chunked' | 'close' | 'raw' } | { kind: 'length', length: number }

export interface Sink {
  /** Start line and header lines; says how the body is delimited. */
  head: (lines: string[]) => Framing
  /** A chunk as it was cut, or as much of another body as has come. */
  piece: (bytes: Buffer) => void
  end: () => void
  /** Bytes that are no HTTP any more. */
  raw: (bytes: Buffer) => void
}

type State = 'head' | 'length' | 'chunk-size' | 'chunk' | 'trailer' | 'close' | 'raw'

export class MessageReader {
  private readonly sink: Sink
  private state: State = 'head'
  private left = 0
  private buffered: Buffer = Buffer.alloc(0)

  constructor (sink: Sink) {
    this.sink = sink
  }

  push (bytes: Buffer): void {
    this.buffered = this.buffered.length === 0 ? bytes : Buffer.concat([this.buffered, bytes])
    while (this.step()) { /* until more bytes are needed */ }
  }

  /** The stream is over, which ends a body that nothing else ends. */
  finish (): void {
    if (this.state === 'close') this.sink.end()
  }

  /** From raw bytes back to HTTP: an upgrade was refused. */
  resume (): void {
    this.state = 'head'
    while (this.step()) { /* what has come meanwhile */ }
  }

  private step (): boolean {
    switch (this.state) {
      case 'head': return this.head()
      case 'length': {
        if (this.buffered.length === 0) return false
        const bytes = this.take(Math.min(this.left, this.buffered.length))
        this.left -= bytes.length
        this.sink.piece(bytes)
        if (this.left === 0) this.over()
        return true
      }
      case 'chunk-size': {
        const line = this.line()
        if (line === undefined) return false
        this.left = parseInt(line, 16)
        this.state = this.left === 0 ? 'trailer' : 'chunk'
        return true
      }
      case 'chunk': {
        if (this.buffered.length < this.left + 2) return false
        this.sink.piece(this.take(this.left))
        this.take(2)
        this.state = 'chunk-size'
        return true
      }
      case 'trailer': {
        const line = this.line()
        if (line === '') this.over()
        return line !== undefined
      }
      case 'close':
      case 'raw': {
        if (this.buffered.length === 0) return false
        const bytes = this.take(this.buffered.length)
        if (this.state === 'close') this.sink.piece(bytes)
        else this.sink.raw(bytes)
        return false
      }
    }
  }

  private head (): boolean {
    const end = this.buffered.indexOf('\r\n\r\n')
    if (end < 0) return false
    const lines = this.take(end).toString('latin1').split('\r\n')
    this.take(4)
    const framing = this.sink.head(lines)
    if (framing.kind === 'none' || (framing.kind === 'length' && framing.length === 0)) {
      this.sink.end()
      return true
    }
    this.left = framing.kind === 'length' ? framing.length : 0
    this.state = framing.kind === 'chunked' ? 'chunk-size' : framing.kind
    return true
  }

  private over (): void {
    this.state = 'head'
    this.sink.end()
  }

  private line (): string | undefined {
    const end = this.buffered.indexOf('\r\n')
    if (end < 0) return undefined
    const line = this.take(end).toString('latin1')
    this.take(2)
    return line
  }

  private take (length: number): Buffer {
    const bytes = this.buffered.subarray(0, length)
    this.buffered = this.buffered.subarray(length)
    return bytes
  }
}
