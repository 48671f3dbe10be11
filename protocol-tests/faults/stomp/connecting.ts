import { field, frame, heard, lost } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const connecting: readonly Fault[] = [
  {
    id: 'stomp-stomp-unknown',
    row: 'STOMP-C1',
    breaks: 'the command STOMP is unknown',
    stomp: heard(/^STOMP\n/, 'STOMPX\n'),
    expect: ['STOMP-C1']
  },
  {
    id: 'stomp-lowest-version',
    row: 'STOMP-C2',
    breaks: 'the first version of the list is agreed on',
    stomp: heard(/\naccept-version:([^,\n]*),[^\n]*/, '\naccept-version:$1'),
    expect: ['=STOMP-C2', 'STOMP-C2.spaces', 'STOMP-W3']
  },
  {
    id: 'stomp-version-fixed',
    row: 'STOMP-C2',
    breaks: 'CONNECTED always says 1.2',
    stomp: field('CONNECTED', 'version', '1.2'),
    expect: ['=STOMP-C2', 'STOMP-C2.none', '=STOMP-C4', 'STOMP-C4.always', 'STOMP-W3']
  },
  {
    id: 'stomp-version-unsaid',
    row: 'STOMP-C4',
    breaks: 'CONNECTED names no version',
    stomp: field('CONNECTED', 'version'),
    expect: ['=STOMP-C4', 'STOMP-C4.always', 'STOMP-C1']
  },
  {
    id: 'stomp-session-unsaid',
    row: 'STOMP-C4',
    breaks: 'CONNECTED names no session',
    stomp: field('CONNECTED', 'session'),
    expect: ['STOMP-C4.session', 'STOMP-C4.always', 'STOMP-C4.unique']
  },
  {
    id: 'stomp-session-same',
    row: 'STOMP-C4',
    breaks: 'all sessions have one name',
    stomp: field('CONNECTED', 'session', 'the-one-and-only-session'),
    expect: ['STOMP-C4.unique']
  },
  {
    id: 'stomp-heart-beat-unsaid',
    row: 'STOMP-C4',
    breaks: 'CONNECTED has no heart-beat',
    stomp: field('CONNECTED', 'heart-beat'),
    expect: ['STOMP-C4.heart-beat', 'STOMP-C4.always', 'STOMP-H2.mirror', 'STOMP-H6.old', 'STOMP-H7', 'STOMP-K4']
  },
  {
    id: 'stomp-versions-unlisted',
    row: 'STOMP-C3',
    breaks: 'the ERROR for no common version lists none',
    stomp: field('ERROR', 'version'),
    expect: ['STOMP-C3', 'STOMP-C3.body']
  },
  {
    id: 'stomp-host-demanded',
    row: 'STOMP-C5',
    breaks: 'host must be there, and known',
    server: { stomp: { hosts: ['127.0.0.1'] } },
    expect: ['STOMP-C5', 'STOMP-C6']
  },
  {
    id: 'stomp-passcode-ignored',
    row: 'STOMP-C7',
    breaks: 'every passcode passes',
    stomp: heard(/\npasscode:[^\n]*/, '\npasscode:guest'),
    expect: ['=STOMP-C7', 'STOMP-C7.error', 'STOMP-E3.passcode', 'STOMP-K5.passcode']
  },
  {
    id: 'stomp-connect-headers',
    row: 'STOMP-C7',
    breaks: 'Authorization on CONNECT is refused',
    stomp: heard(/^CONNECT\n[^]*\nAuthorization:[^]*/, 'X\n\n\0'),
    expect: ['STOMP-C7.headers']
  },
  {
    id: 'stomp-connect-timeout',
    row: 'STOMP-C9',
    breaks: 'a client that sends no CONNECT may stay',
    server: { stomp: { limits: { connectTimeout: 60_000 } } },
    expect: ['STOMP-C9']
  },
  {
    id: 'stomp-connect-receipt',
    row: 'STOMP-C10',
    breaks: 'CONNECTED repeats receipt, and a RECEIPT follows',
    stomp: frame('CONNECTED', (text) => [text.replace('\n', '\nreceipt-id:no\n'), 'RECEIPT\nreceipt-id:no\n\n\0']),
    expect: ['STOMP-C10', 'STOMP-C10.echo']
  },
  {
    id: 'stomp-refusal-lost',
    row: 'STOMP-C11',
    breaks: 'ERROR never leaves',
    stomp: lost('ERROR'),
    expect: [
      'STOMP-C11', '=STOMP-X1', 'STOMP-X1.message', 'STOMP-X1.always', 'STOMP-X2', 'STOMP-R3.id', '=STOMP-H6', 'STOMP-E4', 'STOMP-C3',
      'STOMP-W9.beats', 'STOMP-W7.error', 'STOMP-K6.error'
    ]
  },
  {
    id: 'stomp-server-unsaid',
    row: 'STOMP-C4',
    breaks: 'CONNECTED names no server',
    stomp: field('CONNECTED', 'server'),
    expect: ['STOMP-C4.always']
  },
  {
    id: 'stomp-passcode-told',
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
  {
    id: 'stomp-connected-lost',
    row: 'STOMP-C1',
    breaks: 'CONNECTED is lost',
    stomp: lost('CONNECTED'),
    expect: ['STOMP-C5', 'STOMP-C6', '=STOMP-K5', 'STOMP-F4.before', '=STOMP-E3', 'STOMP-W9']
  },
  {
    id: 'stomp-any-version',
    row: 'STOMP-C3',
    breaks: 'the server answers any version with 1.2',
    stomp: heard(/\naccept-version:[09]\.[19](?=\n)/, '\naccept-version:1.2'),
    expect: ['STOMP-C3', 'STOMP-C11']
  },
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
