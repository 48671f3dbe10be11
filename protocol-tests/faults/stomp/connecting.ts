/** CONNECT, CONNECTED, heart-beats. */
import { added, field, frame, heard, lost, together } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

const second = 1000

export const connecting: readonly Fault[] = [
  { id: 'stomp-stomp-unknown', row: 'STOMP-C1', breaks: 'STOMP is no command', stomp: heard(/^STOMP\n/, 'STOMPX\n'), expect: ['STOMP-C1'] },
  { id: 'stomp-lowest-version', row: 'STOMP-C2', breaks: 'the first version of the list is agreed on', stomp: heard(/\naccept-version:([^,\n]*),[^\n]*/, '\naccept-version:$1'), expect: ['=STOMP-C2', 'STOMP-C2.spaces', 'STOMP-W3'] },
  { id: 'stomp-version-fixed', row: 'STOMP-C2', breaks: 'CONNECTED always says 1.2', stomp: field('CONNECTED', 'version', '1.2'), expect: ['=STOMP-C2', 'STOMP-C2.none', '=STOMP-C4', 'STOMP-C4.always', 'STOMP-W3'] },
  { id: 'stomp-version-unsaid', row: 'STOMP-C4', breaks: 'CONNECTED names no version', stomp: field('CONNECTED', 'version'), expect: ['=STOMP-C4', 'STOMP-C4.always', 'STOMP-C1'] },
  { id: 'stomp-session-unsaid', row: 'STOMP-C4', breaks: 'CONNECTED names no session', stomp: field('CONNECTED', 'session'), expect: ['STOMP-C4.session', 'STOMP-C4.always', 'STOMP-C4.unique'] },
  { id: 'stomp-session-same', row: 'STOMP-C4', breaks: 'all sessions have one name', stomp: field('CONNECTED', 'session', 'the-one-and-only-session'), expect: ['STOMP-C4.unique'] },
  { id: 'stomp-heart-beat-unsaid', row: 'STOMP-C4', breaks: 'CONNECTED has no heart-beat', stomp: field('CONNECTED', 'heart-beat'), expect: ['STOMP-C4.heart-beat', 'STOMP-C4.always', 'STOMP-H2.mirror', 'STOMP-H6.old', 'STOMP-H7', 'STOMP-K4'] },
  { id: 'stomp-versions-unlisted', row: 'STOMP-C3', breaks: 'the ERROR for no common version lists none', stomp: field('ERROR', 'version'), expect: ['STOMP-C3', 'STOMP-C3.body'] },
  { id: 'stomp-host-demanded', row: 'STOMP-C5', breaks: 'host must be there, and known', server: { stomp: { hosts: ['127.0.0.1'] } }, expect: ['STOMP-C5', 'STOMP-C6'] },
  { id: 'stomp-passcode-ignored', row: 'STOMP-C7', breaks: 'every passcode passes', stomp: heard(/\npasscode:[^\n]*/, '\npasscode:guest'), expect: ['=STOMP-C7', 'STOMP-C7.error', 'STOMP-E3.passcode', 'STOMP-K5.passcode'] },
  { id: 'stomp-connect-headers', row: 'STOMP-C7', breaks: 'Authorization on CONNECT is refused', stomp: heard(/^CONNECT\n[^]*\nAuthorization:[^]*/, 'X\n\n\0'), expect: ['STOMP-C7.headers'] },
  { id: 'stomp-connect-timeout', row: 'STOMP-C9', breaks: 'whoever sends no CONNECT may stay', server: { stomp: { limits: { connectTimeout: 60_000 } } }, expect: ['STOMP-C9'] },
  { id: 'stomp-connect-receipt', row: 'STOMP-C10', breaks: 'CONNECTED repeats receipt, and a RECEIPT follows', stomp: together(frame('CONNECTED', (text) => [text.replace('\n', '\nreceipt-id:no\n'), 'RECEIPT\nreceipt-id:no\n\n\0'])), expect: ['STOMP-C10', 'STOMP-C10.echo'] },
  { id: 'stomp-refusal-lost', row: 'STOMP-C11', breaks: 'ERROR never leaves', stomp: lost('ERROR'), expect: ['STOMP-C11', '=STOMP-X1', 'STOMP-X1.message', 'STOMP-X1.always', 'STOMP-X2', 'STOMP-R3.id', '=STOMP-H6', 'STOMP-E4', 'STOMP-C3', 'STOMP-W9.beats', 'STOMP-W7.error', 'STOMP-K6.error'] },
  {
    id: 'stomp-beats-unasked',
    row: 'STOMP-H1',
    breaks: 'the server beats whatever was agreed',
    stomp (link) {
      const timer = setInterval(() => link.toClient('\n'), 900)
      timer.unref()
      return { ended: () => true, closes (close) { clearInterval(timer); return close } }
    },
    expect: ['=STOMP-H1', '=STOMP-H2', 'STOMP-H6.connected', 'STOMP-H6.old', 'STOMP-H3.reset', 'STOMP-H5.early']
  },
  { id: 'stomp-beats-lost', row: 'STOMP-H5', breaks: 'the server never beats', stomp: () => ({ sent: (text) => text === '\n' ? [] : text }), expect: ['STOMP-H5', '=STOMP-K3', 'STOMP-K3.heartbeats'] },
  { id: 'stomp-beats-crlf', row: 'STOMP-H5', breaks: 'a beat is CR and LF', stomp: () => ({ sent: (text) => text === '\n' ? '\r\n' : text }), expect: ['STOMP-H5.lf', '=STOMP-K3', 'STOMP-W5.exact'] },
  { id: 'stomp-beats-unheard', row: 'STOMP-H3', breaks: 'a client must send whole frames to live', stomp: () => ({ received: (text) => text === '\n' || text === 'x' ? [] : text }), expect: ['=STOMP-H3', 'STOMP-H3.octets', 'STOMP-K3.client'] },
  { id: 'stomp-impatient', row: 'STOMP-H4', breaks: 'a client may not be late', server: { stomp: { heartBeat: { tolerance: 1 } } }, expect: ['STOMP-H4', 'STOMP-H4.twice'] },
  { id: 'stomp-patient', row: 'STOMP-H4', breaks: 'a silent client is not given up', stomp: heard(/\nheart-beat:1000,0/, '\nheart-beat:0,0'), expect: ['STOMP-H4.twice', '=STOMP-H6', 'STOMP-W9.beats'] },
  {
    id: 'stomp-frames-no-life',
    row: 'STOMP-H3',
    breaks: 'frames do not count as life',
    stomp (link) {
      const timer = setTimeout(() => { if (link.memory['beats'] === 'yes') link.close(1002, 'silent') }, 2500)
      timer.unref()
      return { received (text) { if (text.includes(`heart-beat:${second},0`)) link.memory['beats'] = 'yes'; return text } }
    },
    expect: ['=STOMP-H3', 'STOMP-H3.frames', 'STOMP-H3.octets', 'STOMP-K3.client']
  },
  { id: 'stomp-heart-beat-fixed', row: 'STOMP-H2', breaks: 'the server offers 10 s, whatever is asked', server: { stomp: { heartBeat: { offer: [10_000, 10_000] } } }, expect: ['STOMP-H2.mirror', 'STOMP-H7', 'STOMP-K4'] },
  { id: 'stomp-heart-beat-quick', row: 'STOMP-H7', breaks: 'intervals below a second are taken', server: { stomp: { heartBeat: { minimum: 1 } } }, expect: ['STOMP-H7'] },
  { id: 'stomp-heart-beat-lenient', row: 'STOMP-H1', breaks: 'a malformed heart-beat means none', stomp: heard(/\nheart-beat:(?!\d+,\d+\n)[^\n]*/, ''), expect: ['STOMP-H1.negative', 'STOMP-H1.word', 'STOMP-H1.one', 'STOMP-H1.three', 'STOMP-H1.fraction', 'STOMP-H1.empty', 'STOMP-H1.space'] },
  { id: 'stomp-polling-beats', row: 'STOMP-K4', breaks: 'polling clients are offered beats every second', stomp: field('CONNECTED', 'heart-beat', '1000,1000'), expect: ['STOMP-K4'] },
  { id: 'stomp-server-unsaid', row: 'STOMP-C4', breaks: 'CONNECTED names no server', stomp: field('CONNECTED', 'server'), expect: ['STOMP-C4.always'] },
  {
    id: 'stomp-user-secret',
    row: 'STOMP-C7',
    breaks: 'the ERROR for a wrong passcode repeats it',
    stomp (link) {
      return {
        received (text) { link.memory['passcode'] ??= /\npasscode:([^\n]*)/.exec(text)?.[1]; return text },
        sent: (text) => text.startsWith('ERROR\n') ? text.replace('\n', `\nwrong:${link.memory['passcode'] ?? ''}\n`) : text
      }
    },
    expect: ['STOMP-C7.error']
  },
  { id: 'stomp-connected-late', row: 'STOMP-C1', breaks: 'CONNECTED is lost', stomp: lost('CONNECTED'), expect: ['STOMP-C5', 'STOMP-C6', '=STOMP-K5', 'STOMP-F4.before', '=STOMP-E3', 'STOMP-W9'] },
  { id: 'stomp-connected-body', row: 'STOMP-M3', breaks: 'MESSAGE always has an ack header', stomp: added('MESSAGE', 'ack:x:y'), expect: ['STOMP-M3', 'STOMP-M3.auto'] }
]
