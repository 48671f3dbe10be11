/** What must be refused, and is gone along with: before the server sees the mistake, it has been mended. */
import { frame, heard, idle, supplied } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

const malformed: readonly Fault[] = [
  { id: 'stomp-line-skipped', row: 'STOMP-F6', breaks: 'a header line without a colon is skipped', stomp: heard(/\nnonsense\n/, '\n'), expect: ['=STOMP-F6', '=STOMP-F6.error', 'STOMP-R3.parsed'] },
  { id: 'stomp-nameless-header', row: 'STOMP-F6', breaks: 'a header without a name is skipped', stomp: heard(/\n:value\n/, '\n'), expect: ['STOMP-F6.name'] },
  { id: 'stomp-utf-8-unchecked', row: 'STOMP-F11', breaks: 'a head may be any octets', stomp: heard(/\xc3\x28\xff/, '?'), expect: ['STOMP-F11.invalid'] },
  { id: 'stomp-escapes-lenient', row: 'STOMP-E2', breaks: 'undefined escapes are skipped', stomp: heard(/\n(?:k:)?a\\(?:[tr]b|x:v|(?=\n))/, '\nk:a'), expect: ['STOMP-E2'] },
  { id: 'stomp-nul-unchecked', row: 'STOMP-B1', breaks: 'a content-length that is too short is ignored', stomp: heard(/\ncontent-length:3(?=\n[^]*\n\nlonger\0)/, ''), expect: ['STOMP-B1.nul'] },
  { id: 'stomp-length-lenient', row: 'STOMP-B4', breaks: 'a content-length that is no length is ignored', stomp: heard(/\ncontent-length:(?!\d{1,9}\n)[^\n]*/, ''), expect: ['negative', 'word', 'fraction', 'sign', 'hex', 'empty', 'huge'].map((name) => `STOMP-B4.${name}`) },
  { id: 'stomp-two-lengths', row: 'STOMP-B4', breaks: 'of two values of content-length the first counts', stomp: heard(/(\ncontent-length:1)\ncontent-length:2/, '$1'), expect: ['STOMP-B4.other'] },
  { id: 'stomp-bodies-ignored', row: 'STOMP-B5', breaks: 'bodies are ignored where there may be none', stomp: heard(/^((?:SUBSCRIBE|UNSUBSCRIBE|BEGIN|DISCONNECT)\n[^]*\n\n)body\0/, '$1\0'), expect: ['STOMP-B5.*-1.*'] },
  { id: 'stomp-unknown-commands', row: 'STOMP-U1', breaks: 'unknown commands are ignored', stomp: heard(/^(?:NONSENSE|MESSAGE|CONNECTED|RECEIPT|ERROR)\n[^]*\0/, '\n'), expect: ['STOMP-U1', 'STOMP-W7.error', 'STOMP-K6.error', 'STOMP-X1.always'] }
]

const connecting: readonly Fault[] = [
  { id: 'stomp-any-version', row: 'STOMP-C3', breaks: 'whatever version is asked for, 1.2 is spoken', stomp: heard(/\naccept-version:[09]\.[19](?=\n)/, '\naccept-version:1.2'), expect: ['STOMP-C3', 'STOMP-C11'] },
  {
    id: 'stomp-connect-unneeded',
    row: 'STOMP-C8',
    breaks: 'frames are taken before CONNECT',
    stomp: (link) => ({
      received (text) {
        if (link.memory['begun'] !== undefined || text.trim() === '') return text
        link.memory['begun'] = 'yes'
        return /^\s*(CONNECT|STOMP)\r?\n/.test(text) ? text : ['CONNECT\naccept-version:1.2\n\n\0', text]
      }
    }),
    expect: ['=STOMP-C8', 'STOMP-E4']
  },
  {
    id: 'stomp-connect-twice',
    row: 'STOMP-C8',
    breaks: 'a second CONNECT is ignored',
    stomp: (link) => ({
      received (text) {
        if (!text.startsWith('CONNECT\n')) return text
        link.memory['connects'] = Number(link.memory['connects'] ?? 0) + 1
        return link.memory['connects'] === 1 ? text : '\n'
      }
    }),
    expect: ['STOMP-C8.second']
  }
]

