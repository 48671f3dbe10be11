import { body, field, frame, heard } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const escaping: readonly Fault[] = [
  {
    id: 'stomp-unescaped',
    row: 'STOMP-E1',
    breaks: 'headers of MESSAGE are not escaped',
    stomp: frame('MESSAGE', (text) => text.replace(/^(k?[^\n]*)$/gm, (line) => line.replaceAll('\\c', ':'))),
    expect: ['STOMP-E1.decode', 'STOMP-E1.encode', 'STOMP-E1.decode-1.1', 'STOMP-E1.encode-1.1', 'STOMP-E1.none', 'STOMP-E6', 'STOMP-M6.versions']
  },
  {
    id: 'stomp-escapes-kept',
    row: 'STOMP-E1',
    breaks: 'escapes are not read',
    stomp: heard(/\\/g, '\\\\'),
    expect: [
      'STOMP-E1.decode', 'STOMP-E1.encode', 'STOMP-E1.decode-1.1', 'STOMP-E1.encode-1.1', 'STOMP-E1.none', 'STOMP-E2', '=STOMP-E5', 'STOMP-E6',
      'STOMP-M6.versions', 'STOMP-W4.split', 'STOMP-R2.escaping', 'STOMP-K1.split'
    ]
  },
  {
    id: 'stomp-decoding-twice',
    row: 'STOMP-E5',
    breaks: 'decoding takes several passes',
    stomp: heard(/\\\\([nc])/g, '\\$1'),
    expect: ['=STOMP-E5', 'STOMP-E1.decode']
  },
  {
    id: 'stomp-connect-escapes',
    row: 'STOMP-E3',
    breaks: 'CONNECT is unescaped',
    stomp: heard(/^CONNECT\n[^]*\\[^]*$/, (text) => /\\(?![nrc\\])/.test(text) ? 'X\n\n\0' : text.replaceAll('\\\\', '')),
    expect: ['=STOMP-E3']
  },
  {
    id: 'stomp-early-error-colon',
    row: 'STOMP-E4',
    breaks: 'an ERROR before CONNECTED has a colon in its message',
    stomp: field('ERROR', 'message', (text) => `Error: ${text}`),
    expect: ['STOMP-E4']
  },
  {
    id: 'stomp-backslash',
    row: 'STOMP-E5',
    breaks: 'generated ids hold a backslash and a colon',
    stomp: field('MESSAGE', 'message-id', (id) => `a\\\\\\c${id}`),
    expect: ['STOMP-E5.plain', 'STOMP-M2.letters']
  },
  {
    id: 'stomp-body-escaped',
    row: 'STOMP-E6',
    breaks: 'bodies are escaped',
    stomp: body('MESSAGE', (text) => text.replaceAll(':', '\\c')),
    expect: ['STOMP-E6', 'STOMP-B2']
  },
  {
    id: 'stomp-escapes-lenient',
    row: 'STOMP-E2',
    breaks: 'undefined escapes are skipped',
    stomp: heard(/\n(?:k:)?a\\(?:[tr]b|x:v|(?=\n))/, '\nk:a'),
    expect: ['STOMP-E2']
  },
  {
    id: 'stomp-return-escaped',
    row: 'STOMP-E1',
    breaks: 'CR is escaped in 1.1, too',
    stomp: frame('MESSAGE', (text) => text.replace(/(?<=\nk:a)(?=b\n)/, '\\r')),
    expect: ['STOMP-E1.return-1.1']
  }
]
