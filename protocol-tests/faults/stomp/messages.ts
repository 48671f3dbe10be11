/** SEND, MESSAGE, subscriptions, queues. */
import { body, field, frame, heard, together } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const messages: readonly Fault[] = [
  { id: 'stomp-destination-changed', row: 'STOMP-M1', breaks: 'MESSAGE writes destinations in its own way', stomp: field('MESSAGE', 'destination', (text) => text.toUpperCase()), expect: ['STOMP-M1.echo', '=STOMP-F2', 'STOMP-F5.headers', 'STOMP-L1.within', 'SPRING-E3', 'SPRING-F3', 'STOMP-A3.dead-letters'] },
  { id: 'stomp-message-id-same', row: 'STOMP-M2', breaks: 'all messages have one id', stomp: field('MESSAGE', 'message-id', '1'), expect: ['=STOMP-M2'] },
  { id: 'stomp-message-id-missing', row: 'STOMP-M2', breaks: 'MESSAGE has no message-id', stomp: field('MESSAGE', 'message-id'), expect: ['=STOMP-M2', 'STOMP-M2.old', 'STOMP-M2.letters', 'STOMP-A2.1.0', 'STOMP-A2.1.1'] },
  { id: 'stomp-subscription-missing', row: 'STOMP-M2', breaks: 'MESSAGE names no subscription', stomp: field('MESSAGE', 'subscription'), expect: ['=STOMP-M2', 'STOMP-M2.old', '=STOMP-S2', '=STOMP-S3', 'STOMP-S4', 'STOMP-M5', 'SPRING-E3', 'SPRING-E4', 'SPRING-F4', 'BROKER-1', 'DEMO-3', 'STOMP-M8', 'STOMP-R2.subscribe', '=STOMP-S5'] },
  { id: 'stomp-subscription-invented', row: 'STOMP-M2', breaks: '1.0: MESSAGE names a subscription that has no name', stomp: frame('MESSAGE', (text) => text.includes('\nsubscription:') ? text : text.replace('\n', '\nsubscription:0\n')), expect: ['STOMP-M2.none'] },
  { id: 'stomp-ack-missing', row: 'STOMP-M3', breaks: 'MESSAGE has no ack header', stomp: field('MESSAGE', 'ack'), expect: ['=STOMP-M3', 'STOMP-M2.letters', 'STOMP-A1.client', 'STOMP-A1.individual', 'STOMP-A2.1.2', 'STOMP-A2.extra'] },
  { id: 'stomp-headers-passed', row: 'STOMP-M4', breaks: 'receipt, transaction and secrets of SEND are passed on', stomp: frame('MESSAGE', (text) => text.replace('\n', '\nreceipt:r\ntransaction:t\nlogin:l\npasscode:p\n')), expect: ['STOMP-M4.hop', 'STOMP-M4.secrets'] },
  { id: 'stomp-forged', row: 'STOMP-M5', breaks: 'message-id, subscription and ack of SEND are passed on', stomp: frame('MESSAGE', (text) => text.replace('\n', '\nack:forged\nredelivered:true\n')), expect: ['STOMP-M5', 'STOMP-M3'] },
  {
    id: 'stomp-order',
    row: 'STOMP-M6',
    breaks: 'two messages change places',
    stomp: (link) => ({
      sent (text) {
        if (!text.startsWith('MESSAGE\n')) return text
        const held = link.memory['held']
        if (held === undefined && /\n\n1\0$/.test(text)) { link.memory['held'] = text; return [] }
        link.memory['held'] = undefined
        return held === undefined ? text : [text, String(held)]
      }
    }),
    expect: ['=STOMP-M6', 'STOMP-D1.before', '=STOMP-D2']
  },
  { id: 'stomp-carriers-apart', row: 'STOMP-M6', breaks: 'bodies change on their way to text clients', stomp: together(body('MESSAGE', (text) => text.replace('from', 'form'))), expect: ['STOMP-M6.across'] },
  { id: 'stomp-old-headers-kept', row: 'STOMP-M7', breaks: 'a header that 1.0 cannot express is written all the same', stomp: frame('MESSAGE', (text) => text.replace('\nplain:yes', '\nplain:yes\nna:me:v').replace(/\nk:v[^\n]*/, '\nk:v\nsubscription:forged')), expect: ['STOMP-M7', 'STOMP-M7.lines'] },
  {
    id: 'stomp-echo-missing',
    row: 'STOMP-M8',
    breaks: 'the second message for a subscriber is lost',
    stomp: (link) => ({
      sent (text) {
        if (!text.startsWith('MESSAGE\n')) return text
        link.memory['count'] = Number(link.memory['count'] ?? 0) + 1
        return link.memory['count'] === 2 ? [] : text
      }
    }),
    expect: ['=STOMP-M2', 'STOMP-M2.old', '=STOMP-M3', 'STOMP-M6', 'STOMP-S4', '=STOMP-S3', 'STOMP-D1.before', 'STOMP-D2', 'STOMP-A5', '=STOMP-F2', '=STOMP-T3']
  },
  { id: 'stomp-message-twice', row: 'STOMP-S4', breaks: 'messages come twice', stomp: frame('MESSAGE', (text) => [text, text]), expect: ['STOMP-S4', 'STOMP-S4.queue', 'STOMP-M6', '=STOMP-S5', 'SPRING-E3', 'STOMP-T7', 'STOMP-D1.after', 'STOMP-T1.again', '=STOMP-C10', 'STOMP-A3.dead-letters'] },
  { id: 'stomp-id-shared', row: 'STOMP-S2', breaks: 'ids of subscriptions are changed', stomp: heard(/^SUBSCRIBE\nid:(same|a|b|s-[a-z-]*|one|rest)\n/, 'SUBSCRIBE\nid:other\n'), expect: ['=STOMP-S2', 'STOMP-S2.again', '=STOMP-S3', 'STOMP-S4', 'SPRING-E3', '=STOMP-F1', '=STOMP-S5'] },
  { id: 'stomp-nameless-refused', row: 'STOMP-S1', breaks: 'SUBSCRIBE needs an id in 1.0, too', stomp: heard(/^SUBSCRIBE\n(?![^]*\n?id:)/, 'X\n'), expect: ['STOMP-S1.old', 'STOMP-M2.old', 'STOMP-M2.none', 'STOMP-S5.destination'] },
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
  { id: 'stomp-selector', row: 'STOMP-S7', breaks: 'a selector is refused', stomp: heard(/^SUBSCRIBE\n[^]*\nselector:[^]*/, 'X\n\n\0'), expect: ['STOMP-S7'] },
  { id: 'stomp-topic-keeps', row: 'STOMP-S5', breaks: 'a topic keeps messages that nobody hears', stomp: heard(/destination:\/topic\//g, 'destination:/queue/'), expect: ['STOMP-S5.gone', '=STOMP-S4', '=STOMP-S2', '=STOMP-S3', 'SPRING-E3', 'SPRING-E4', 'STOMP-M6.versions', 'STOMP-M6.across', 'DEMO-1', 'DEMO-2', 'STOMP-M1.echo'] },
  { id: 'stomp-queue-tells-all', row: 'STOMP-S4', breaks: 'queues are topics', stomp: heard(/destination:\/queue\//g, 'destination:/topic/'), expect: ['STOMP-A1.client', 'STOMP-A1.scope', 'STOMP-A1.individual', 'STOMP-A2.1.0', 'STOMP-A2.1.1', 'STOMP-A2.1.2', 'STOMP-A2.extra', 'STOMP-A3.requeue-1.1', 'STOMP-A3.requeue-1.2', 'STOMP-A3.cumulative', 'STOMP-A3.dead-letters', 'STOMP-A5', 'STOMP-A6', 'STOMP-S4.queue', '=STOMP-S6'] },
  { id: 'stomp-redelivered-unsaid', row: 'STOMP-A5', breaks: 'MESSAGE does not say redelivered', stomp: field('MESSAGE', 'redelivered'), expect: ['STOMP-A3.requeue-1.1', 'STOMP-A3.requeue-1.2', 'STOMP-A5'] },
  { id: 'stomp-auto-kept', row: 'STOMP-A1', breaks: 'auto needs acknowledgements', stomp: heard(/(\nack:)auto/, '$1client'), expect: ['STOMP-A1.auto'] },
  { id: 'stomp-always-auto', row: 'STOMP-A1', breaks: 'every subscription is auto', stomp: heard(/\nack:client(-individual)?/, '\nack:auto'), expect: ['STOMP-A1.client', 'STOMP-A1.scope', 'STOMP-A1.individual', 'STOMP-A2.1.0', 'STOMP-A2.1.1', 'STOMP-A2.1.2', 'STOMP-A2.extra', 'STOMP-A3.requeue-1.1', 'STOMP-A3.requeue-1.2', 'STOMP-A3.cumulative', 'STOMP-A3.dead-letters', 'STOMP-A4.twice', 'STOMP-A5', 'STOMP-A6', '=STOMP-M3', 'STOMP-R1.ack', 'STOMP-R1.nack', '=STOMP-S6', 'STOMP-M2.letters'] },
  { id: 'stomp-cumulative-alone', row: 'STOMP-A1', breaks: 'client is client-individual', stomp: heard(/\nack:client(?=\n)/, '\nack:client-individual'), expect: ['STOMP-A1.client', 'STOMP-A3.cumulative'] },
  { id: 'stomp-individual-cumulative', row: 'STOMP-A1', breaks: 'client-individual is client', stomp: heard(/\nack:client-individual/, '\nack:client'), expect: ['STOMP-A1.individual', 'STOMP-A6.abort', 'STOMP-S3.old'] },
  { id: 'stomp-ack-ignored', row: 'STOMP-A2', breaks: 'ACK has no effect', stomp: heard(/^ACK\n[^]*/, '\n'), expect: ['STOMP-A1.client', 'STOMP-A1.individual', 'STOMP-A2', 'STOMP-A6.commit', 'STOMP-A6.abort', 'STOMP-R1.ack', 'STOMP-T2.ack', 'STOMP-A4', 'STOMP-A3.cumulative'] },
  { id: 'stomp-nack-is-ack', row: 'STOMP-A3', breaks: 'NACK takes the message away', stomp: heard(/^NACK\n/, 'ACK\n'), expect: ['STOMP-A3.requeue-1.1', 'STOMP-A3.requeue-1.2', 'STOMP-A3.cumulative', 'STOMP-A3.dead-letters'] },
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
  { id: 'stomp-no-dead-letters', row: 'STOMP-A3', breaks: 'the queue of dead letters has another name', stomp: heard(/destination:\/dlq/, 'destination:/queue/graves'), expect: ['STOMP-A3.dead-letters'] },
  { id: 'stomp-wildcards', row: 'SPRING-E3', breaks: 'a wildcard is a character', stomp: heard(/\/\*/g, '/star'), expect: ['SPRING-E3', 'SPRING-E4', 'SPRING-F14'] },
  { id: 'stomp-send-to-pattern', row: 'SPRING-E19', breaks: 'a SEND to a wildcard reaches whoever matches', stomp: heard(/^(SEND\ndestination:[^\n]*\/)\*/, '$1a'), expect: ['SPRING-E19'] },
  { id: 'stomp-user-shared', row: 'SPRING-F3', breaks: 'the sessions of a user, and strangers, share their destinations', stomp: heard(/destination:\/user\/queue\/me|destination:\/app\/me/g, 'destination:/topic/me'), expect: ['SPRING-F3', 'SPRING-F14'] },
  { id: 'stomp-user-deaf', row: 'SPRING-F4', breaks: 'nothing comes at the destinations of a user', stomp: frame('MESSAGE', (text) => text.includes('destination:/user/') ? [] : text), expect: ['SPRING-F4', 'SPRING-F3', 'SPRING-F14', 'STOMP-R3.application'] },
  { id: 'stomp-temporary-shared', row: 'BROKER-2', breaks: 'temporary queues are shared', stomp: heard(/\/temp-queue\//g, '/queue/temporary-'), expect: ['BROKER-1', 'BROKER-2'] },
  { id: 'stomp-history-forgotten', row: 'BROKER-3', breaks: 'x-recover is ignored', stomp: heard(/\nx-recover:[^\n]*/, ''), expect: ['BROKER-3'] },
  { id: 'stomp-history-whole', row: 'BROKER-3', breaks: 'recovery begins at the first message', stomp: heard(/(?<=\nx-recover:[^\n]*\\c)\d+(?=\n)/, '0'), expect: ['BROKER-3'] },
  { id: 'stomp-routes-silent', row: 'DEMO-1', breaks: 'the application does not answer', stomp: heard(/destination:\/app\/(hello|chat[^\n]*|rooms)/, 'destination:/topic/nobody'), expect: ['DEMO-1', 'DEMO-2', 'DEMO-3'] }
]
