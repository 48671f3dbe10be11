import { added, closes, field, frame, heard } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const errors: readonly Fault[] = [
  {
    id: 'stomp-error-tells',
    row: 'STOMP-X2',
    breaks: 'ERROR holds a stack',
    stomp: added('ERROR', 'stack:at handle (/srv/app/server.js)'),
    expect: ['STOMP-X2']
  },
  {
    id: 'stomp-error-message',
    row: 'STOMP-X1',
    breaks: 'ERROR has no message',
    stomp: field('ERROR', 'message'),
    expect: ['STOMP-X1.message', 'STOMP-X1.always', '=STOMP-H6', 'STOMP-C8', 'STOMP-C3.body', 'STOMP-F6.name']
  },
  {
    id: 'stomp-error-type',
    row: 'STOMP-X1',
    breaks: 'ERROR has no content-type',
    stomp: field('ERROR', 'content-type'),
    expect: ['STOMP-X1.always', 'STOMP-C3.body']
  },
  {
    id: 'stomp-open-after-error',
    row: 'STOMP-X1',
    breaks: 'the connection stays open after ERROR',
    stomp: closes(1002, undefined),
    expect: ['=STOMP-X1', 'STOMP-X1.always', 'STOMP-W7.error', 'STOMP-K6.error']
  },
  {
    id: 'stomp-rest-carried-out',
    row: 'STOMP-X1',
    breaks: 'a frame that failed is skipped, and the rest carried out',
    stomp: heard(/SEND\n\nnowhere\0|SEND\nreceipt:r\n\nnowhere\0/, '\n'),
    expect: ['STOMP-X1.rest', '=STOMP-R3', '=STOMP-X1', 'STOMP-X1.message']
  },
  {
    id: 'stomp-unknown-commands',
    row: 'STOMP-U1',
    breaks: 'unknown commands are ignored',
    stomp: heard(/^(?:NONSENSE|MESSAGE|CONNECTED|RECEIPT|ERROR)\n[^]*\0/, '\n'),
    expect: ['STOMP-U1', 'STOMP-W7.error', 'STOMP-K6.error', 'STOMP-X1.always']
  },
  {
    id: 'stomp-limits',
    row: 'STOMP-L1',
    breaks: 'there are hardly any limits',
    server: {
      stomp: {
        limits: { command: 1000, headers: 1000, headerLine: 100_000, head: 500_000, body: 64 * 1024 * 1024, subscriptions: 1000, connectFrame: 100_000 }
      }
    },
    expect: ['STOMP-L1.command', 'STOMP-L1.headers', 'STOMP-L1.line', 'STOMP-L1.head', 'STOMP-L1.body', 'STOMP-L1.subscriptions', 'STOMP-L2']
  },
  {
    id: 'stomp-destinations-long',
    row: 'STOMP-L1',
    breaks: 'destinations have any length',
    server: { stomp: { limits: { destination: 5000 } }, broker: { maxDestinationLength: 5000 } },
    expect: ['STOMP-L1.destination']
  },
  {
    id: 'stomp-limits-small',
    row: 'STOMP-L1',
    breaks: 'limits are too small',
    server: { stomp: { limits: { headers: 20, body: 1000 } } },
    expect: ['STOMP-L1.large', 'STOMP-L1.within']
  },
  {
    id: 'stomp-error-twice',
    row: 'STOMP-X1',
    breaks: 'ERROR comes twice',
    stomp: frame('ERROR', (text) => [text, text]),
    expect: ['STOMP-X1.always', 'STOMP-C11', 'STOMP-M1.error', 'STOMP-U1']
  }
]
