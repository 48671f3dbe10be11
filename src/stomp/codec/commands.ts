import type { Version } from './versions.ts'

/** The side that sends a frame. */
export type Peer = 'client' | 'server'

export interface CommandRule {
  readonly from: Peer
  /** True when the frame may carry a body (STOMP-B5). */
  readonly body: boolean
  /** False for CONNECT, STOMP and CONNECTED, which are never escaped, in either direction (STOMP-E3). */
  readonly escaped: boolean
  readonly since: Version
}

const COMMANDS = {
  CONNECT: { from: 'client', body: false, escaped: false, since: '1.0' },
  // STOMP is a CONNECT in every version, because it comes before the version is known (STOMP-C1).
  STOMP: { from: 'client', body: false, escaped: false, since: '1.0' },
  SEND: { from: 'client', body: true, escaped: true, since: '1.0' },
  SUBSCRIBE: { from: 'client', body: false, escaped: true, since: '1.0' },
  UNSUBSCRIBE: { from: 'client', body: false, escaped: true, since: '1.0' },
  ACK: { from: 'client', body: false, escaped: true, since: '1.0' },
  NACK: { from: 'client', body: false, escaped: true, since: '1.1' },
  BEGIN: { from: 'client', body: false, escaped: true, since: '1.0' },
  COMMIT: { from: 'client', body: false, escaped: true, since: '1.0' },
  ABORT: { from: 'client', body: false, escaped: true, since: '1.0' },
  DISCONNECT: { from: 'client', body: false, escaped: true, since: '1.0' },
  CONNECTED: { from: 'server', body: false, escaped: false, since: '1.0' },
  MESSAGE: { from: 'server', body: true, escaped: true, since: '1.0' },
  RECEIPT: { from: 'server', body: false, escaped: true, since: '1.0' },
  ERROR: { from: 'server', body: true, escaped: true, since: '1.0' }
} as const satisfies Record<string, CommandRule>

/** The name of a frame. */
export type Command = keyof typeof COMMANDS
export type CommandFrom<P extends Peer> = { [C in Command]: (typeof COMMANDS)[C]['from'] extends P ? C : never }[Command]
/** A command that clients send. */
export type ClientCommand = CommandFrom<'client'>
/** A command that servers send. */
export type ServerCommand = CommandFrom<'server'>

export function ruleOf (command: Command): CommandRule {
  return COMMANDS[command]
}

type Vocabulary<P extends Peer> = { readonly [V in Version]: ReadonlyMap<string, CommandFrom<P>> }

/** The commands that each side may send in each version, by their spelling on the wire. Upper and lower case differ (STOMP-F5). */
const VOCABULARY: { readonly [P in Peer]: Vocabulary<P> } = {
  client: vocabularyOf('client'),
  server: vocabularyOf('server')
}

/**
 * Finds a command. Returns `undefined` if this side does not have it, in that version or at all (STOMP-U1, STOMP-A3).
 * Before a version is agreed, a command of any version may come.
 */
export function commandNamed<P extends Peer> (word: string, peer: P, version: Version | undefined): CommandFrom<P> | undefined {
  return VOCABULARY[peer][version ?? '1.2'].get(word)
}

function vocabularyOf<P extends Peer> (peer: P): Vocabulary<P> {
  return { '1.0': commandsFrom(peer, '1.0'), 1.1: commandsFrom(peer, '1.1'), 1.2: commandsFrom(peer, '1.2') }
}

function commandsFrom<P extends Peer> (peer: P, version: Version): ReadonlyMap<string, CommandFrom<P>> {
  const has = (command: string): command is CommandFrom<P> => ruleOf(command as Command).from === peer && ruleOf(command as Command).since <= version
  return new Map(Object.keys(COMMANDS).filter(has).map((command) => [command, command]))
}
