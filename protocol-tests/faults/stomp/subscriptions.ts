import { frame, heard, idle, supplied } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const subscriptions: readonly Fault[] = [
  {
    id: 'stomp-message-twice',
    row: 'STOMP-S4',
    breaks: 'messages come twice',
    stomp: frame('MESSAGE', (text) => [text, text]),
    expect: [
      'STOMP-S4', 'STOMP-S4.queue', 'STOMP-M6', '=STOMP-S5', 'SPRING-E3', 'STOMP-T7', 'STOMP-D1.after', 'STOMP-T1.again', '=STOMP-C10',
      'STOMP-A3.dead-letters'
    ]
  },
  {
    id: 'stomp-id-shared',
    row: 'STOMP-S2',
    breaks: 'ids of subscriptions are changed',
    stomp: heard(/^SUBSCRIBE\nid:(same|a|b|s-[a-z-]*|one|rest)\n/, 'SUBSCRIBE\nid:other\n'),
    expect: ['=STOMP-S2', 'STOMP-S2.again', '=STOMP-S3', 'STOMP-S4', 'SPRING-E3', '=STOMP-F1', '=STOMP-S5']
  },
  {
    id: 'stomp-nameless-refused',
    row: 'STOMP-S1',
    breaks: 'SUBSCRIBE needs an id in 1.0, too',
    stomp: heard(/^SUBSCRIBE\n(?![^]*\n?id:)/, 'X\n'),
    expect: ['STOMP-S1.old', 'STOMP-M2.old', 'STOMP-M2.none', 'STOMP-S5.destination']
  },
  {
    id: 'stomp-unsubscribe-ignored',
    row: 'STOMP-S5',
    breaks: 'UNSUBSCRIBE is confirmed and not carried out',
    stomp: (link) => ({
      received: (text) => text.startsWith('UNSUBSCRIBE\n') ? text.replace(/^UNSUBSCRIBE\n[^]*?(?=\nreceipt:|\n\n)/, 'SEND\ndestination:/topic/nobody') : text,
      sent: (text) => { link.memory['last'] = text.length; return text }
    }),
    expect: ['=STOMP-S5', 'STOMP-S5.destination', 'STOMP-S5.unknown', 'STOMP-S5.id', 'STOMP-S2.again', 'STOMP-S6', 'STOMP-S6.late', 'STOMP-T7']
  },
  {
    id: 'stomp-selector',
    row: 'STOMP-S7',
    breaks: 'a selector is refused',
    stomp: heard(/^SUBSCRIBE\n[^]*\nselector:[^]*/, 'X\n\n\0'),
    expect: ['STOMP-S7']
  },
  {
    id: 'stomp-topic-keeps',
    row: 'STOMP-S5',
    breaks: 'a topic keeps messages without a subscriber',
    stomp: heard(/destination:\/topic\//g, 'destination:/queue/'),
    expect: [
      'STOMP-S5.gone', '=STOMP-S4', '=STOMP-S2', '=STOMP-S3', 'SPRING-E3', 'SPRING-E4', 'STOMP-M6.versions', 'STOMP-M6.across', 'DEMO-1',
      'DEMO-2', 'STOMP-M1.echo'
    ]
  },
  {
    id: 'stomp-queue-tells-all',
    row: 'STOMP-S4',
    breaks: 'queues are topics',
    stomp: heard(/destination:\/queue\//g, 'destination:/topic/'),
    expect: [
      'STOMP-A1.client', 'STOMP-A1.scope', 'STOMP-A1.individual', 'STOMP-A2.1.0', 'STOMP-A2.1.1', 'STOMP-A2.1.2', 'STOMP-A2.extra',
      'STOMP-A3.requeue-1.1', 'STOMP-A3.requeue-1.2', 'STOMP-A3.cumulative', 'STOMP-A3.dead-letters', 'STOMP-A5', 'STOMP-A6',
      'STOMP-S4.queue', '=STOMP-S6'
    ]
  },
  {
    id: 'stomp-subscribe-anywhere',
    row: 'STOMP-S1',
    breaks: 'a SUBSCRIBE without a destination is accepted',
    stomp: supplied('SUBSCRIBE', 'destination', 'destination:/topic/nobody'),
    expect: ['=STOMP-S1', 'STOMP-S1.error']
  },
  {
    id: 'stomp-subscribe-nameless',
    row: 'STOMP-S1',
    breaks: 'SUBSCRIBE needs an id in no version',
    stomp: supplied('SUBSCRIBE', 'id', 'id:nameless'),
    expect: ['STOMP-S1.id-*', 'STOMP-M2.none']
  },
  {
    id: 'stomp-subscribe-twice',
    row: 'STOMP-S2',
    breaks: 'an id may be used twice',
    stomp: (link) => ({
      received: (text) => text.replace(/^SUBSCRIBE\nid:(a)(?=\n)/, (line) => {
        link.memory['count'] = Number(link.memory['count'] ?? 0) + 1
        return link.memory['count'] === 1 ? line : `${line}${link.memory['count']}`
      })
    }),
    expect: ['STOMP-S2.twice']
  },
  {
    id: 'stomp-ack-anyhow',
    row: 'STOMP-S3',
    breaks: 'an unknown way to acknowledge is auto',
    stomp: heard(/\nack:bogus/, '\nack:auto'),
    expect: ['STOMP-S3.other', 'STOMP-X1.always']
  },
  {
    id: 'stomp-unsubscribe-unknown',
    row: 'STOMP-S5',
    breaks: 'UNSUBSCRIBE of an unknown id is ignored',
    stomp: heard(/^UNSUBSCRIBE\nid:nobody\n/, idle),
    expect: ['STOMP-S5.unknown', 'STOMP-X1.always']
  },
  {
    id: 'stomp-unsubscribe-nameless',
    row: 'STOMP-S5',
    breaks: 'UNSUBSCRIBE goes by destination in 1.2, too',
    stomp: heard(/^UNSUBSCRIBE\n(?=destination:)/, 'UNSUBSCRIBE\nid:s1\n'),
    expect: ['STOMP-S5.id']
  },
  {
    id: 'stomp-unsubscribe-neighbour',
    row: 'STOMP-S5',
    breaks: 'UNSUBSCRIBE ends another subscription of the connection, too',
    stomp: heard(/^UNSUBSCRIBE\nid:(a|exact)\n/, (line, id) => `UNSUBSCRIBE\nid:${id === 'a' ? 'b' : 'pattern'}\n\n\0${line}`),
    expect: ['=STOMP-S5', 'SPRING-E4']
  }
]
