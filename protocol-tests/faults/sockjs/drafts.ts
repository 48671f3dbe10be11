import { head, reply, requestHeader } from '../mutations/http.ts'
import { on, when } from '../mutations/where.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { Fault, Mutation } from '../types.ts'

const isDraft = ({ headers }: Exchange): boolean => headers.get('upgrade') !== undefined && headers.get('sec-websocket-version') === undefined
const is76 = (exchange: Exchange): boolean => isDraft(exchange) && exchange.headers.get('sec-websocket-key1') !== undefined

const drafts = (mutation: Mutation): Mutation => on(['websocket', 'raw'], when(isDraft, mutation))
const bytes = (change: (piece: Buffer) => Buffer | readonly Buffer[]): Mutation => drafts(() => ({ draft: (piece) => [change(piece)].flat() }))

const arrived = new WeakSet<Exchange>()

/** Frames of an old draft in some bytes, where they are frames. */
const inFrames = (change: (text: string) => string): Mutation => bytes((piece) =>
  Buffer.from(piece.toString('latin1').replace(/\x00([^\xff]*)\xff/g, (_all, text: string) => `\x00${change(text)}\xff`), 'latin1'))

export const legacyDrafts: readonly Fault[] = [
  {
    id: 'drafts-unknown',
    row: 'HIXIE-1',
    breaks: 'the old drafts are refused',
    server: { everywhere: { allowDrafts: false } },
    expect: ['HIXIE-1', 'HIXIE-2', 'HIXIE-3']
  },
  {
    id: 'draft-75-unknown',
    row: 'HIXIE-3',
    breaks: 'draft 75 is refused',
    proxy: drafts(when((exchange) => !is76(exchange), reply(400))),
    expect: ['HIXIE-3']
  },
  {
    id: 'draft-76-waits',
    row: 'HIXIE-1',
    breaks: 'the handshake of draft 76 is answered only when its eight bytes have come',
    proxy: when(is76, (exchange) => {
      const { link } = exchange
      return {
        head: () => { if (!arrived.has(exchange)) link.client.cork() },
        clientDraft (piece) {
          arrived.add(exchange)
          link.client.uncork()
          return [piece]
        }
      }
    }),
    expect: ['=HIXIE-1', 'HIXIE-2']
  },
  {
    id: 'draft-76-challenge',
    row: 'HIXIE-1',
    breaks: 'the answer to the challenge of draft 76 is wrong',
    proxy: when(is76, () => {
      let first = true
      return {
        draft (piece) {
          const wrong = Buffer.from(piece)
          if (first) wrong[0] = (wrong[0] ?? 0) ^ 1
          first = false
          return [wrong]
        }
      }
    }),
    expect: ['HIXIE-1', 'HIXIE-2']
  },
  {
    id: 'draft-76-early-bytes',
    row: 'HIXIE-1',
    breaks: 'eight bytes that come with the head are lost',
    proxy: when(is76, (exchange) => ({ clientDraft: (piece) => exchange.answer === undefined ? [] : [piece] })),
    expect: ['HIXIE-1.together']
  },
  {
    id: 'draft-76-location',
    row: 'HIXIE-1',
    breaks: 'the location of draft 76 is an http URL',
    proxy: when(is76, head(({ headers }) => headers.set('Sec-WebSocket-Location', headers.get('Sec-WebSocket-Location')?.replace('ws:', 'http:')))),
    expect: ['=HIXIE-1']
  },
  {
    id: 'draft-76-origin',
    row: 'HIXIE-1',
    breaks: 'draft 76 does not name the origin',
    proxy: when(is76, head(({ headers }) => headers.set('Sec-WebSocket-Origin', undefined))),
    expect: ['=HIXIE-1']
  },
  {
    id: 'draft-frames',
    row: 'HIXIE-2',
    breaks: 'frames of the drafts have no last byte',
    proxy: bytes((piece) => piece.length > 0 && piece.at(-1) === 255 ? piece.subarray(0, -1) : piece),
    expect: ['HIXIE-2.echo', 'HIXIE-2.raw', 'HIXIE-3.echo', 'HIXIE-3.raw', 'HIXIE-1.together']
  },
  {
    id: 'draft-latin-1',
    row: 'HIXIE-2',
    breaks: 'frames of the drafts are written as Latin-1',
    proxy: inFrames((text) => Buffer.from(text, 'latin1').toString('utf8')),
    expect: ['HIXIE-2.echo', 'HIXIE-3.echo']
  },
  {
    id: 'draft-close',
    row: 'HIXIE-2',
    breaks: 'a draft closes without a c frame',
    proxy: inFrames((text) => text.startsWith('c[') ? '' : text),
    expect: ['HIXIE-2.close', 'HIXIE-3.close']
  },
  {
    id: 'draft-stays',
    row: 'HIXIE-2',
    breaks: 'the connection of a draft stays open after the c frame',
    proxy: drafts(() => ({ ending: 'stay' })),
    expect: ['HIXIE-2.close', 'HIXIE-3.close']
  },
  {
    id: 'version-8-refused',
    row: 'HYBI-1',
    breaks: 'version 13 alone is spoken',
    proxy: when(({ headers }) => headers.get('sec-websocket-version') === '8', reply(426, '', { 'Sec-WebSocket-Version': '13' })),
    expect: ['HYBI-1.8']
  },
  {
    id: 'version-7-spoken',
    row: 'HYBI-1',
    breaks: 'version 7 is taken for 8',
    proxy: requestHeader('Sec-WebSocket-Version', (version) => version === '7' ? '8' : version),
    expect: ['HYBI-1.7']
  }
]
