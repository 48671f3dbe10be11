import { opcodes } from '../../client/frames.ts'
import { delivered, frames, parsed, sent } from '../mutations/frames.ts'
import { crash } from '../mutations/http.ts'
import { closes, fromClient, fromServer, text } from '../mutations/websocket.ts'
import { always, on } from '../mutations/where.ts'
import type { Fault, Mutation } from '../types.ts'

const sockets = (mutation: Mutation): Mutation => on(['websocket', 'raw'], mutation)

const lostCode = { code: 1000, reason: '' }

export const websocket: readonly Fault[] = [
  {
    id: 'fragments-apart',
    row: 'WS-2',
    breaks: 'only the first fragment of a message is read',
    proxy: on('websocket', always({
      clientFrame: (frame) => frame.opcode === opcodes.continuation ? [] : [frame.final ? frame : { ...frame, final: true, payload: Buffer.from('["fr"]') }]
    })),
    expect: ['WS-2.fragmented']
  },
  {
    id: 'ping-not-answered',
    row: 'WS-24',
    breaks: 'pings of a client are not answered',
    proxy: on('websocket', fromServer(opcodes.pong, () => undefined)),
    expect: ['WS-2.fragmented', 'WS-24.pongs']
  },
  {
    id: 'frames-masked-bits',
    row: 'WS-2',
    breaks: 'frames have a reserved bit set',
    proxy: on('websocket', fromServer(opcodes.text, (frame) => ({ ...frame, reserved: 1 }))),
    expect: ['WS-1', 'WS-2.fragmented', 'WS-3', 'WS-9', 'WS-24', 'SESSION-19', 'ENC-2.websocket', 'ENC-3.websocket', 'ENC-7.websocket']
  },
  {
    id: 'frames-binary',
    row: 'WS-1',
    breaks: 'frames are sent as binary',
    proxy: on('websocket', fromServer(opcodes.text, (frame) => ({ ...frame, opcode: opcodes.binary }))),
    expect: ['WS-1', 'WS-3', 'WS-4', 'WS-16', 'WS-24', 'SESSION-12.websocket', 'SESSION-22.websocket', '=HEARTBEAT-6']
  },
  {
    id: 'frames-with-line-break',
    row: 'WS-1',
    breaks: 'frames have a line break at their end',
    proxy: on('websocket', frames((frame) => `${frame}\n`)),
    expect: ['WS-1', 'WS-3', 'WS-4', 'WS-5', '=HEARTBEAT-6', '=HYBI-1.8', 'HYBI-1.13']
  },
  {
    id: 'close-without-frame',
    row: 'WS-4',
    breaks: 'the server closes a WebSocket without a c frame',
    proxy: on('websocket', frames((frame) => frame.startsWith('c[') ? [] : frame)),
    expect: ['WS-4', 'WS-5', 'SESSION-12.websocket', 'SESSION-14.websocket.server', 'SESSION-22.websocket', '=WS-22']
  },
  {
    id: 'close-always-1000',
    row: 'WS-5',
    breaks: 'a WebSocket closes with 1000, with any code in the c frame',
    proxy: on('websocket', closes(() => lostCode)),
    expect: ['WS-5', 'WS-7', 'WS-8', 'WS-10', '=WS-23', 'WS-6.unmasked', 'WS-6.reserved', 'WS-6.utf8']
  },
  {
    id: 'close-code-without-reason',
    row: 'WS-5',
    breaks: 'a WebSocket closes without a reason',
    proxy: sockets(closes(({ code }) => ({ code, reason: '' }))),
    expect: ['WS-5', 'WS-7', 'WS-8', '=RAW-2', 'RAW-3']
  },
  {
    id: 'broken-text-ignored',
    row: 'WS-6',
    breaks: 'broken text is ignored',
    proxy: on('websocket', fromClient(opcodes.text, (frame) => parsed(frame.payload.toString()) === undefined && frame.payload.length > 0 ? undefined : frame)),
    expect: ['WS-6.1', 'WS-6.2', 'WS-6.3', 'WS-6.4', 'WS-7', 'WS-8.deep']
  },
  {
    id: 'broken-text-told',
    row: 'WS-7',
    breaks: 'broken text brings a c frame before the close',
    proxy: on('websocket', () => ({
      frame: (frame) => frame.opcode === opcodes.close && frame.payload.includes('Broken framing.') ? [text('c[3000,"Broken framing."]'), frame] : [frame]
    })),
    expect: ['WS-6.1', 'WS-6.2', 'WS-6.3', 'WS-6.4', 'WS-7', 'WS-8']
  },
  {
    id: 'malformed-ignored',
    row: 'WS-8',
    breaks: 'JSON other than a message is ignored',
    proxy: on('websocket', sent((json) => /^(\{|\d|null|true)/.test(json) ? '[]' : json)),
    expect: ['=WS-8']
  },
  {
    id: 'malformed-crash',
    row: 'WS-8',
    breaks: 'JSON other than a message ends the process',
    proxy: on('websocket', sent((json, exchange) => {
      if (json === '[null]') crash(exchange)
      return json
    })),
    expect: ['=WS-8']
  },
  {
    id: 'single-string-refused',
    row: 'WS-9',
    breaks: 'a single JSON string is refused',
    proxy: on('websocket', sent((json) => json.startsWith('"') ? `{${json}}` : json)),
    expect: ['WS-9']
  },
  {
    id: 'binary-as-text',
    row: 'WS-10',
    breaks: 'a binary frame is read as text',
    proxy: on('websocket', fromClient(opcodes.binary, (frame) => ({ ...frame, opcode: opcodes.text }))),
    expect: ['WS-10']
  },
  {
    id: 'no-socket-limit',
    row: 'WS-23',
    breaks: 'WebSockets have no limit for messages',
    server: { endpoints: { '/tiny': { maxMessageSize: 1 << 20, queue: { highWater: 1 << 20, limit: 1 << 24 } } } },
    expect: ['WS-23', 'WS-23.raw', 'HTTP-7']
  },
  {
    id: 'socket-limit-code',
    row: 'WS-23',
    breaks: 'a message that is too large closes with 1008',
    proxy: sockets(closes(({ code, reason }) => ({ code: code === 1009 ? 1008 : code, reason }))),
    expect: ['WS-23', 'WS-23.raw']
  },
  {
    id: 'socket-limit-early',
    row: 'WS-23',
    breaks: 'a message at the limit is too large already',
    server: { endpoints: { '/tiny': { maxMessageSize: 1023, queue: { highWater: 2048, limit: 4096 } } } },
    expect: ['WS-23', 'WS-23.raw', 'ENC-11.over']
  },
  {
    id: 'message-order',
    row: 'WS-24',
    breaks: 'the messages of one frame come in any order',
    proxy: on('websocket', delivered((messages) => messages.toSorted().toReversed())),
    expect: ['=WS-24', 'SESSION-15.websocket.one-body', 'SESSION-15.websocket.bodies', 'SESSION-12.websocket']
  },
  {
    id: 'unmasked-read',
    row: 'WS-6',
    breaks: 'frames without a mask are read',
    proxy: on('websocket', always({ clientFrame: (frame) => [{ ...frame, masked: true }] })),
    expect: ['WS-6.unmasked']
  },
  {
    id: 'reserved-ignored',
    row: 'WS-6',
    breaks: 'reserved bits are ignored',
    proxy: on('websocket', always({ clientFrame: (frame) => [{ ...frame, reserved: 0 }] })),
    expect: ['WS-6.reserved']
  },
  {
    id: 'utf8-mended',
    row: 'WS-6',
    breaks: 'text that is not UTF-8 is mended',
    proxy: on('websocket', sent((json) => json)),
    expect: ['WS-6.utf8']
  }
]
