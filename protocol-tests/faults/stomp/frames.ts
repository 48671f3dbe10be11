/** How frames are read and written. */
import { added, body, field, frame, heard, heardWhole, together } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const frames: readonly Fault[] = [
  { id: 'stomp-crlf', row: 'STOMP-F2', breaks: 'lines of the server end with CRLF', stomp: frame('MESSAGE', (text) => text.replace('\n', '\r\n')), expect: ['STOMP-F2.lf'] },
  { id: 'stomp-header-lost', row: 'STOMP-F1', breaks: 'the first unknown header of SEND is lost', stomp: heard(/\n(colour|n|a|[^\0-\x7f]+|k|x-custom):[^\n]*/g, ''), expect: ['=STOMP-F1', '=STOMP-F2', 'STOMP-F2.old', 'STOMP-F3.old', 'STOMP-F6.value', 'STOMP-F6.value-old', 'STOMP-F7', 'STOMP-F9', '=STOMP-F11', 'STOMP-E1.none', '=STOMP-M4', 'STOMP-M6.versions'] },
  { id: 'stomp-crlf-unread', row: 'STOMP-F2', breaks: 'CRLF does not end a line', stomp: heard(/\r\n/g, '\r'), expect: ['=STOMP-F2', 'STOMP-F2.old', 'STOMP-W4.split'] },
  { id: 'stomp-cr-dropped', row: 'STOMP-F3', breaks: 'CR is dropped wherever it stands', stomp: heard(/\r/g, ''), expect: ['STOMP-F3', 'STOMP-F3.old'] },
  { id: 'stomp-eol-refused', row: 'STOMP-F4', breaks: 'an empty line between frames is an error', stomp: heardWhole(/^\r?\n+/, 'X\n\n\0'), expect: ['STOMP-F4', '=STOMP-H3', 'STOMP-K3.client', 'STOMP-C9'] },
  { id: 'stomp-case', row: 'STOMP-F5', breaks: 'commands and header names are read without case', stomp: heard(/^send|\nDestination:|\nContent-Length:/gm, (found) => found.startsWith('\n') ? found.toLowerCase() : found.toUpperCase()), expect: ['STOMP-F5'] },
  { id: 'stomp-second-colon', row: 'STOMP-F7', breaks: 'a value ends at its first colon', stomp: heard(/\na:b:c:\n/, '\na:b\n'), expect: ['STOMP-F7'] },
  { id: 'stomp-spaces-trimmed', row: 'STOMP-F8', breaks: 'spaces around names and values go in every version', stomp: heard(/\n a : b \n/, '\na:b\n'), expect: ['=STOMP-F8'] },
  { id: 'stomp-spaces-kept', row: 'STOMP-F8', breaks: 'spaces around names and values stay in 1.0', stomp: frame('MESSAGE', (text) => text.replace('\na:b\n', '\n a : b \n')), expect: ['STOMP-F8.old'] },
  { id: 'stomp-last-header', row: 'STOMP-F9', breaks: 'of a repeated header the last counts', stomp: heard(/\na:first\na:second/, '\na:second\na:first'), expect: ['STOMP-F9'] },
  { id: 'stomp-repeated-header', row: 'STOMP-F9', breaks: 'repeated headers are passed on', stomp: field('MESSAGE', 'a', (value) => `${value}\na:second`), expect: ['STOMP-F9.dropped'] },
  { id: 'stomp-latin1', row: 'STOMP-F11', breaks: 'what is not ASCII becomes a question mark', stomp: frame('MESSAGE', (text) => text.replace(/[^\0-\x7f]/g, '?')), expect: ['=STOMP-F11', 'STOMP-F11.octets', '=STOMP-B6', 'STOMP-M1.echo', '=STOMP-M4', 'STOMP-K1.transports', 'STOMP-M6.across', 'STOMP-L1.large', 'STOMP-W4.octets', 'STOMP-W4.pieces-8', 'STOMP-W4.pieces-16', 'STOMP-W4.mixed', '=STOMP-F10', 'STOMP-K1.split'] },
  { id: 'stomp-leading-lf', row: 'STOMP-W5', breaks: 'a line feed stands before frames', stomp: frame('MESSAGE', (text) => `\n${text}`), expect: ['STOMP-F1.server', '=STOMP-W5', '=STOMP-K1', 'STOMP-H3.reset'] },
  { id: 'stomp-trailing-lf', row: 'STOMP-W5', breaks: 'a line feed stands behind frames', stomp: frame('MESSAGE', (text) => `${text}\n`), expect: ['STOMP-W5.exact', 'STOMP-F1.server'] },
  { id: 'stomp-frame-cut', row: 'STOMP-K1', breaks: 'a frame of the server comes in two messages', stomp: frame('MESSAGE', (text) => [text.slice(0, 20), text.slice(20)]), expect: ['STOMP-W5', 'STOMP-W5.exact', '=STOMP-K1'] },
  { id: 'stomp-unescaped', row: 'STOMP-E1', breaks: 'headers of MESSAGE are not escaped', stomp: frame('MESSAGE', (text) => text.replace(/^(k?[^\n]*)$/gm, (line) => line.replaceAll('\\c', ':'))), expect: ['STOMP-E1', 'STOMP-E6', 'STOMP-M6.versions'] },
  { id: 'stomp-escapes-kept', row: 'STOMP-E1', breaks: 'escapes are not read', stomp: heard(/\\/g, '\\\\'), expect: ['STOMP-E1', 'STOMP-E2', '=STOMP-E5', 'STOMP-E6', 'STOMP-M6.versions', 'STOMP-E1.none', 'STOMP-W4.split', 'STOMP-R2.escaping', 'STOMP-K1.split'] },
  { id: 'stomp-decoding-twice', row: 'STOMP-E5', breaks: 'decoding takes several passes', stomp: heard(/\\\\([nc])/g, '\\$1'), expect: ['=STOMP-E5', 'STOMP-E1.decode'] },
  { id: 'stomp-connect-escapes', row: 'STOMP-E3', breaks: 'CONNECT is unescaped', stomp: heard(/^CONNECT\n[^]*\\[^]*$/, (text) => /\\(?![nrc\\])/.test(text) ? 'X\n\n\0' : text.replaceAll('\\\\', '')), expect: ['=STOMP-E3'] },
  { id: 'stomp-early-error-colon', row: 'STOMP-E4', breaks: 'an ERROR before CONNECTED has a colon in its message', stomp: field('ERROR', 'message', (text) => `Error: ${text}`), expect: ['STOMP-E4'] },
  { id: 'stomp-backslash', row: 'STOMP-E5', breaks: 'generated ids hold a backslash and a colon', stomp: field('MESSAGE', 'message-id', (id) => `a\\\\\\c${id}`), expect: ['STOMP-E5.plain', 'STOMP-M2.letters'] },
  { id: 'stomp-body-escaped', row: 'STOMP-E6', breaks: 'bodies are escaped', stomp: body('MESSAGE', (text) => text.replaceAll(':', '\\c')), expect: ['STOMP-E6', 'STOMP-B2'] },
  { id: 'stomp-body-to-nul', row: 'STOMP-B1', breaks: 'a body ends at its first NUL', stomp: body('MESSAGE', (text) => text.replace(/\0[^]*/, '')), expect: ['=STOMP-B1', '=STOMP-B3', 'STOMP-K2', 'STOMP-W4.split', 'STOMP-F11.octets', 'STOMP-W6.octets'] },
  { id: 'stomp-length-missing', row: 'STOMP-B3', breaks: 'MESSAGE has no content-length', stomp: field('MESSAGE', 'content-length'), expect: ['STOMP-B3', 'STOMP-B3.body', 'STOMP-B3.empty', '=STOMP-B6', '=STOMP-B1', 'STOMP-K2'] },
  { id: 'stomp-error-length-missing', row: 'STOMP-B3', breaks: 'ERROR has no content-length', stomp: field('ERROR', 'content-length'), expect: ['STOMP-B3.body', 'STOMP-X1.always'] },
  { id: 'stomp-zero-length-missing', row: 'STOMP-B3', breaks: 'an empty MESSAGE has no content-length', stomp: frame('MESSAGE', (text) => text.replace('\ncontent-length:0', '')), expect: ['STOMP-B3.empty'] },
  { id: 'stomp-length-of-characters', row: 'STOMP-B6', breaks: 'content-length counts characters', stomp: frame('MESSAGE', (text) => text.replace(/\ncontent-length:(\d+)/, `\ncontent-length:${Buffer.from(text.slice(text.indexOf('\n\n') + 2, -1), 'latin1').toString().length}`)), expect: ['=STOMP-B6', '=STOMP-F11', 'STOMP-L1.large', 'STOMP-K1.split'] },
  { id: 'stomp-type-added', row: 'STOMP-B6', breaks: 'every MESSAGE is text/plain', stomp: together(added('MESSAGE', 'content-type:text/plain')), expect: ['STOMP-B6.type'] },
  { id: 'stomp-same-length-refused', row: 'STOMP-B4', breaks: 'the same content-length twice is refused', stomp: heard(/(\ncontent-length:1)\1/, '\ncontent-length:1\ncontent-length:2'), expect: ['STOMP-B4.same'] },
  { id: 'stomp-old-body', row: 'STOMP-B5', breaks: 'the body of SUBSCRIBE is refused in 1.0', stomp: heard(/^SUBSCRIBE\n[^]*what is this\0/, 'X\n\n\0'), expect: ['STOMP-B5.old'] },
  { id: 'stomp-body-changed', row: 'STOMP-M6', breaks: 'bodies come with a letter more', stomp: body('MESSAGE', (text) => `${text}!`), expect: ['=STOMP-F1', '=STOMP-F4', 'STOMP-F10', '=STOMP-B1', 'STOMP-B2', 'STOMP-B5.old', '=STOMP-B6', '=STOMP-M6', 'STOMP-M6.across', 'STOMP-M8', 'STOMP-L1.large', 'STOMP-W4', 'STOMP-K1.several', 'STOMP-K1.split', 'STOMP-K1.transports', 'STOMP-K2', 'STOMP-W6.octets', 'STOMP-F11.octets', 'DEMO-1', 'DEMO-2', 'DEMO-3', 'BROKER-1', 'BROKER-2', 'BROKER-3'] }
]
