import { field, frame, heard, heardWhole } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const framing: readonly Fault[] = [
  {
    id: 'stomp-crlf',
    row: 'STOMP-F2',
    breaks: 'lines of the server end with CRLF',
    stomp: frame('MESSAGE', (text) => text.replace('\n', '\r\n')),
    expect: ['STOMP-F2.lf']
  },
  {
    id: 'stomp-header-lost',
    row: 'STOMP-F1',
    breaks: 'the first unknown header of SEND is lost',
    stomp: heard(/\n(colour|n|a|[^\0-\x7f]+|k|x-custom):[^\n]*/g, ''),
    expect: [
      '=STOMP-F1', '=STOMP-F2', 'STOMP-F2.old', 'STOMP-F3.old', 'STOMP-F6.value', 'STOMP-F6.value-old', 'STOMP-F7', 'STOMP-F9', '=STOMP-F11',
      'STOMP-E1.none', '=STOMP-M4', 'STOMP-M6.versions'
    ]
  },
  {
    id: 'stomp-crlf-unread',
    row: 'STOMP-F2',
    breaks: 'CRLF does not end a line',
    stomp: heard(/\r\n/g, '\r'),
    expect: ['=STOMP-F2', 'STOMP-F2.old', 'STOMP-W4.split']
  },
  {
    id: 'stomp-cr-dropped',
    row: 'STOMP-F3',
    breaks: 'CR is dropped wherever it stands',
    stomp: heard(/\r/g, ''),
    expect: ['STOMP-F3', 'STOMP-F3.old']
  },
  {
    id: 'stomp-eol-refused',
    row: 'STOMP-F4',
    breaks: 'an empty line between frames is an error',
    stomp: heardWhole(/^\r?\n+/, 'X\n\n\0'),
    expect: ['STOMP-F4', '=STOMP-H3', 'STOMP-K3.client', 'STOMP-C9']
  },
  {
    id: 'stomp-case',
    row: 'STOMP-F5',
    breaks: 'commands and header names are read without case',
    stomp: heard(/^send|\nDestination:|\nContent-Length:/gm, (found) => found.startsWith('\n') ? found.toLowerCase() : found.toUpperCase()),
    expect: ['STOMP-F5']
  },
  {
    id: 'stomp-second-colon',
    row: 'STOMP-F7',
    breaks: 'a value ends at its first colon',
    stomp: heard(/\na:b:c:\n/, '\na:b\n'),
    expect: ['STOMP-F7']
  },
  {
    id: 'stomp-spaces-trimmed',
    row: 'STOMP-F8',
    breaks: 'spaces around names and values go in every version',
    stomp: heard(/\n a : b \n/, '\na:b\n'),
    expect: ['=STOMP-F8']
  },
  {
    id: 'stomp-spaces-kept',
    row: 'STOMP-F8',
    breaks: 'spaces around names and values stay in 1.0',
    stomp: frame('MESSAGE', (text) => text.replace('\na:b\n', '\n a : b \n')),
    expect: ['STOMP-F8.old']
  },
  {
    id: 'stomp-last-header',
    row: 'STOMP-F9',
    breaks: 'of a repeated header the last counts',
    stomp: heard(/\na:first\na:second/, '\na:second\na:first'),
    expect: ['STOMP-F9']
  },
  {
    id: 'stomp-repeated-header',
    row: 'STOMP-F9',
    breaks: 'repeated headers are passed on',
    stomp: field('MESSAGE', 'a', (value) => `${value}\na:second`),
    expect: ['STOMP-F9.dropped']
  },
  {
    id: 'stomp-latin1',
    row: 'STOMP-F11',
    breaks: 'every character that is not ASCII becomes a question mark',
    stomp: frame('MESSAGE', (text) => text.replace(/[^\0-\x7f]/g, '?')),
    expect: [
      '=STOMP-F11', 'STOMP-F11.octets', '=STOMP-B6', 'STOMP-M1.echo', '=STOMP-M4', 'STOMP-K1.transports', 'STOMP-M6.across', 'STOMP-L1.large',
      'STOMP-W4.octets', 'STOMP-W4.pieces-8', 'STOMP-W4.pieces-16', 'STOMP-W4.mixed', '=STOMP-F10', 'STOMP-K1.split'
    ]
  },
  {
    id: 'stomp-line-skipped',
    row: 'STOMP-F6',
    breaks: 'a header line without a colon is skipped',
    stomp: heard(/\nnonsense\n/, '\n'),
    expect: ['=STOMP-F6', '=STOMP-F6.error', 'STOMP-R3.parsed']
  },
  {
    id: 'stomp-nameless-header',
    row: 'STOMP-F6',
    breaks: 'a header without a name is skipped',
    stomp: heard(/\n:value\n/, '\n'),
    expect: ['STOMP-F6.name']
  },
  {
    id: 'stomp-utf-8-unchecked',
    row: 'STOMP-F11',
    breaks: 'a head may be any octets',
    stomp: heard(/\xc3\x28\xff/, '?'),
    expect: ['STOMP-F11.invalid']
  },
  {
    id: 'stomp-mark-lost',
    row: 'STOMP-F11',
    breaks: 'a byte order mark is skipped',
    stomp: heard(/\xef\xbb\xbf/g, ''),
    expect: ['STOMP-F11.mark']
  }
]
