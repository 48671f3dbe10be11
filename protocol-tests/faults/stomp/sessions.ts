/** Transactions, receipts, the end. */
import { added, closes, field, frame, heard, heardWhole, lost } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const sessions: readonly Fault[] = [
  { id: 'stomp-transaction-leaks', row: 'STOMP-T3', breaks: 'SEND does not wait for COMMIT', stomp: heard(/^(SEND\n[^]*?)\ntransaction:t(?=\n)/, '$1'), expect: ['STOMP-T3', 'STOMP-T4', 'STOMP-T1.again', 'STOMP-T1.connections', 'STOMP-T5', 'STOMP-T6.frames', 'STOMP-T6.octets'] },
  { id: 'stomp-abort-commits', row: 'STOMP-T3', breaks: 'ABORT commits', stomp: heard(/^ABORT\n/, 'COMMIT\n'), expect: ['STOMP-T3.abort', 'STOMP-T1.again', 'STOMP-T1.connections', 'STOMP-A6.abort'] },
  { id: 'stomp-commit-aborts', row: 'STOMP-T3', breaks: 'COMMIT aborts', stomp: heard(/^COMMIT\n/, 'ABORT\n'), expect: ['=STOMP-T3', 'STOMP-T1.again', 'STOMP-T1.connections', 'STOMP-A6.commit', 'STOMP-M4.hop'] },
  { id: 'stomp-ack-transaction', row: 'STOMP-A6', breaks: 'ACK does not wait for COMMIT', stomp: heard(/^(ACK\n[^]*?)\ntransaction:t(?=\n)/, '$1'), expect: ['STOMP-A6.open', 'STOMP-A6.abort'] },
  { id: 'stomp-transactions-commit-at-end', row: 'STOMP-T4', breaks: 'DISCONNECT commits open transactions', stomp: heard(/^DISCONNECT\n/, 'COMMIT\ntransaction:t\n\n\0DISCONNECT\n'), expect: ['STOMP-T4.disconnect', 'STOMP-A6.open'] },
  { id: 'stomp-transactions-many', row: 'STOMP-T6', breaks: 'transactions have no bounds', server: { stomp: { limits: { transactions: 1000, transactionFrames: 100_000, transactionBytes: 100_000_000 } } }, expect: ['STOMP-T6'] },
  { id: 'stomp-transaction-receipts', row: 'STOMP-T5', breaks: 'receipts in a transaction come at once', server: { stomp: { transactionReceipts: 'immediate' } }, expect: ['STOMP-T5'] },
  { id: 'stomp-subscribe-in-transaction', row: 'STOMP-T7', breaks: 'SUBSCRIBE in a transaction is refused', stomp: heard(/^SUBSCRIBE\n[^]*\ntransaction:[^]*/, 'X\n\n\0'), expect: ['STOMP-T7'] },
  ...['SEND', 'SUBSCRIBE', 'UNSUBSCRIBE', 'ACK', 'NACK', 'BEGIN', 'COMMIT', 'ABORT', 'DISCONNECT'].map((command): Fault => ({
    id: `stomp-no-receipt-for-${command.toLowerCase()}`,
    row: 'STOMP-R1',
    breaks: `${command} gets no RECEIPT`,
    stomp: heard(new RegExp(`^(${command}\n[^]*?)receipt:the receipt\n`), '$1'),
    expect: [`STOMP-R1.${command.toLowerCase()}`]
  })),
  { id: 'stomp-receipt-twice', row: 'STOMP-R1', breaks: 'every RECEIPT comes twice', stomp: frame('RECEIPT', (text) => [text, text]), expect: ['STOMP-R1', '=STOMP-R2', '=STOMP-D1'] },
  { id: 'stomp-receipt-order', row: 'STOMP-R2', breaks: 'the RECEIPT of SUBSCRIBE overtakes', stomp: heard(/\nreceipt:([12])(?=\n)/, (_all, id = '') => `\nreceipt:${id === '1' ? '2' : '1'}`), expect: ['=STOMP-R2'] },
  { id: 'stomp-receipt-body', row: 'STOMP-R2', breaks: 'RECEIPT has a body', stomp: frame('RECEIPT', (text) => text.replace('\0', 'done\0')), expect: ['STOMP-R2.body'] },
  { id: 'stomp-receipt-unescaped', row: 'STOMP-R2', breaks: 'receipt-id is cut at its first colon or backslash', stomp: field('RECEIPT', 'receipt-id', (id) => id.replace(/[\\:].*/, '')), expect: ['STOMP-R2.escaping'] },
  { id: 'stomp-receipt-early', row: 'STOMP-R2', breaks: 'messages after the RECEIPT of SUBSCRIBE are lost', stomp: frame('MESSAGE', (text) => /\n\n\d\0$/.test(text) ? [] : text), expect: ['STOMP-R2.subscribe'] },
  { id: 'stomp-error-anonymous', row: 'STOMP-R3', breaks: 'ERROR names no receipt', stomp: field('ERROR', 'receipt-id'), expect: ['STOMP-R3.id', 'STOMP-R3.parsed', 'STOMP-R3.unheard', 'STOMP-M1.error', 'STOMP-A4', 'STOMP-T1.twice', 'SPRING-F6', 'STOMP-L1.destination', 'STOMP-L1.subscriptions', 'STOMP-T6.open', 'STOMP-S5.unknown', 'STOMP-S1.error', 'STOMP-S3.other.error', 'STOMP-T1.begin.error'] },
  { id: 'stomp-error-tells', row: 'STOMP-X2', breaks: 'ERROR holds a stack', stomp: added('ERROR', 'stack:at handle (/srv/app/server.js)'), expect: ['STOMP-X2'] },
  { id: 'stomp-error-message', row: 'STOMP-X1', breaks: 'ERROR has no message', stomp: field('ERROR', 'message'), expect: ['STOMP-X1.message', 'STOMP-X1.always', '=STOMP-H6', 'STOMP-C8', 'STOMP-C3.body', 'STOMP-F6.name'] },
  { id: 'stomp-error-type', row: 'STOMP-X1', breaks: 'ERROR has no content-type', stomp: field('ERROR', 'content-type'), expect: ['STOMP-X1.always', 'STOMP-C3.body'] },
  { id: 'stomp-open-after-error', row: 'STOMP-X1', breaks: 'the connection stays open after ERROR', stomp: closes(1002, undefined), expect: ['=STOMP-X1', 'STOMP-X1.always', 'STOMP-W7.error', 'STOMP-K6.error'] },
  { id: 'stomp-rest-carried-out', row: 'STOMP-X1', breaks: 'a frame that failed is skipped, and the rest carried out', stomp: heard(/SEND\n\nnowhere\0|SEND\nreceipt:r\n\nnowhere\0/, '\n'), expect: ['STOMP-X1.rest', '=STOMP-R3', '=STOMP-X1', 'STOMP-X1.message'] },
  { id: 'stomp-application-told', row: 'STOMP-R3', breaks: 'errors of the application show what was thrown', stomp: frame('MESSAGE', (text) => text.includes('/user/queue/errors') ? text.replace('\n', '\nx:y\n').replace(/content-length:\d+\n/, '').replace(/\0$/, ' failed as asked\0') : text), expect: ['STOMP-R3.application'] },
  { id: 'stomp-disconnect-unanswered', row: 'STOMP-D1', breaks: 'the RECEIPT of DISCONNECT is lost', stomp: frame('RECEIPT', (text) => text.includes(':bye') ? [] : text), expect: ['=STOMP-D1'] },
  { id: 'stomp-disconnect-receipt', row: 'STOMP-D1', breaks: 'DISCONNECT is always answered by RECEIPT', stomp: heard(/^DISCONNECT\n\n/, 'DISCONNECT\nreceipt:none\n\n'), expect: ['STOMP-D1.plain'] },
  { id: 'stomp-open-after-disconnect', row: 'STOMP-D1', breaks: 'the connection stays open after DISCONNECT', stomp: closes(1000, undefined), expect: ['=STOMP-D1', 'STOMP-D1.plain', 'STOMP-D1.after', 'STOMP-W7.disconnect', 'STOMP-K6.disconnect', 'STOMP-R1.disconnect', 'STOMP-K1.transports', 'STOMP-T4.disconnect'] },
  { id: 'stomp-after-disconnect', row: 'STOMP-D1', breaks: 'frames after DISCONNECT are carried out', stomp: heardWhole(/(DISCONNECT\n\n\0)(SEND\n[^\0]*\0)/, '$2$1'), expect: ['STOMP-D1.after'] },
  { id: 'stomp-before-disconnect', row: 'STOMP-D1', breaks: 'the last frame before the end is lost', stomp: heard(/^(SEND\n[^]*\n\n)(29|9)\0$/, '\n'), expect: ['STOMP-D1.before', '=STOMP-D2'] },
  { id: 'stomp-receipts-lost', row: 'STOMP-R1', breaks: 'there are no RECEIPTs', stomp: lost('RECEIPT'), expect: ['STOMP-R2.subscribe', 'STOMP-R2.body', '=STOMP-D1', 'STOMP-D1.after', 'STOMP-D1.before'] },
  { id: 'stomp-ghosts', row: 'STOMP-D2', breaks: 'the end of a connection is not noticed', stomp: () => ({ ended: () => false }), expect: ['STOMP-D2.subscriptions', 'STOMP-A5'] },
  { id: 'stomp-lost-commits', row: 'STOMP-T4', breaks: 'messages of a transaction leak before its end', stomp: heard(/\ntransaction:t\n\nnever/, '\n\nnever'), expect: ['STOMP-T4.lost', 'STOMP-T4.disconnect'] }
]
