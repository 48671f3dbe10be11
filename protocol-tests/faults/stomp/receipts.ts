import { body, closes, field, frame, heard, heardWhole, lost } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const receipts: readonly Fault[] = [
  ...['SEND', 'SUBSCRIBE', 'UNSUBSCRIBE', 'ACK', 'NACK', 'BEGIN', 'COMMIT', 'ABORT', 'DISCONNECT'].map((command): Fault => ({
    id: `stomp-no-receipt-for-${command.toLowerCase()}`,
    row: 'STOMP-R1',
    breaks: `${command} gets no RECEIPT`,
    stomp: heard(new RegExp(`^(${command}\n[^]*?)receipt:the receipt\n`), '$1'),
    expect: [`STOMP-R1.${command.toLowerCase()}`]
  })),
  {
    id: 'stomp-receipt-twice',
    row: 'STOMP-R1',
    breaks: 'every RECEIPT comes twice',
    stomp: frame('RECEIPT', (text) => [text, text]),
    expect: ['STOMP-R1', '=STOMP-R2', '=STOMP-D1']
  },
  {
    id: 'stomp-receipt-order',
    row: 'STOMP-R2',
    breaks: 'the RECEIPT of SUBSCRIBE overtakes',
    stomp: heard(/\nreceipt:([12])(?=\n)/, (_all, id = '') => `\nreceipt:${id === '1' ? '2' : '1'}`),
    expect: ['=STOMP-R2']
  },
  {
    id: 'stomp-receipt-body',
    row: 'STOMP-R2',
    breaks: 'RECEIPT has a body',
    stomp: frame('RECEIPT', (text) => text.replace('\0', 'done\0')),
    expect: ['STOMP-R2.body']
  },
  {
    id: 'stomp-receipt-unescaped',
    row: 'STOMP-R2',
    breaks: 'receipt-id is cut at its first colon or backslash',
    stomp: field('RECEIPT', 'receipt-id', (id) => id.replace(/[\\:].*/, '')),
    expect: ['STOMP-R2.escaping']
  },
  {
    id: 'stomp-receipt-early',
    row: 'STOMP-R2',
    breaks: 'messages after the RECEIPT of SUBSCRIBE are lost',
    stomp: frame('MESSAGE', (text) => /\n\n\d\0$/.test(text) ? [] : text),
    expect: ['STOMP-R2.subscribe']
  },
  {
    id: 'stomp-error-anonymous',
    row: 'STOMP-R3',
    breaks: 'ERROR names no receipt',
    stomp: field('ERROR', 'receipt-id'),
    expect: [
      'STOMP-R3.id', 'STOMP-R3.parsed', 'STOMP-R3.unheard', 'STOMP-M1.error', 'STOMP-A4', 'STOMP-T1.twice', 'SPRING-F6',
      'STOMP-L1.destination', 'STOMP-L1.subscriptions', 'STOMP-T6.open', 'STOMP-S5.unknown', 'STOMP-S1.error', 'STOMP-S3.other.error',
      'STOMP-T1.begin.error'
    ]
  },
  {
    id: 'stomp-application-told',
    row: 'STOMP-R3',
    breaks: 'an ERROR shows the error that the application threw',
    stomp (link) {
      const told = body('MESSAGE', (text) => `${text} failed as asked`)(link)
      return { sent: (text) => text.includes('\ndestination:/user/queue/errors\n') ? told.sent?.(text) ?? text : text }
    },
    expect: ['STOMP-R3.application']
  },
  {
    id: 'stomp-disconnect-unanswered',
    row: 'STOMP-D1',
    breaks: 'the RECEIPT of DISCONNECT is lost',
    stomp: frame('RECEIPT', (text) => text.includes(':bye') ? [] : text),
    expect: ['=STOMP-D1']
  },
  {
    id: 'stomp-disconnect-receipt',
    row: 'STOMP-D1',
    breaks: 'DISCONNECT is always answered by RECEIPT',
    stomp: heard(/^DISCONNECT\n\n/, 'DISCONNECT\nreceipt:none\n\n'),
    expect: ['STOMP-D1.plain']
  },
  {
    id: 'stomp-open-after-disconnect',
    row: 'STOMP-D1',
    breaks: 'the connection stays open after DISCONNECT',
    stomp: closes(1000, undefined),
    expect: [
      '=STOMP-D1', 'STOMP-D1.plain', 'STOMP-D1.after', 'STOMP-W7.disconnect', 'STOMP-K6.disconnect', 'STOMP-R1.disconnect',
      'STOMP-K1.transports', 'STOMP-T4.disconnect'
    ]
  },
  {
    id: 'stomp-after-disconnect',
    row: 'STOMP-D1',
    breaks: 'frames after DISCONNECT are carried out',
    stomp: heardWhole(/(DISCONNECT\n\n\0)(SEND\n[^\0]*\0)/, '$2$1'),
    expect: ['STOMP-D1.after']
  },
  {
    id: 'stomp-before-disconnect',
    row: 'STOMP-D1',
    breaks: 'the last frame before the end is lost',
    stomp: heard(/^(SEND\n[^]*\n\n)(29|9)\0$/, '\n'),
    expect: ['STOMP-D1.before', '=STOMP-D2']
  },
  {
    id: 'stomp-receipts-lost',
    row: 'STOMP-R1',
    breaks: 'there are no RECEIPTs',
    stomp: lost('RECEIPT'),
    expect: ['STOMP-R2.subscribe', 'STOMP-R2.body', '=STOMP-D1', 'STOMP-D1.after', 'STOMP-D1.before']
  },
  {
    id: 'stomp-ghosts',
    row: 'STOMP-D2',
    breaks: 'the end of a connection is not noticed',
    stomp: () => ({ ended: () => 'unnoticed' }),
    expect: ['STOMP-D2.subscriptions', 'STOMP-A5']
  },
  {
    id: 'stomp-failure-unsaid',
    row: 'STOMP-R3',
    breaks: 'no client learns that the application failed',
    stomp: heard(/\ndestination:\/app\/fail(?=\n)/, '\ndestination:/topic/nobody'),
    expect: ['STOMP-R3.application', 'STOMP-R3.unheard']
  },
  {
    id: 'stomp-failure-confirmed',
    row: 'STOMP-R3',
    breaks: 'a frame that fails gets RECEIPT in place of ERROR',
    stomp: frame('ERROR', () => 'RECEIPT\nreceipt-id:r\n\n\0'),
    expect: ['=STOMP-R3', 'STOMP-R3.id', '=STOMP-X1', 'STOMP-X1.message', 'STOMP-X1.always']
  },
  {
    id: 'stomp-receipt-of-another',
    row: 'STOMP-R1',
    breaks: 'RECEIPT names the receipt of the frame before',
    stomp: (link) => field('RECEIPT', 'receipt-id', (id) => {
      const before = link.memory['receipt'] ?? id
      link.memory['receipt'] = id
      return String(before)
    })(link),
    expect: ['STOMP-R1.send', '=STOMP-R2', 'STOMP-R2.subscribe']
  }
]
