import { boolean, type Check, checkOptions, count, defined, integer, interval, list, MAX_MILLISECONDS, milliseconds, oneOf, plainObject, text } from '../../../core/check.ts'
import { checkPattern, type DestinationRules, isUserDestination, parseDestination, prefix, prefixes, type Prefixes, separator, type Separator, USER_PREFIX } from '../../destinations.ts'
import { stompErrors } from '../../errors.ts'

/** The history of some topics. */
export interface HistoryOptions {
  /** The topics, as a pattern such as `/topic/chat/**`. The first entry that fits a topic counts. */
  readonly pattern: string
  /**
   * `last` gives each new subscriber of a topic its last message. A subscriber that names its place by `x-recover` gets the missed messages instead.
   *
   * A subscription by a pattern gets none. By default nothing is replayed.
   */
  readonly replay?: 'last'
  /** Messages that are kept for each topic. 100 by default, and 1 with `replay`. */
  readonly messages?: number
  /** Octets that are kept for each topic. 1 MiB by default. */
  readonly bytes?: number
  /** Milliseconds that a message is kept. 60,000 by default, and 24 days, the longest time, with `replay`. */
  readonly ttl?: number
}

/** The options of every broker inside this process, for one node or many. */
export interface EmbeddedBrokerOptions {
  /** The prefixes of destinations. Topics and queues may have several. */
  readonly prefixes?: {
    /** The prefix of topics. `/topic` by default. */
    readonly topic?: string | readonly string[]
    /** The prefix of queues. `/queue` by default. */
    readonly queue?: string | readonly string[]
    /** The prefix by which a client names its own temporary queues. `/temp-queue` by default. */
    readonly temporaryQueue?: string
    /** The prefix of the addresses by which other clients name them. `/reply-queue` by default. */
    readonly replyQueue?: string
    /** The dead-letter queue. This name is a whole destination. `/dlq` by default. */
    readonly deadLetters?: string
  }
  /** The character between the segments after the prefix: `/topic/a/b` with `/`, `/topic/a.b` with `.`. `/` by default. */
  readonly separator?: Separator
  /** Octets of a destination. 255 by default. */
  readonly maxDestinationLength?: number
  /** Segments after the prefix. 16 by default. */
  readonly maxSegments?: number
  /** The most `*` in a pattern. The `**` at its end does not count. 4 by default. */
  readonly maxWildcards?: number
  /** Unacknowledged messages of one subscription, unless its `prefetch-count` says otherwise. 1,000 by default. */
  readonly prefetch?: number
  /** Unacknowledged messages of one connection. 1,000 by default. */
  readonly maxUnacked?: number
  /** Deliveries of a message before it goes to the dead-letter queue. 0 sets no limit. 10 by default. */
  readonly maxDeliveries?: number
  /** Milliseconds that a message without `ttl`, `expiration` and `expires` waits in a queue. 0 sets no limit. 0 by default. */
  readonly ttl?: number
  /** Moves expired messages to the dead-letter queue and does not drop them. False by default. */
  readonly deadLetterExpired?: boolean
  /** Queues that exist at a time. 10,000 by default. */
  readonly maxQueues?: number
  /** Messages of one queue, unacknowledged ones included. 10,000 by default. */
  readonly maxQueueMessages?: number
  /** Octets of one queue. 16 MiB by default. */
  readonly maxQueueBytes?: number
  /** Octets of all queues together. 64 MiB by default. */
  readonly maxBytes?: number
  /** Temporary queues of one connection. 16 by default. */
  readonly maxTemporaryQueues?: number
  /** Topics whose last messages are kept, for clients that come back with `x-recover`, or for new subscribers with `replay`. None by default. */
  readonly history?: readonly HistoryOptions[]
}

const MIB = 1024 * 1024

const DEFAULTS = {
  queueWildcards: false,
  prefetch: 1000,
  maxUnacked: 1000,
  maxDeliveries: 10,
  ttl: 0,
  deadLetterExpired: false,
  maxQueues: 10_000,
  maxQueueMessages: 10_000,
  maxQueueBytes: 16 * MIB,
  maxBytes: 64 * MIB,
  maxTemporaryQueues: 16,
  maxHistories: 1000,
  maxHistoryBytes: 64 * MIB
}

const HISTORY_DEFAULTS = { messages: 100, bytes: MIB, ttl: 60_000, replay: null }
const REPLAY_DEFAULTS = { messages: 1, bytes: MIB, ttl: MAX_MILLISECONDS }
const PREFIX_DEFAULTS = {
  topic: '/topic', queue: '/queue', temporaryQueue: '/temp-queue', replyQueue: '/reply-queue', deadLetters: '/dlq'
}

