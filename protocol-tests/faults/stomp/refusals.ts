/** What must be refused, and is not. */
import { frame } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

const refused = ['STOMP-F3', 'STOMP-F5', 'STOMP-F6', 'STOMP-F11.invalid', 'STOMP-E2', 'STOMP-E3.passcode', 'STOMP-B1.nul', 'STOMP-B4', 'STOMP-B5', 'STOMP-C3', 'STOMP-C7', 'STOMP-C8',
  'STOMP-C9', 'STOMP-C11', 'STOMP-H1', 'STOMP-H6', 'STOMP-M1', 'STOMP-S1', 'STOMP-S2.twice', 'STOMP-S3.other', 'STOMP-S3.old', 'STOMP-S5.unknown', 'STOMP-S5.id', 'STOMP-S6.late',
  'STOMP-A2', 'STOMP-A3.old', 'STOMP-A4', 'STOMP-T1', 'STOMP-T2', 'STOMP-T6', 'STOMP-R3', 'STOMP-X1', 'STOMP-X2', 'STOMP-L1', 'STOMP-L2', 'STOMP-U1', 'STOMP-K5.passcode',
  'STOMP-W7.error', 'STOMP-K6.error', 'STOMP-W9.beats', 'SPRING-F6']

export const refusals: readonly Fault[] = [
  {
    id: 'stomp-failure-confirmed',
    row: 'STOMP-R3',
    breaks: 'a frame that fails gets RECEIPT in place of ERROR',
    stomp: frame('ERROR', () => 'RECEIPT\nreceipt-id:r\n\n\0'),
    expect: refused
  },
  {
    id: 'stomp-limits',
    row: 'STOMP-L1',
    breaks: 'there are hardly any limits',
    server: { stomp: { limits: { command: 1000, headers: 1000, headerLine: 100_000, head: 500_000, body: 64 * 1024 * 1024, subscriptions: 1000, destination: 5000, connectFrame: 100_000 } } },
    expect: ['STOMP-L1', 'STOMP-L2']
  },
  { id: 'stomp-limits-small', row: 'STOMP-L1', breaks: 'limits are too small', server: { stomp: { limits: { headers: 20, body: 1000 } } }, expect: ['STOMP-L1.large', 'STOMP-L1.within'] }
]
