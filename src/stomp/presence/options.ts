import { checkOptions, count, text } from '../../core/check.ts'
import { type DestinationParser, patternProblem } from '../destinations.ts'
import { stompErrors } from '../errors.ts'
import { PatternTrie } from '../pattern-trie.ts'

/** The topics whose subscribers clients may watch, and the bounds. */
export interface PresenceOptions {
  /** The topics: `*` stands for one segment, `**` at the end for the rest. */
  readonly pattern: string
  /** The most users in a list. A list of more names the first ones, and the number of all others in `more`. Default 1,000. */
  readonly maxUsers?: number
  /** The most subscriptions to the presence of one topic at one node. Default 10,000. */
  readonly maxWatchers?: number
}

/** The bounds of the presence of a topic. */
export interface PresenceBounds {
  readonly maxUsers: number
  readonly maxWatchers: number
}

const OPTIONS = { pattern: text, maxUsers: count, maxWatchers: count }

/**
 * Makes the table of the topics with presence. The first entry that fits a topic counts.
 *
 * @throws FST_STOMP_INVALID_OPTION
 */
export function presenceTopics (options: readonly PresenceOptions[], destinations: DestinationParser): PatternTrie<PresenceEntry> {
  const topics = new PatternTrie<PresenceEntry>()
  for (const [place, entry] of options.entries()) {
    checkOptions(stompErrors.InvalidOption, 'presence', entry, OPTIONS, { required: ['pattern'] })
    const { pattern, maxUsers = 1_000, maxWatchers = 10_000 } = entry
    const problem = patternProblem(pattern, destinations)
    if (problem !== null) throw new stompErrors.InvalidOption('presence.pattern', problem)
    const { owner, segments } = destinations.parse(pattern)
    if (owner !== 'broker') throw new stompErrors.InvalidOption('presence.pattern', `must be of topics of the broker, not ${pattern}, which goes to the ${owner}`)
    topics.open(segments, () => ({ place, maxUsers, maxWatchers }))
  }
  return topics
}

/** An entry of the option, with its place. */
export interface PresenceEntry extends PresenceBounds {
  readonly place: number
}
