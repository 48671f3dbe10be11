import { added, body, field, frame, heard } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const bodies: readonly Fault[] = [
  {
    id: 'stomp-body-to-nul',
    row: 'STOMP-B1',
    breaks: 'a body ends at its first NUL',
    stomp: body('MESSAGE', (text) => text.replace(/\0[^]*/, '')),
    expect: ['=STOMP-B1', '=STOMP-B3', 'STOMP-K2', 'STOMP-W4.split', 'STOMP-F11.octets', 'STOMP-W6.octets']
  },
  {
    id: 'stomp-length-missing',
    row: 'STOMP-B3',
    breaks: 'MESSAGE has no content-length',
    stomp: field('MESSAGE', 'content-length'),
    expect: ['STOMP-B3', 'STOMP-B3.body', 'STOMP-B3.empty', '=STOMP-B6', '=STOMP-B1', 'STOMP-K2']
  },
  {
    id: 'stomp-error-length-missing',
    row: 'STOMP-B3',
    breaks: 'ERROR has no content-length',
    stomp: field('ERROR', 'content-length'),
    expect: ['STOMP-B3.body', 'STOMP-X1.always']
  },
  {
    id: 'stomp-zero-length-missing',
    row: 'STOMP-B3',
    breaks: 'an empty MESSAGE has no content-length',
    stomp: frame('MESSAGE', (text) => text.replace('\ncontent-length:0', '')),
    expect: ['STOMP-B3.empty']
  },
  {
    id: 'stomp-length-of-characters',
    row: 'STOMP-B6',
    breaks: 'content-length counts characters',
    stomp: frame('MESSAGE', (text) => {
      const characters = Buffer.from(text.slice(text.indexOf('\n\n') + 2, -1), 'latin1').toString().length
      return text.replace(/\ncontent-length:\d+/, `\ncontent-length:${characters}`)
    }),
    expect: ['=STOMP-B6', '=STOMP-F11', 'STOMP-L1.large', 'STOMP-K1.split']
  },
  {
    id: 'stomp-type-added',
    row: 'STOMP-B6',
    breaks: 'every MESSAGE is text/plain',
    stomp: added('MESSAGE', 'content-type:text/plain'),
    expect: ['STOMP-B6.type']
  },
  {
    id: 'stomp-same-length-refused',
    row: 'STOMP-B4',
    breaks: 'the same content-length twice is refused',
    stomp: heard(/(\ncontent-length:1)\1/, '\ncontent-length:1\ncontent-length:2'),
    expect: ['STOMP-B4.same']
  },
  {
    id: 'stomp-old-body',
    row: 'STOMP-B5',
    breaks: 'the body of SUBSCRIBE is refused in 1.0',
    stomp: heard(/^SUBSCRIBE\n[^]*what is this\0/, 'X\n\n\0'),
    expect: ['STOMP-B5.old']
  },
  {
    id: 'stomp-nul-unchecked',
    row: 'STOMP-B1',
    breaks: 'a content-length that is too short is ignored',
    stomp: heard(/\ncontent-length:3(?=\n[^]*\n\nlonger\0)/, ''),
    expect: ['STOMP-B1.nul']
  },
  {
    id: 'stomp-length-lenient',
    row: 'STOMP-B4',
    breaks: 'an invalid content-length is ignored',
    stomp: heard(/\ncontent-length:(?!\d{1,9}\n)[^\n]*/, ''),
    expect: ['negative', 'word', 'fraction', 'sign', 'hex', 'empty', 'huge'].map((name) => `STOMP-B4.${name}`)
  },
  {
    id: 'stomp-two-lengths',
    row: 'STOMP-B4',
    breaks: 'of two values of content-length the first counts',
    stomp: heard(/(\ncontent-length:1)\ncontent-length:2/, '$1'),
    expect: ['STOMP-B4.other']
  },
  {
    id: 'stomp-bodies-ignored',
    row: 'STOMP-B5',
    breaks: 'bodies are ignored where there may be none',
    stomp: heard(/^((?:SUBSCRIBE|UNSUBSCRIBE|BEGIN|DISCONNECT)\n[^]*\n\n)body\0/, '$1\0'),
    expect: ['STOMP-B5.*-1.*']
  },
  {
    id: 'stomp-type-lost',
    row: 'STOMP-B6',
    breaks: 'content-type is not passed on',
    stomp: field('MESSAGE', 'content-type'),
    expect: ['STOMP-B6.type', '=STOMP-M4']
  }
]
