/** The means that a case needs: none, an option, the relay to an external broker, or an engine for several nodes. */
export type Profile = 'default' | 'option' | 'relay' | 'engine'

export interface Case {
  readonly attack: string
  readonly profile: Profile
  /** The file in test/security/ that has it, without `.test.ts`. */
  readonly file: string
}

const FILES: readonly (readonly [file: string, cases: Readonly<Record<string, string>>])[] = [
  ['process-killers', {
    S01: 'an upgrade on a path without WebSocket',
    S02: 'an upgrade, followed by a reset',
    S03: 'resets in the middle of frames, responses and bodies',
    S04: 'messages other than strings',
    S05: 'binary frames',
    S06: 'deep nesting',
    S07: 'malformed frames right after the handshake',
    S08: 'two thousand headers before the upgrade',
    S09: 'handlers and listeners that throw and reject',
    S10: 'opens, closes, polls and cuts in any order',
    S11: 'a client that disconnects between the head and the first frame',
    S12: 'session ids that are names of properties'
  }],
  ['slow-peers', {
    S13: 'a slow reader of a stream',
    S14: 'a slow reader of a WebSocket',
    S15: 'a client that never polls again',
    S16: 'a client that reads a poll very slowly',
    S22: 'characters that grow when they are escaped',
    S23: 'incomplete requests',
    S24: 'silence after the handshake',
    S25: 'a client that disappears without closing',
    S79: 'a clock that jumps and a loop that stalls'
  }],
  ['memory', {
    S17: 'a flood of session ids',
    S18: 'big bodies',
    S19: 'one huge message',
    S20: 'tiny fragments',
    S21: 'a bomb for the decompressor',
    S26: 'many opens and closes',
    S27: 'a storm of aborted polls',
    S28: 'transactions and deliveries that never end',
    S29: 'a flood of subscriptions',
    S30: 'a flood of destinations'
  }],
  ['processor', {
    S31: 'headers that make regular expressions backtrack',
    S32: 'selectors',
    S33: 'pathological patterns',
    S34: 'one byte in each packet',
    S35: 'frames that never end, and floods of line feeds',
    S36: 'a flood of lines in the log',
    S37: 'a broadcast that multiplies'
  }],
  ['identity', {
    S38: 'WebSockets and requests from foreign pages',
    S39: 'reflected origins with credentials',
    S40: 'the origin null',
    S41: 'a host name that an attacker rebinds',
    S42: 'sends as forms of foreign pages',
    S43: 'guessed session ids',
    S44: 'a second receiver',
    S45: 'one session id on two endpoints',
    S46: 'ids with dots, slashes and NUL',
    S47: 'hostile cookies',
    S48: 'forged forwarding headers',
    S49: 'frames before CONNECT, and sessions that have expired',
    S50: 'headers that claim an identity'
  }],
  ['injection', {
    S51: 'script in the callback of htmlfile',
    S52: 'script in a message of htmlfile',
    S53: 'callbacks of jsonp with another meaning',
    S54: 'variations of the iframe page',
    S55: 'line ends in reflected values',
    S56: 'line ends in events',
    S57: 'line ends in copied header values',
    S58: 'undefined escapes',
    S59: 'NUL, and wrong lengths',
    S60: 'names that reach a prototype',
    S61: 'control characters for the log',
    S62: 'repeated headers and parameters',
    S63: 'errors that show internals'
  }],
  ['stomp', {
    S64: 'wildcards that match destinations of other users',
    S65: 'sends past the application',
    S66: 'forged user destinations',
    S68: 'each limit of a frame, exactly and plus one',
    S69: 'random bytes and a flood of invalid frames',
    S71: 'forged acknowledgements'
  }],
  ['http', {
    S72: 'smuggled requests',
    S73: 'odd upgrades',
    S74: 'pipelines and methods',
    S75: 'odd content types',
    S76: 'compressed bodies',
    S77: 'headers for caches',
    S78: 'a shutdown while clients do not read'
  }],
  ['elsewhere', {
    S67: 'rights that come with the relay',
    S70: 'a broker that is gone or does not respond',
    S80: 'strangers on the channels of nodes, and faults of an engine'
  }]
]

const PROFILES: Readonly<Record<string, Profile>> = {
  S21: 'option', S32: 'option', S41: 'option', S47: 'option', S51: 'option', S52: 'option', S53: 'option', S55: 'option', S67: 'relay', S70: 'relay', S80: 'engine'
}

/** Every case of the suite, by its id. */
export const CATALOGUE: ReadonlyMap<string, Case> = new Map(FILES.flatMap(([file, cases]) =>
  Object.entries(cases).map(([id, attack]) => [id, { attack, file, profile: PROFILES[id] ?? 'default' }] as const)))
