import { added, body, field, frame, supplied } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const messages: readonly Fault[] = [
  {
    id: 'stomp-body-changed',
    row: 'STOMP-M6',
    breaks: 'bodies come with a letter more',
    stomp: body('MESSAGE', (text) => `${text}!`),
    expect: [
      '=STOMP-F1', '=STOMP-F4', 'STOMP-F10', '=STOMP-B1', 'STOMP-B2', 'STOMP-B5.old', '=STOMP-B6', '=STOMP-M6', 'STOMP-M6.across', 'STOMP-M8',
      'STOMP-L1.large', 'STOMP-W4', 'STOMP-K1.several', 'STOMP-K1.split', 'STOMP-K1.transports', 'STOMP-K2', 'STOMP-W6.octets',
      'STOMP-F11.octets', 'DEMO-1', 'DEMO-2', 'DEMO-3', 'BROKER-1', 'BROKER-2', 'BROKER-3'
    ]
  },
  {
    id: 'stomp-ack-always',
    row: 'STOMP-M3',
    breaks: 'MESSAGE always has an ack header',
    stomp: added('MESSAGE', 'ack:x:y'),
    expect: ['STOMP-M3', 'STOMP-M3.auto']
  },
  {
    id: 'stomp-destination-changed',
    row: 'STOMP-M1',
    breaks: 'MESSAGE writes destinations in its own way',
    stomp: field('MESSAGE', 'destination', (text) => text.toUpperCase()),
    expect: ['STOMP-M1.echo', '=STOMP-F2', 'STOMP-F5.headers', 'STOMP-L1.within', 'SPRING-E3', 'SPRING-F3', 'STOMP-A3.dead-letters']
  },
  {
    id: 'stomp-message-id-same',
    row: 'STOMP-M2',
    breaks: 'all messages have one id',
    stomp: field('MESSAGE', 'message-id', '1'),
    expect: ['=STOMP-M2']
  },
  {
    id: 'stomp-message-id-missing',
    row: 'STOMP-M2',
    breaks: 'MESSAGE has no message-id',
    stomp: field('MESSAGE', 'message-id'),
    expect: ['=STOMP-M2', 'STOMP-M2.old', 'STOMP-M2.letters', 'STOMP-A2.1.0', 'STOMP-A2.1.1']
  },
  {
    id: 'stomp-subscription-missing',
    row: 'STOMP-M2',
    breaks: 'MESSAGE names no subscription',
    stomp: field('MESSAGE', 'subscription'),
    expect: [
      '=STOMP-M2', 'STOMP-M2.old', '=STOMP-S2', '=STOMP-S3', 'STOMP-S4', 'STOMP-M5', 'SPRING-E3', 'SPRING-E4', 'SPRING-F4', 'BROKER-1',
      'DEMO-3', 'STOMP-M8', 'STOMP-R2.subscribe', '=STOMP-S5'
    ]
  },
  {
    id: 'stomp-subscription-invented',
    row: 'STOMP-M2',
    breaks: '1.0: MESSAGE names a subscription that has no name',
    stomp: frame('MESSAGE', (text) => text.includes('\nsubscription:') ? text : text.replace('\n', '\nsubscription:0\n')),
    expect: ['STOMP-M2.none']
  },
  {
    id: 'stomp-ack-missing',
    row: 'STOMP-M3',
    breaks: 'MESSAGE has no ack header',
    stomp: field('MESSAGE', 'ack'),
    expect: ['=STOMP-M3', 'STOMP-M2.letters', 'STOMP-A1.client', 'STOMP-A1.individual', 'STOMP-A2.1.2', 'STOMP-A2.extra']
  },
  {
    id: 'stomp-headers-passed',
    row: 'STOMP-M4',
    breaks: 'receipt, transaction and secrets of SEND are passed on',
    stomp: frame('MESSAGE', (text) => text.replace('\n', '\nreceipt:r\ntransaction:t\nlogin:l\npasscode:p\n')),
    expect: ['STOMP-M4.hop', 'STOMP-M4.secrets']
  },
  {
    id: 'stomp-forged',
    row: 'STOMP-M5',
    breaks: 'message-id, subscription and ack of SEND are passed on',
    stomp: frame('MESSAGE', (text) => text.replace('\n', '\nack:forged\nredelivered:true\n')),
    expect: ['STOMP-M5', 'STOMP-M3']
  },
  {
    id: 'stomp-order',
    row: 'STOMP-M6',
    breaks: 'two messages change places',
    stomp: frame('MESSAGE', (text, { memory }) => {
      const held = memory['held']
      if (held === undefined && /\n\n1\0$/.test(text)) { memory['held'] = text; return [] }
      memory['held'] = undefined
      return held === undefined ? text : [text, String(held)]
    }),
    expect: ['=STOMP-M6', 'STOMP-D1.before', '=STOMP-D2']
  },
  {
    id: 'stomp-carriers-apart',
    row: 'STOMP-M6',
    breaks: 'bodies change on their way to text clients',
    stomp: body('MESSAGE', (text) => text.replace('from', 'form')),
    expect: ['STOMP-M6.across']
  },
  {
    id: 'stomp-old-headers-kept',
    row: 'STOMP-M7',
    breaks: 'a header that 1.0 cannot express is written nevertheless',
    stomp: frame('MESSAGE', (text) => text.replace('\nplain:yes', '\nplain:yes\nna:me:v').replace(/\nk:v[^\n]*/, '\nk:v\nsubscription:forged')),
    expect: ['STOMP-M7', 'STOMP-M7.lines']
  },
  {
    id: 'stomp-echo-missing',
    row: 'STOMP-M8',
    breaks: 'the second message for a subscriber is lost',
    stomp: frame('MESSAGE', (text, { memory }) => {
      memory['count'] = Number(memory['count'] ?? 0) + 1
      return memory['count'] === 2 ? [] : text
    }),
    expect: [
      '=STOMP-M2', 'STOMP-M2.old', '=STOMP-M3', 'STOMP-M6', 'STOMP-S4', '=STOMP-S3', 'STOMP-D1.before', 'STOMP-D2', 'STOMP-A5', '=STOMP-F2',
      '=STOMP-T3'
    ]
  },
  {
    id: 'stomp-send-anywhere',
    row: 'STOMP-M1',
    breaks: 'a SEND without a destination is ignored',
    stomp: supplied('SEND', 'destination', 'destination:/topic/nobody'),
    expect: ['=STOMP-M1', 'STOMP-M1.error', '=STOMP-R3', 'STOMP-R3.id', '=STOMP-X1', 'STOMP-X1.message', 'STOMP-X1.always', 'STOMP-X1.rest']
  },
  {
    id: 'stomp-names-lowered',
    row: 'STOMP-M4',
    breaks: 'names of headers are written in small letters',
    stomp: frame('MESSAGE', (text) => {
      const end = text.indexOf('\n\n')
      return text.slice(0, end).replace(/\n[^\n:]+/g, (name) => name.toLowerCase()) + text.slice(end)
    }),
    expect: ['=STOMP-M4']
  },
  {
    id: 'stomp-subscription-unescaped',
    row: 'STOMP-M2',
    breaks: 'the ids of subscriptions are not escaped',
    stomp: field('MESSAGE', 'subscription', (id) => id.replace(/\\c|\\n/g, ':')),
    expect: ['STOMP-M2.escaping']
  }
]
