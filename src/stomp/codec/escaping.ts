import { type Command, ruleOf } from './commands.ts'
import type { Version } from './versions.ts'

/** How header text is written for one kind of receiver and read from one kind of sender. */
export interface Dialect {
  /** From character to escape sequence. */
  readonly escapes: Readonly<Record<string, string>>
  /** From what may follow a backslash to character; `undefined` where a backslash is a character like any other. */
  readonly sequences: Readonly<Record<string, string>> | undefined
  /** Characters that cannot stand in a value as they are: escaped where there is an escape, else left out. */
  readonly reserved: RegExp
  /** What makes a name impossible to send; a name without those characters would be another name. */
  readonly impossibleName: RegExp
  /** Spaces around names and values mean nothing (STOMP-F8). */
  readonly trims: boolean
  /** Whether a CR may stand anywhere but before the LF (STOMP-F3). */
  readonly bareCR: boolean
}

const V12: Dialect = {
  escapes: { '\r': '\\r', '\n': '\\n', ':': '\\c', '\\': '\\\\' },
  sequences: { r: '\r', n: '\n', c: ':', '\\': '\\' },
  reserved: /[\r\n:\\\0]/g,
  impossibleName: /^$|\0/,
  trims: false,
  bareCR: false
}

// 1.1 has no escape for a CR, and takes one at the end of a line for part of the EOL: it is not sent at all.
const V11: Dialect = {
  escapes: { '\n': '\\n', ':': '\\c', '\\': '\\\\' },
  sequences: { n: '\n', c: ':', '\\': '\\' },
  reserved: /[\r\n:\\\0]/g,
  impossibleName: /^$|[\r\0]/,
  trims: false,
  bareCR: true
}

const V10: Dialect = {
  escapes: {},
  sequences: undefined,
  reserved: /[\r\n\0]/g,
  impossibleName: /^$|^\s|\s$|[\r\n:\0]/,
  trims: true,
  bareCR: true
}

/** CONNECT, STOMP and CONNECTED, and everything before a version is agreed (STOMP-E3, STOMP-E4). */
const UNESCAPED: Dialect = { ...V10, impossibleName: /^$|[\r\n:\0]/, trims: false }

/** `command` is `undefined` for a word that is none. */
export function dialectFor (command: Command | undefined, version: Version | undefined): Dialect {
  if (version === undefined || (command !== undefined && !ruleOf(command).escaped)) return UNESCAPED
  return version === '1.2' ? V12 : version === '1.1' ? V11 : V10
}

/** One pass, so that nothing is escaped twice (STOMP-E6). */
export function escapeValue (value: string, { escapes, reserved }: Dialect): string {
  return value.search(reserved) === -1 ? value : value.replace(reserved, (character) => escapes[character] ?? '')
}

/** `undefined` for a name that cannot be sent. */
export function escapeName (name: string, dialect: Dialect): string | undefined {
  return dialect.impossibleName.test(name) ? undefined : escapeValue(name, dialect)
}

/** One pass (STOMP-E5). `undefined` for a sequence that the version does not define (STOMP-E2). */
export function unescapeText (text: string, { sequences }: Dialect): string | undefined {
  let at = text.indexOf('\\')
  if (at === -1 || sequences === undefined) return text
  let plain = ''
  let from = 0
  for (; at !== -1; at = text.indexOf('\\', from)) {
    const character = sequences[text.charAt(at + 1)]
    if (character === undefined) return undefined
    plain += text.slice(from, at) + character
    from = at + 2
  }
  return plain + text.slice(from)
}
