import { heard, idle } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const transactions: readonly Fault[] = [
  {
    id: 'stomp-transaction-leaks',
    row: 'STOMP-T3',
    breaks: 'SEND does not wait for COMMIT',
    stomp: heard(/^(SEND\n[^]*?)\ntransaction:t(?=\n)/, '$1'),
    expect: ['STOMP-T3', 'STOMP-T4', 'STOMP-T1.again', 'STOMP-T1.connections', 'STOMP-T5', 'STOMP-T6.frames', 'STOMP-T6.octets']
  },
  {
    id: 'stomp-abort-commits',
    row: 'STOMP-T3',
    breaks: 'ABORT commits',
    stomp: heard(/^ABORT\n/, 'COMMIT\n'),
    expect: ['STOMP-T3.abort', 'STOMP-T1.again', 'STOMP-T1.connections', 'STOMP-A6.abort']
  },
  {
    id: 'stomp-commit-aborts',
    row: 'STOMP-T3',
    breaks: 'COMMIT aborts',
    stomp: heard(/^COMMIT\n/, 'ABORT\n'),
    expect: ['=STOMP-T3', 'STOMP-T1.again', 'STOMP-T1.connections', 'STOMP-A6.commit', 'STOMP-M4.hop']
  },
  {
    id: 'stomp-transactions-commit-at-end',
    row: 'STOMP-T4',
    breaks: 'DISCONNECT commits open transactions',
    stomp: heard(/^DISCONNECT\n/, 'COMMIT\ntransaction:t\n\n\0DISCONNECT\n'),
    expect: ['STOMP-T4.disconnect', 'STOMP-A6.open']
  },
  {
    id: 'stomp-transactions-many',
    row: 'STOMP-T6',
    breaks: 'transactions have no bounds',
    server: { stomp: { limits: { transactions: 1000, transactionFrames: 100_000, transactionBytes: 100_000_000 } } },
    expect: ['STOMP-T6']
  },
  {
    id: 'stomp-transaction-receipts',
    row: 'STOMP-T5',
    breaks: 'receipts in a transaction come at once',
    server: { stomp: { transactionReceipts: 'immediate' } },
    expect: ['STOMP-T5']
  },
  {
    id: 'stomp-subscribe-in-transaction',
    row: 'STOMP-T7',
    breaks: 'SUBSCRIBE in a transaction is refused',
    stomp: heard(/^SUBSCRIBE\n[^]*\ntransaction:[^]*/, 'X\n\n\0'),
    expect: ['STOMP-T7']
  },
  {
    id: 'stomp-lost-commits',
    row: 'STOMP-T4',
    breaks: 'the loss of the connection commits its open transactions',
    stomp: (link) => ({ ended () { link.toServer('COMMIT\ntransaction:t\n\n\0') } }),
    expect: ['STOMP-T4.lost']
  },
  {
    id: 'stomp-transaction-nameless',
    row: 'STOMP-T1',
    breaks: 'a transaction needs no name',
    stomp: heard(/^(?:BEGIN|COMMIT|ABORT)\n(?=receipt:)/, idle),
    expect: ['STOMP-T1.begin', 'STOMP-T1.commit', 'STOMP-T1.abort']
  },
  {
    id: 'stomp-transaction-twice',
    row: 'STOMP-T1',
    breaks: 'BEGIN of an open transaction is ignored',
    stomp: heard(/^BEGIN\ntransaction:t\n(?=receipt:r\n)/, idle),
    expect: ['STOMP-T1.twice']
  },
  {
    id: 'stomp-transaction-unknown',
    row: 'STOMP-T2',
    breaks: 'an unknown transaction is ignored',
    stomp: heard(/^[A-Z]+\n(?:[^\n]+\n)*?transaction:nobody\n/, idle),
    expect: ['STOMP-T2', 'STOMP-X1.always']
  },
  {
    id: 'stomp-commit-torn',
    row: 'STOMP-T3',
    breaks: 'the second message of a transaction comes last',
    stomp: (link) => ({
      sent (text) {
        if (/^MESSAGE\n[^]*\n\nb\0/.test(text)) { link.memory['held'] = text; return [] }
        return /^MESSAGE\n[^]*\n\nd\0/.test(text) ? [text, String(link.memory['held'])] : text
      }
    }),
    expect: ['=STOMP-T3']
  }
]
