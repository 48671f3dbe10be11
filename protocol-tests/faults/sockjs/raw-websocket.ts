import { opcodes } from '../../client/frames.ts'
import { reply } from '../mutations/http.ts'
import { closing, fromClient, fromServer, text } from '../mutations/websocket.ts'
import { at, on, when } from '../mutations/where.ts'
import type { Fault } from '../types.ts'

const bytesAsText = (frame: { payload: Buffer }): Buffer => Buffer.from(frame.payload.toString('utf8'))

export const rawWebSocket: readonly Fault[] = [
  {
    id: 'raw-framed',
    row: 'RAW-1',
    breaks: 'a raw WebSocket begins with an o frame',
    proxy: on('raw', () => {
      let first = true
      return {
        frame (frame) {
          const all = first && frame.opcode === opcodes.text ? [text('o'), frame] : [frame]
          first = false
          return all
        }
      }
    }),
    expect: ['RAW-1', 'RAW-3.farewell']
  },
  {
    id: 'raw-wrapped',
    row: 'RAW-1',
    breaks: 'messages of a raw WebSocket come as a frames',
    proxy: on('raw', fromServer(opcodes.text, (frame) => text(`a${JSON.stringify([frame.payload.toString()])}`))),
    expect: ['RAW-1', 'RAW-3.farewell', '=RAW-4.binary', 'RAW-7', 'WS-23.raw']
  },
  {
    id: 'raw-truncated',
    row: 'RAW-1',
    breaks: 'a raw message loses all bytes after the first 65,535',
    proxy: on('raw', fromServer(opcodes.text, (frame) => ({ ...frame, payload: frame.payload.subarray(0, 65_535) }))),
    expect: ['RAW-1.large']
  },
  {
    id: 'raw-trimmed',
    row: 'RAW-1',
    breaks: 'a noncharacter at the end of a raw message is lost',
    proxy: on('raw', fromServer(opcodes.text, (frame) => ({ ...frame, payload: Buffer.from(frame.payload.toString().replaceAll('\uffff', '')) }))),
    expect: ['=RAW-1']
  },
  {
    id: 'raw-empty-lost',
    row: 'RAW-1',
    breaks: 'an empty raw message is lost',
    proxy: on('raw', fromClient(opcodes.text, (frame) => frame.payload.length === 0 ? undefined : frame)),
    expect: ['RAW-1.empty']
  },
  {
    id: 'raw-c-frame',
    row: 'RAW-2',
    breaks: 'a raw WebSocket gets a c frame before it closes',
    proxy: on('raw', () => ({ frame: (frame) => frame.opcode === opcodes.close ? [text('c[3000,"Go away!"]'), frame] : [frame] })),
    expect: ['=RAW-2', '=RAW-4']
  },
  {
    id: 'raw-close-cut',
    row: 'RAW-2',
    breaks: 'a raw WebSocket is cut instead of closed',
    proxy: on('raw', fromServer(opcodes.close, (_frame, { link }) => {
      link.cut()
      return undefined
    })),
    expect: ['=RAW-2', 'RAW-3', '=RAW-4', 'WS-23.raw']
  },
  {
    id: 'raw-close-early',
    row: 'RAW-3',
    breaks: 'a raw WebSocket closes before its messages are sent',
    proxy: at('/farewell', on('raw', fromServer(opcodes.text, () => closing(3001, 'bye')))),
    expect: ['RAW-3.farewell']
  },
  {
    id: 'raw-bytes-as-text',
    row: 'RAW-4',
    breaks: 'bytes are read as text, with replacement characters',
    proxy: on('raw', fromClient(opcodes.binary, (frame) => ({ ...frame, opcode: opcodes.text, payload: bytesAsText(frame) }))),
    expect: ['RAW-4']
  },
  {
    id: 'raw-bytes-echoed-as-text',
    row: 'RAW-4',
    breaks: 'bytes come back as text',
    proxy: on('raw', fromServer(opcodes.binary, (frame) => ({ ...frame, opcode: opcodes.text, payload: bytesAsText(frame) }))),
    expect: ['RAW-4.binary']
  },
  {
    id: 'raw-binary-everywhere',
    row: 'RAW-4',
    breaks: 'every endpoint speaks bytes',
    server: { everywhere: { binary: true } },
    expect: ['=RAW-4']
  },
  {
    id: 'raw-session',
    row: 'RAW-7',
    breaks: 'a raw WebSocket is a session named websocket',
    proxy: when(({ target }) => target.endsWith('/websocket/xhr_send'), reply(204)),
    expect: ['RAW-7']
  },
  {
    id: 'raw-client-close',
    row: 'RAW-2',
    breaks: "a client's close is answered by the end of the connection",
    proxy: on('raw', fromClient(opcodes.close, (_frame, { link }) => {
      link.cut()
      return undefined
    })),
    expect: ['RAW-2.client']
  }
]
