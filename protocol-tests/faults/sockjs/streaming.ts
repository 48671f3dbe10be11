/** XHR streaming, EventSource and htmlfile. */
import { frames } from '../mutations/frames.ts'
import { body, header } from '../mutations/http.ts'
import { at, on, perSession, streaming } from '../mutations/where.ts'
import type { Hooks } from '../proxy/hooks.ts'
import type { Fault, Mutation } from '../types.ts'

/** The prelude waits for the first frame, and the two are one chunk. */
const lazy: Mutation = on(streaming, () => {
  let held: Buffer | undefined
  let first = true
  const hooks: Hooks = {
    piece (piece) {
      if (first) {
        first = false
        held = piece
        return []
      }
      const all = held === undefined ? piece : Buffer.concat([held, piece])
      held = undefined
      return [all]
    }
  }
  return hooks
})

/** The prelude is held back, and sent as a chunk of its own once there is a frame. */
const late: Mutation = on(streaming, () => {
  let held: Buffer[] | undefined
  return {
    piece (piece) {
      if (held === undefined) {
        held = [piece]
        return []
      }
      const all = [...held, piece]
      held = []
      return all
    }
  }
})

/** Frames that were waiting when a new response began are lost. */
function lostBetween (): Mutation {
  const streams = perSession(() => ({ count: 0 }))
  return on(streaming, (exchange) => {
    streams(exchange).count += 1
    const again = streams(exchange).count > 1
    let first = true
    return frames((frame) => {
      const lost = again && first && frame.startsWith('a')
      first = false
      return lost ? [] : frame
    })(exchange)
  })
}

const inTwo = (piece: Buffer): Buffer[] => piece.length < 3 ? [piece] : [piece.subarray(0, 2), piece.subarray(2)]

export const xhrStreaming: readonly Fault[] = [
  {
    id: 'no-prelude',
    row: 'XHR-STREAM-3',
    breaks: 'a stream has no prelude',
    proxy: on('xhr_streaming', body((text) => text.replace(/^h{2048}\n/, ''))),
    expect: ['XHR-STREAM-3', 'XHR-STREAM-4', 'SESSION-1.xhr_streaming', 'HTTP-2', 'HTTP-4.reuse', 'SESSION-3.xhr_streaming']
  },
  {
    id: 'prelude-with-frame',
    row: 'XHR-STREAM-4',
    breaks: 'prelude and o frame are one chunk',
    proxy: lazy,
    expect: ['XHR-STREAM-3', 'XHR-STREAM-4', 'ES-2', 'HTMLFILE-2', 'HTMLFILE-3', 'XHR-STREAM-12', 'HTTP-4.reuse']
  },
  {
    id: 'prelude-late',
    row: 'XHR-STREAM-12',
    breaks: 'a stream sends nothing before it has a frame to send',
    proxy: late,
    expect: ['XHR-STREAM-12']
  },
  {
    id: 'frame-in-two-chunks',
    row: 'XHR-STREAM-5',
    breaks: 'a frame is cut into two chunks',
    proxy: on(streaming, () => ({ piece: inTwo })),
    expect: ['XHR-STREAM-5', 'XHR-STREAM-6', 'ES-3', 'ES-5', 'HTMLFILE-4', 'HTMLFILE-7', 'HTTP-4.xhr_streaming', 'HTTP-4.eventsource', 'HTTP-4.htmlfile']
  },
  {
    id: 'frame-without-line-break',
    row: 'XHR-STREAM-5',
    breaks: 'a frame has no line break at its end',
    proxy: on(['xhr', 'xhr_streaming'], body((text) => text.length > 2000 ? text : text.trimEnd())),
    expect: ['XHR-2', 'XHR-3', 'XHR-STREAM-4', 'XHR-STREAM-5', 'HTTP-2.flow', 'HEARTBEAT-1', 'HEARTBEAT-2', 'URL-1', 'URL-3', 'URL-12.101', 'URL-12.128']
  },
  {
    id: 'prelude-counted',
    row: 'XHR-STREAM-7',
    breaks: 'the prelude counts toward the response limit',
    server: { endpoints: { '/echo': { responseLimit: 4096 - 2049 } } },
    expect: ['XHR-STREAM-6', 'XHR-STREAM-7', 'XHR-STREAM-8']
  },
  {
    id: 'limit-strictly',
    row: 'XHR-STREAM-7',
    breaks: 'a response ends only once it is above the limit',
    server: { endpoints: { '/echo': { responseLimit: 4097 + 5 } } },
    expect: ['XHR-STREAM-7']
  },
  {
    id: 'lost-between-streams',
    row: 'XHR-STREAM-9',
    breaks: 'messages sent between two streams of a session are lost',
    proxy: lostBetween(),
    expect: ['XHR-STREAM-7', 'XHR-STREAM-9']
  },
  {
    id: 'stream-held-back',
    row: 'XHR-STREAM-12',
    breaks: 'a stream is sent when it ends',
    proxy: on(streaming, () => {
      const held: Buffer[] = []
      return {
        piece (piece) {
          held.push(piece)
          return []
        },
        last: () => held
      }
    }),
    expect: ['XHR-STREAM-3', 'XHR-STREAM-5', 'XHR-STREAM-12', 'ES-2', 'ES-3', 'HTMLFILE-3', 'HTMLFILE-4', 'HTTP-2.flow', 'SESSION-1.xhr_streaming', 'SESSION-1.eventsource', 'SESSION-1.htmlfile']
  }
]