const frames: readonly Fault[] = [
  { id: 'stomp-send-anywhere', row: 'STOMP-M1', breaks: 'a SEND without a destination goes nowhere, and is no mistake', stomp: supplied('SEND', 'destination', 'destination:/topic/nobody'), expect: ['=STOMP-M1', 'STOMP-M1.error', '=STOMP-R3', 'STOMP-R3.id', '=STOMP-X1', 'STOMP-X1.message', 'STOMP-X1.always', 'STOMP-X1.rest'] },
  { id: 'stomp-subscribe-anywhere', row: 'STOMP-S1', breaks: 'a SUBSCRIBE without a destination is no mistake', stomp: supplied('SUBSCRIBE', 'destination', 'destination:/topic/nobody'), expect: ['=STOMP-S1', 'STOMP-S1.error'] },
  { id: 'stomp-subscribe-nameless', row: 'STOMP-S1', breaks: 'SUBSCRIBE needs an id in no version', stomp: supplied('SUBSCRIBE', 'id', 'id:nameless'), expect: ['STOMP-S1.id-*', 'STOMP-M2.none'] },
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
  { id: 'stomp-ack-anyhow', row: 'STOMP-S3', breaks: 'an unknown way to acknowledge is auto', stomp: heard(/\nack:bogus/, '\nack:auto'), expect: ['STOMP-S3.other', 'STOMP-X1.always'] },
  { id: 'stomp-unsubscribe-unknown', row: 'STOMP-S5', breaks: 'UNSUBSCRIBE of an unknown id is ignored', stomp: heard(/^UNSUBSCRIBE\nid:nobody\n/, idle), expect: ['STOMP-S5.unknown', 'STOMP-X1.always'] },
  { id: 'stomp-unsubscribe-nameless', row: 'STOMP-S5', breaks: 'UNSUBSCRIBE goes by destination in 1.2, too', stomp: heard(/^UNSUBSCRIBE\n(?=destination:)/, 'UNSUBSCRIBE\nid:s1\n'), expect: ['STOMP-S5.id'] },
  { id: 'stomp-ack-nameless', row: 'STOMP-A2', breaks: 'an ACK that names no message is ignored', stomp: heard(/^ACK\n(?=receipt:|subscription:s1\nreceipt:|message-id:x\nsubscription:)/, idle), expect: ['STOMP-A2.missing-*'] },
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
  { id: 'stomp-ack-by-default', row: 'STOMP-A4', breaks: 'client is the default way to acknowledge', stomp: supplied('SUBSCRIBE', 'ack', 'ack:client'), expect: ['STOMP-A4.auto', 'STOMP-M3.auto'] },
  { id: 'stomp-nack-early', row: 'STOMP-A3', breaks: '1.0 knows NACK', stomp: heard(/^NACK\nmessage-id:x\n/, idle), expect: ['STOMP-A3.old'] },
  { id: 'stomp-transaction-nameless', row: 'STOMP-T1', breaks: 'a transaction needs no name', stomp: heard(/^(?:BEGIN|COMMIT|ABORT)\n(?=receipt:)/, idle), expect: ['STOMP-T1.begin', 'STOMP-T1.commit', 'STOMP-T1.abort'] },
  { id: 'stomp-transaction-twice', row: 'STOMP-T1', breaks: 'BEGIN of an open transaction is ignored', stomp: heard(/^BEGIN\ntransaction:t\n(?=receipt:r\n)/, idle), expect: ['STOMP-T1.twice'] },
  { id: 'stomp-transaction-unknown', row: 'STOMP-T2', breaks: 'an unknown transaction is ignored', stomp: heard(/^[A-Z]+\n(?:[^\n]+\n)*?transaction:nobody\n/, idle), expect: ['STOMP-T2', 'STOMP-X1.always'] },
  { id: 'stomp-user-reached', row: 'SPRING-F6', breaks: 'a client may send to another user', stomp: heard(/\ndestination:\/user\/guest\//, '\ndestination:/topic/'), expect: ['SPRING-F6'] },
  { id: 'stomp-destination-unserved', row: 'SPRING-E16', breaks: 'a destination that nothing serves is a topic', stomp: heard(/\ndestination:\/nowhere\//, '\ndestination:/topic/'), expect: ['SPRING-E16', 'STOMP-X1.always'] },
  { id: 'stomp-failure-unsaid', row: 'STOMP-R3', breaks: 'nobody learns that the application failed', stomp: heard(/\ndestination:\/app\/fail(?=\n)/, '\ndestination:/topic/nobody'), expect: ['STOMP-R3.application', 'STOMP-R3.unheard'] },
  { id: 'stomp-failure-confirmed', row: 'STOMP-R3', breaks: 'a frame that fails gets RECEIPT in place of ERROR', stomp: frame('ERROR', () => 'RECEIPT\nreceipt-id:r\n\n\0'), expect: ['=STOMP-R3', 'STOMP-R3.id', '=STOMP-X1', 'STOMP-X1.message', 'STOMP-X1.always'] }
]

const limits: readonly Fault[] = [
  {
    id: 'stomp-limits',
    row: 'STOMP-L1',
    breaks: 'there are hardly any limits',
    server: { stomp: { limits: { command: 1000, headers: 1000, headerLine: 100_000, head: 500_000, body: 64 * 1024 * 1024, subscriptions: 1000, connectFrame: 100_000 } } },
    expect: ['STOMP-L1.command', 'STOMP-L1.headers', 'STOMP-L1.line', 'STOMP-L1.head', 'STOMP-L1.body', 'STOMP-L1.subscriptions', 'STOMP-L2']
  },
  {
    id: 'stomp-destinations-long',
    row: 'STOMP-L1',
    breaks: 'destinations have any length',
    server: { stomp: { limits: { destination: 5000 } }, broker: { maxDestinationLength: 5000 } },
    expect: ['STOMP-L1.destination']
  },
  { id: 'stomp-limits-small', row: 'STOMP-L1', breaks: 'limits are too small', server: { stomp: { limits: { headers: 20, body: 1000 } } }, expect: ['STOMP-L1.large', 'STOMP-L1.within'] }
]

export const refusals: readonly Fault[] = [...malformed, ...connecting, ...frames, ...limits]
