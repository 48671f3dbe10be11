import { type Command, ruleOf } from './commands.ts'
import type { Version } from './versions.ts'

/** The rules by which the header text of one version is written and read. */
export interface HeaderRules {
  /** The escape sequence of each character that has one. */
  readonly escapes: Readonly<Record<string, string>>
  /** The character of each letter after a backslash. It is `undefined` if a backslash stands for itself. */
  readonly sequences: Readonly<Record<string, string>> | undefined
  /** The characters that cannot stand in a value as they are. One without an escape sequence is left out. */
  readonly reserved: RegExp
  /** The names that cannot be sent, because without the reserved characters they would be other names. */
  readonly impossibleName: RegExp
  /** True when spaces around names and values mean nothing (STOMP-F8). */
  readonly trims: boolean
  /** True when a CR may stand in places other than before the LF (STOMP-F3). */
  readonly bareCR: boolean
}

const V12: HeaderRules = {
  escapes: { '\r': '\\r', '\n': '\\n', ':': '\\c', '\\': '\\\\' },
  sequences: { r: '\r', n: '\n', c: ':', '\\': '\\' },
  reserved: /[\r\n:\\\0]/g,
  impossibleName: /^$|\0/,
  trims: false,
  bareCR: false
}

// 1.1 has no escape sequence for a CR, and reads one at the end of a line as part of the EOL. So a CR is not sent at all.
const V11: HeaderRules = {
  escapes: { '\n': '\\n', ':': '\\c', '\\': '\\\\' },
  sequences: { n: '\n', c: ':', '\\': '\\' },
  reserved: /[\r\n:\\\0]/g,
  impossibleName: /^$|[\r\0]/,
  trims: false,
  bareCR: true
}

const V10: HeaderRules = {
  escapes: {},
  sequences: undefined,
  reserved: /[\r\n\0]/g,
  impossibleName: /^$|^\s|\s$|[\r\n:\0]/,
  trims: true,
  bareCR: true
}

/** The rules of CONNECT, STOMP and CONNECTED, and of every frame before a version is agreed (STOMP-E3, STOMP-E4). */
const UNESCAPED: HeaderRules = { ...V10, impossibleName: /^$|[\r\n:\0]/, trims: false }

/** Finds the rules for a frame. `command` is `undefined` if the word is not a command. */
export function headerRulesFor (command: Command | undefined, version: Version | undefined): HeaderRules {
  if (version === undefined || (command !== undefined && !ruleOf(command).escaped)) return UNESCAPED
  return version === '1.2' ? V12 : version === '1.1' ? V11 : V10
}

/** Finds the rules for reading a head that has neither a backslash nor a CR. Versions differ in the spaces only. */
export function plainRulesFor (version: Version | undefined): HeaderRules {
  return version === '1.0' ? V10 : UNESCAPED
}

/** The characters that one of the versions reserves. Most values have none, and go out as they are. */
const SPECIAL = /[\r\n:\\\0]/
const CR = 0x0d
const COLON = 0x3a
const BACKSLASH = 0x5c

/** The length up to which a loop is cheaper than a regular expression. The ids of most subscriptions and messages are shorter. */
const SHORT = 24

function isSpecial (value: string): boolean {
  if (value.length > SHORT) return SPECIAL.test(value)
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i)
    if (unit === COLON || unit === BACKSLASH || (unit <= CR && SPECIAL.test(value))) return true
  }
  return false
}

/** Escapes a value in one pass, so that no character is escaped twice (STOMP-E6). */
export function escapeValue (value: string, { escapes, reserved }: HeaderRules): string {
  return !isSpecial(value) ? value : value.replace(reserved, (character) => escapes[character] ?? '')
}

/** A name that every version carries as it is, as nearly all names. One test is cheaper than the two of other names. */
const PLAIN_NAME = /^[\w.-]+$/

/** Escapes a name. Returns `undefined` for a name that cannot be sent. */
export function escapeName (name: string, rules: HeaderRules): string | undefined {
  if (PLAIN_NAME.test(name)) return name
  return rules.impossibleName.test(name) ? undefined : escapeValue(name, rules)
}

/** Decodes the escape sequences in one pass (STOMP-E5). Returns `undefined` if the version does not define one (STOMP-E2). */
export function unescapeText (text: string, { sequences }: HeaderRules): string | undefined {
  if (sequences === undefined) return text
  let at = text.indexOf('\\')
  if (at === -1) return text
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