export const eventSource: readonly Fault[] = [
  {
    id: 'event-stream-charset',
    row: 'ES-1',
    breaks: 'the type of an event stream names a charset',
    proxy: on('eventsource', header('Content-Type', 'text/event-stream; charset=UTF-8')),
    expect: ['ES-1']
  },
  {
    id: 'event-stream-line-feeds',
    row: 'ES-2',
    breaks: 'lines of an event stream end in a bare line feed',
    proxy: on('eventsource', body((text) => text.replaceAll('\r\n', '\n'))),
    expect: ['ES-2', 'ES-3', 'ES-4', 'ES-5', 'ES-6', 'HEARTBEAT-3', 'SESSION-1.eventsource']
  },
  {
    id: 'event-unspaced',
    row: 'ES-3',
    breaks: 'there is no space before the data of an event',
    proxy: on('eventsource', body((text) => text.replace(/^data: /, 'data:'))),
    expect: ['ES-3', 'ES-4', 'ES-5', 'ES-6', 'HEARTBEAT-3', 'ENC-3.eventsource']
  },
  {
    id: 'event-in-lines',
    row: 'ES-4',
    breaks: 'a line break in a message begins a new line of data',
    proxy: on('eventsource', body((text) => text.replaceAll('\\n', '\r\ndata: '))),
    expect: ['ES-4', 'ENC-3.eventsource']
  },
  {
    id: 'event-encoded',
    row: 'ES-6',
    breaks: 'all of an event is percent-encoded',
    proxy: on('eventsource', body((text) => text.replaceAll('"', '%22'))),
    expect: ['ES-3', 'ES-4', 'ES-5', 'ES-6']
  },
  {
    id: 'event-stream-limit',
    row: 'ES-5',
    breaks: 'the response limit is that of xhr_streaming alone',
    proxy: on(['eventsource', 'htmlfile'], () => ({ ending: 'stay' })),
    expect: ['ES-5', 'HTMLFILE-7', 'XHR-STREAM-12.eventsource', 'XHR-STREAM-12.htmlfile', 'SESSION-5.eventsource', 'SESSION-5.htmlfile']
  }
]

export const htmlfile: readonly Fault[] = [
  {
    id: 'htmlfile-type',
    row: 'HTMLFILE-1',
    breaks: 'the page has no charset',
    proxy: on('htmlfile', header('Content-Type', 'text/html')),
    expect: ['HTMLFILE-1']
  },
  {
    id: 'htmlfile-short',
    row: 'HTMLFILE-2',
    breaks: 'the head of the page is not padded',
    proxy: on('htmlfile', body((text) => text.replace(/ {100,}/, ''))),
    expect: ['HTMLFILE-2']
  },
  {
    id: 'htmlfile-padding-end',
    row: 'HTMLFILE-2',
    breaks: 'the head of the page does not end in empty lines',
    proxy: on('htmlfile', body((text) => text.startsWith('<!doctype') ? text.trimEnd() + ' '.repeat(1100) : text)),
    expect: ['HTMLFILE-2']
  },
  {
    id: 'htmlfile-head',
    row: 'HTMLFILE-2',
    breaks: 'the head of the page does not say that it has started',
    proxy: on('htmlfile', body((text) => text.replace('    c.start();\n', ''))),
    expect: ['HTMLFILE-2', 'HTMLFILE-3', 'SESSION-1.htmlfile']
  },
  {
    id: 'htmlfile-o-frame',
    row: 'HTMLFILE-3',
    breaks: 'the script of a frame is one line',
    proxy: on('htmlfile', body((text) => text.replace(/^<script>\n([^]*)\n<\/script>\r\n$/, '<script>$1</script>\r\n'))),
    expect: ['HTMLFILE-3', 'HTMLFILE-4', 'HTMLFILE-7', 'HTMLFILE-8', 'HEARTBEAT-4', 'SESSION-1.htmlfile']
  },
  {
    id: 'htmlfile-escapes-upper-case',
    row: 'HTMLFILE-8',
    breaks: 'the escapes of markup are in upper case',
    proxy: on('htmlfile', body((text) => text.replaceAll('\\u003c', '\\u003C').replaceAll('\\u003e', '\\u003E'))),
    expect: ['HTMLFILE-8.lower-case']
  },
  {
    id: 'htmlfile-entities',
    row: 'HTMLFILE-8',
    breaks: 'markup in a message is written in entities of HTML',
    proxy: on('htmlfile', body((text) => text.replaceAll('\\u003c', '&lt;').replaceAll('\\u003e', '&gt;').replaceAll('\\u0026', '&amp;'))),
    expect: ['HTMLFILE-8', 'ENC-3.htmlfile']
  },
  {
    id: 'htmlfile-sniffed',
    row: 'HTMLFILE-13',
    breaks: 'no nosniff on htmlfile',
    proxy: at('/echo', on('htmlfile', header('X-Content-Type-Options'))),
    expect: ['HTMLFILE-13']
  }
]
