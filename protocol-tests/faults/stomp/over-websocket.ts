import { opcodes } from '../../client/frames.ts'
import { header, requestHeader, status } from '../mutations/http.ts'
import { closes, frame, heardWhole } from '../mutations/stomp.ts'
import { fromServer } from '../mutations/websocket.ts'
import { at } from '../mutations/where.ts'
import type { Fault } from '../types.ts'

export const overWebSocket: readonly Fault[] = [
  {
    id: 'stomp-leading-lf',
    row: 'STOMP-W5',
    breaks: 'a line feed stands before frames',
    stomp: frame('MESSAGE', (text) => `\n${text}`),
    expect: ['STOMP-F1.server', '=STOMP-W5', '=STOMP-K1', 'STOMP-H3.reset']
  },
  {
    id: 'stomp-trailing-lf',
    row: 'STOMP-W5',
    breaks: 'a line feed stands behind frames',
    stomp: frame('MESSAGE', (text) => `${text}\n`),
    expect: ['STOMP-W5.exact', 'STOMP-F1.server']
  },
  {
    id: 'stomp-subprotocol-unsaid',
    row: 'STOMP-W1',
    breaks: 'no subprotocol is chosen',
    proxy: at('/stomp', header('Sec-WebSocket-Protocol')),
    expect: ['=STOMP-W1', 'STOMP-W1.highest']
  },
  {
    id: 'stomp-subprotocol-first',
    row: 'STOMP-W1',
    breaks: 'the first subprotocol is chosen',
    proxy: at('/stomp', requestHeader('Sec-WebSocket-Protocol', (offer) => offer.split(',')[0])),
    expect: ['STOMP-W1.highest']
  },
  {
    id: 'stomp-subprotocol-invented',
    row: 'STOMP-W2',
    breaks: 'a subprotocol is named that the client did not offer',
    proxy: at('/stomp', header('Sec-WebSocket-Protocol', 'v12.stomp')),
    expect: ['STOMP-W2', 'STOMP-W2.foreign', '=STOMP-W1', 'STOMP-W1.highest']
  },
  {
    id: 'stomp-extension',
    row: 'STOMP-W8',
    breaks: 'permessage-deflate is agreed to',
    proxy: at('/stomp', header('Sec-WebSocket-Extensions', 'permessage-deflate')),
    expect: ['STOMP-W8']
  },
  {
    id: 'stomp-plain-request',
    row: 'STOMP-W1',
    breaks: 'a plain request is 404',
    proxy: at('/stomp', status(400, 404)),
    expect: ['STOMP-W1.plain']
  },
  {
    id: 'stomp-path',
    row: 'STOMP-W1',
    breaks: 'there is no WebSocket at the endpoint itself',
    proxy: at('/stomp', (exchange) => exchange.target === '/stomp' ? exchange.respond(404) : undefined),
    expect: ['STOMP-W1.paths']
  },
  {
    id: 'stomp-pongs-lost',
    row: 'STOMP-W9',
    breaks: 'pings are not answered',
    proxy: at('/stomp', fromServer(opcodes.pong, () => undefined)),
    expect: ['=STOMP-W9']
  },
  {
    id: 'stomp-pieces',
    row: 'STOMP-W4',
    breaks: 'a message must be a whole frame',
    stomp: heardWhole(/^(?=[^])[^]*$/, (text) => /^[\n\r]*$|^[A-Z]+\r?\n[^]*\0[\n\r]*$/.test(text) ? text : 'X\n\n\0'),
    expect: ['STOMP-W4', 'STOMP-K1.split', 'STOMP-F10']
  },
  {
    id: 'stomp-one-frame',
    row: 'STOMP-W4',
    breaks: 'a message holds one frame',
    stomp: heardWhole(/\0[\n\r]*[A-Z][^]*$/, '\0'),
    expect: ['STOMP-W4.several', 'STOMP-F10.several', 'STOMP-K1.several']
  },
  {
    id: 'stomp-always-binary',
    row: 'STOMP-W6',
    breaks: 'all messages are binary',
    server: { stomp: { messages: 'binary' } },
    expect: ['STOMP-W6.text', 'STOMP-W6.octets']
  },
  {
    id: 'stomp-always-text',
    row: 'STOMP-W6',
    breaks: 'all messages are text',
    server: { stomp: { messages: 'text' } },
    expect: ['STOMP-W6.binary', 'STOMP-W6.octets', 'STOMP-F11.octets']
  },
  {
    id: 'stomp-close-code',
    row: 'STOMP-W7',
    breaks: 'ERROR is followed by 1000',
    stomp: closes(1002, 1000),
    expect: ['STOMP-W7.error', 'STOMP-K6.error']
  },
  {
    id: 'stomp-goodbye-code',
    row: 'STOMP-W7',
    breaks: 'DISCONNECT is followed by 1001',
    stomp: closes(1000, 1001),
    expect: ['STOMP-W7.disconnect', 'STOMP-K6.disconnect']
  },
  {
    id: 'stomp-large-messages',
    row: 'STOMP-W7',
    breaks: 'large WebSocket messages are taken',
    server: { stomp: { endpoint: { origins: '*', maxMessageSize: 32 * 1024 * 1024 } } },
    expect: ['STOMP-W7.large']
  }
]
