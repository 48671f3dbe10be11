import { field, heard, idle, supplied } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const acknowledging: readonly Fault[] = [
  {
    id: 'stomp-redelivered-unsaid',
    row: 'STOMP-A5',
    breaks: 'MESSAGE does not say redelivered',
    stomp: field('MESSAGE', 'redelivered'),
    expect: ['STOMP-A3.requeue-1.1', 'STOMP-A3.requeue-1.2', 'STOMP-A5']
  },
  {
    id: 'stomp-auto-kept',
    row: 'STOMP-A1',
    breaks: 'auto needs acknowledgements',
    stomp: heard(/(\nack:)auto/, '$1client'),
    expect: ['STOMP-A1.auto']
  },
  {
    id: 'stomp-always-auto',
    row: 'STOMP-A1',
    breaks: 'every subscription is auto',
    stomp: heard(/\nack:client(-individual)?/, '\nack:auto'),
    expect: [
      'STOMP-A1.client', 'STOMP-A1.scope', 'STOMP-A1.individual', 'STOMP-A2.1.0', 'STOMP-A2.1.1', 'STOMP-A2.1.2', 'STOMP-A2.extra',
      'STOMP-A3.requeue-1.1', 'STOMP-A3.requeue-1.2', 'STOMP-A3.cumulative', 'STOMP-A3.dead-letters', 'STOMP-A4.twice', 'STOMP-A5',
      'STOMP-A6', '=STOMP-M3', 'STOMP-R1.ack', 'STOMP-R1.nack', '=STOMP-S6', 'STOMP-M2.letters'
    ]
  },
  {
    id: 'stomp-cumulative-alone',
    row: 'STOMP-A1',
    breaks: 'client is client-individual',
    stomp: heard(/\nack:client(?=\n)/, '\nack:client-individual'),
    expect: ['STOMP-A1.client', 'STOMP-A3.cumulative']
  },
  {
    id: 'stomp-individual-cumulative',
    row: 'STOMP-A1',
    breaks: 'client-individual is client',
    stomp: heard(/\nack:client-individual/, '\nack:client'),
    expect: ['STOMP-A1.individual', 'STOMP-A6.abort', 'STOMP-S3.old']
  },
  {
    id: 'stomp-ack-ignored',
    row: 'STOMP-A2',
    breaks: 'ACK has no effect',
    stomp: heard(/^ACK\n[^]*/, '\n'),
    expect: [
      'STOMP-A1.client', 'STOMP-A1.individual', 'STOMP-A2', 'STOMP-A6.commit', 'STOMP-A6.abort', 'STOMP-R1.ack', 'STOMP-T2.ack', 'STOMP-A4',
      'STOMP-A3.cumulative'
    ]
  },
  {
    id: 'stomp-nack-is-ack',
    row: 'STOMP-A3',
    breaks: 'NACK takes the message away',
    stomp: heard(/^NACK\n/, 'ACK\n'),
    expect: ['STOMP-A3.requeue-1.1', 'STOMP-A3.requeue-1.2', 'STOMP-A3.cumulative', 'STOMP-A3.dead-letters']
  },
  {
    id: 'stomp-ack-scope',
    row: 'STOMP-A1',
    breaks: 'an ACK covers other subscriptions',
    stomp: (link) => ({
      received (text) {
        if (!text.startsWith('ACK\n') || link.memory['first'] === undefined) return text
        return [`ACK\nid:${link.memory['first']}\n\n\0`, text]
      },
      sent (text) { link.memory['first'] ??= /\nack:([^\n]*)/.exec(text)?.[1]; return text }
    }),
    expect: ['STOMP-A1.scope']
  },
  {
    id: 'stomp-no-dead-letters',
    row: 'STOMP-A3',
    breaks: 'the queue of dead letters has another name',
    stomp: heard(/destination:\/dlq/, 'destination:/queue/graves'),
    expect: ['STOMP-A3.dead-letters']
  },
  {
    id: 'stomp-ack-transaction',
    row: 'STOMP-A6',
    breaks: 'ACK does not wait for COMMIT',
    stomp: heard(/^(ACK\n[^]*?)\ntransaction:t(?=\n)/, '$1'),
    expect: ['STOMP-A6.open', 'STOMP-A6.abort']
  },
  {
    id: 'stomp-ack-nameless',
    row: 'STOMP-A2',
    breaks: 'an ACK that names no message is ignored',
    stomp: heard(/^ACK\n(?=receipt:|subscription:s1\nreceipt:|message-id:x\nsubscription:)/, idle),
    expect: ['STOMP-A2.missing-*']
  },
  {
    id: 'stomp-ack-unknown',
    row: 'STOMP-A4',
    breaks: 'an ACK of an unknown message is ignored',
    stomp (link) {
      const known = new Set<string>()
      const forget = heard(/^UNSUBSCRIBE\n/, (line) => { known.clear(); return line })(link)
      const ignore = heard(/^ACK\nid:([^\n]*)\n/, (line, id = '') => known.delete(id) ? line : idle)(link)
      return {
        received: (text) => ignore.received?.(String(forget.received?.(text))) ?? text,
        sent (text) { known.add(/\nack:([^\n]*)/.exec(text)?.[1] ?? ''); return text }
      }
    },
    expect: ['STOMP-A4.unknown', 'STOMP-A4.twice', 'STOMP-S6.late']
  },
  {
    id: 'stomp-ack-by-default',
    row: 'STOMP-A4',
    breaks: 'client is the default way to acknowledge',
    stomp: supplied('SUBSCRIBE', 'ack', 'ack:client'),
    expect: ['STOMP-A4.auto', 'STOMP-M3.auto']
  },
  {
    id: 'stomp-nack-early',
    row: 'STOMP-A3',
    breaks: '1.0 knows NACK',
    stomp: heard(/^NACK\nmessage-id:x\n/, idle),
    expect: ['STOMP-A3.old']
  },
  {
    id: 'stomp-nack-ignored',
    row: 'STOMP-A3',
    breaks: 'NACK has no effect',
    stomp: heard(/^NACK\n/, idle),
    expect: ['STOMP-A3.requeue-*', 'STOMP-A3.cumulative', 'STOMP-A3.dead-letters']
  }
]
