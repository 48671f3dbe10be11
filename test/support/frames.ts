import type { Closing } from './client.ts'
import { Arrivals, deferred } from './wait.ts'

/** The frames of a client, and what is made of them: the part that all transports have in common. */
export class FrameLog {
  readonly frames = new Arrivals<string>()
  readonly closed = deferred<Closing>()
  readonly #messages: string[] = []

  push (frame: string): void {
    this.frames.push(frame)
    if (!frame.startsWith('c')) return
    const [code, reason] = JSON.parse(frame.slice(1)) as [number, string]
    this.closed.resolve({ code, reason })
  }

  async messages (count: number): Promise<string[]> {
    while (this.#messages.length < count) {
      const frame = await this.frames.next(`message ${this.#messages.length + 1} of ${count}`)
      if (!frame.startsWith('a')) throw new Error(`a message was due, but ${frame.slice(0, 100)} came`)
      this.#messages.push(...JSON.parse(frame.slice(1)) as string[])
    }
    return this.#messages.splice(0, count)
  }
}

/** Takes the frames out of the bytes of responses of one transport. */
export type Decoder = (push: (frame: string) => void) => (text: string) => void

/** Cuts a text behind every `end`, of one or two characters, and hands the pieces on; looks at each character once, for a piece may come in many parts. */
function splitting (end: string, take: (piece: string) => void): (text: string) => void {
  let parts: string[] = []
  let last = ''
  return (text) => {
    parts.push(text)
    const news = last + text
    last = news.slice(-1)
    if (!news.includes(end)) return
    const pieces = parts.join('').split(end)
    parts = [pieces.pop()!]
    last = parts[0]!.slice(-1)
    for (const piece of pieces) take(piece)
  }
}

const PRELUDE = 'h'.repeat(2048)

function inside (piece: string, before: string, after: string): string {
  if (!piece.startsWith(before) || !piece.endsWith(after)) throw new Error(`no frame: ${JSON.stringify(piece.slice(0, 200))}`)
  return piece.slice(before.length, piece.length - after.length)
}

export const DECODERS = {
  'xhr-polling': (push) => splitting('\n', push),
  'xhr-streaming': (push) => splitting('\n', (line) => { if (line !== PRELUDE) push(line) }),
  // The browsers' client runs decodeURI over the data.
  eventsource: (push) => {
    let first = true
    return splitting('\r\n', (line) => {
      if (first || line === '') first = false
      else push(decodeURI(inside(line, 'data: ', '')))
    })
  },
  htmlfile: (push) => {
    let first = true
    return splitting('\r\n', (piece) => {
      if (first || piece === '') first = false
      else push(JSON.parse(inside(piece, '<script>\np(', ');\n</script>')) as string)
    })
  },
  'jsonp-polling': (push) => splitting('\r\n', (piece) => push(JSON.parse(inside(piece, '/**/cb(', ');')) as string))
} as const satisfies Record<string, Decoder>
