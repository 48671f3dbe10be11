import type { Destination } from '../../destinations.ts'

/** A segment that is a word of the engine as it is. */
const PLAIN = /^[A-Za-z0-9-]+$/

/** A character that a word of the engine cannot have. `_` begins an escape. */
const OTHER = /[^A-Za-z0-9-]/gu

/**
 * Names the channel, the log or the queue of a destination: its segments with dots between them.
 *
 * Operators find a destination by its name in the tools of the engine. Other characters than letters, digits and hyphens are `_` and two
 * digits for each octet.
 */
export function nameOf ({ segments }: Destination): string { return wordsOf(segments, wordOf).join('.') }

/** Names the channels that a pattern means. `**` stands for no segment, too. */
export function patternsOf ({ segments }: Destination): string[] {
  if (segments.at(-1) !== '**') return [wordsOf(segments, patternWordOf).join('.')]
  const head = wordsOf(segments.slice(0, -1), patternWordOf)
  const rest = [...head, '>'].join('.')
  // A prefix alone is not a destination.
  return head.length === 1 ? [rest] : [head.join('.'), rest]
}

function wordsOf ([prefix, ...rest]: readonly string[], word: (segment: string) => string): string[] {
  return [wordOf(prefix!.slice(1)), ...rest.map(word)]
}

/** A star is a star of the engine in a pattern alone. A message may go to that very text. */
function patternWordOf (segment: string): string { return segment === '*' ? '*' : wordOf(segment) }

function wordOf (segment: string): string {
  return PLAIN.test(segment) ? segment : segment.replaceAll(OTHER, (character) => Buffer.from(character).toString('hex').replaceAll(/../g, '_$&'))
}