export interface HistoryRule extends Required<Omit<HistoryOptions, 'replay'>> {
  readonly replay: 'last' | null
  readonly segments: readonly string[]
}

export type EmbeddedLimits = typeof DEFAULTS

export interface Settings extends EmbeddedLimits {
  readonly destinations: DestinationRules
  readonly deadLetters: string
  readonly replyQueue: string
  readonly history: readonly HistoryRule[]
}

const CHECKS: Record<keyof EmbeddedBrokerOptions, Check> = {
  prefixes: plainObject,
  separator,
  maxDestinationLength: count,
  maxSegments: integer(1, 64),
  maxWildcards: integer(0, 64),
  prefetch: count,
  maxUnacked: count,
  maxDeliveries: integer(0),
  ttl: interval,
  deadLetterExpired: boolean,
  maxQueues: count,
  maxQueueMessages: count,
  maxQueueBytes: count,
  maxBytes: count,
  maxTemporaryQueues: integer(0),
  history: list(plainObject, 'a list of objects')
}

const PREFIX_CHECKS: Record<keyof typeof PREFIX_DEFAULTS, Check> = {
  topic: prefixes, queue: prefixes, temporaryQueue: prefix, replyQueue: prefix, deadLetters: prefix
}

const HISTORY_CHECKS: Record<keyof HistoryOptions, Check> = {
  pattern: text,
  replay: oneOf('last'),
  messages: count,
  bytes: count,
  ttl: milliseconds
}

/**
 * Checks the options of a broker and fills in the defaults.
 *
 * @param maker the function that makes the broker, for error texts
 * @param own the checks of the options that only this broker has
 * @throws FST_STOMP_INVALID_OPTION
 */
export function resolveSettings (maker: string, options: EmbeddedBrokerOptions, own: Readonly<Record<string, Check>> = {}): Settings {
  checkOptions(stompErrors.InvalidOption, maker, options, { ...CHECKS, ...own }, { path: '' })
  const names = options.prefixes ?? {}
  checkOptions(stompErrors.InvalidOption, 'prefixes', names, PREFIX_CHECKS)
  const prefixOf = { ...PREFIX_DEFAULTS, ...defined(names) }
  const destinations: DestinationRules = {
    prefixes: tableOf(prefixOf),
    separator: options.separator ?? '/',
    maxLength: options.maxDestinationLength ?? 255,
    maxSegments: options.maxSegments ?? 16,
    maxWildcards: options.maxWildcards ?? 4
  }
  const history = (options.history ?? []).map((entry, i) => {
    checkOptions(stompErrors.InvalidOption, `history[${i}]`, entry, HISTORY_CHECKS, { required: ['pattern'] })
    return { ...HISTORY_DEFAULTS, ...(entry.replay === undefined ? {} : REPLAY_DEFAULTS), ...defined(entry), segments: patternOf(entry.pattern, `history[${i}].pattern`, destinations) }
  })
  return {
    ...DEFAULTS,
    ...pick(defined(options)),
    deadLetters: prefixOf.deadLetters,
    replyQueue: prefixOf.replyQueue,
    history,
    destinations
  }
}

function patternOf (pattern: string, where: string, rules: DestinationRules): readonly string[] {
  try {
    const { kind, segments } = parseDestination(pattern, rules)
    checkPattern(segments, rules)
    if (kind === 'topic') return segments
  } catch (error) {
    throw new stompErrors.InvalidOption(where, (error as Error).message)
  }
  throw new stompErrors.InvalidOption(where, 'must begin with the prefix of topics')
}

/** Makes the table of prefixes with their kinds. No prefix may begin with another one, so that a destination has one kind. */
function tableOf (names: Required<NonNullable<EmbeddedBrokerOptions['prefixes']>>): Prefixes {
  const table: Prefixes = [
    ...[names.topic].flat().map((prefix) => [prefix, 'topic'] as const),
    ...[names.queue].flat().map((prefix) => [prefix, 'queue'] as const),
    [names.temporaryQueue, 'temporary'],
    [names.replyQueue, 'reply'],
    [names.deadLetters, 'dead']
  ]
  for (const [i, [one]] of table.entries()) {
    for (const [j, [other]] of table.entries()) {
      if (i !== j && (other + '/').startsWith(one + '/')) throw new stompErrors.InvalidOption('prefixes', `${one} and ${other} overlap`)
    }
    if (isUserDestination(one + '/')) throw new stompErrors.InvalidOption('prefixes', `${USER_PREFIX} belongs to no broker`)
  }
  return table
}

/** Picks the options that are taken as they are. */
function pick (options: object): Partial<EmbeddedLimits> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(DEFAULTS, name)))
}
