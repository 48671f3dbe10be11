/**
 * The characters that mean something to brokers, which separate words by dots. A segment holds them as `~` and two hexadecimal digits.
 *
 * So every destination comes back as it was, and no client can write a pattern, an option or a list of the broker.
 */
const PUNCTUATION = /[\0-\x20~.*#>,?;%|/\x7f]/g
const ESCAPED = /~([0-9A-F]{2})/g

function escapeWord (segment: string): string {
  return segment.replace(PUNCTUATION, (character) => '~' + character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0'))
}

/** Undoes the escapes. A `~` that another publisher wrote stays. */
function unescapeWord (word: string): string {
  return word.replace(ESCAPED, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

/** Splits a destination into its prefix and its segments: `/topic` and `['rooms', '7']`. */
export function splitDestination (destination: string, separator: '/' | '.'): [prefix: string, segments: string[]] {
  const end = destination.indexOf('/', 1)
  return end === -1 ? [destination, []] : [destination.slice(0, end), destination.slice(end + 1).split(separator)]
}

/** Writes a destination with dots. `rest` is the broker's own `**`. Only a SUBSCRIBE has wildcards. */
export function toDots (destination: string, separator: '/' | '.', what: 'send' | 'subscribe', rest: string): string {
  const [prefix, segments] = splitDestination(destination, separator)
  const wildcards = what === 'subscribe' && prefix === '/topic'
  const word = (segment: string): string => {
    if (wildcards && segment === '*') return '*'
    return wildcards && segment === '**' ? rest : escapeWord(segment)
  }
  return `${prefix}/${segments.map(word).join('.')}`
}

/** Writes a destination of the broker in the form of clients. `decode` undoes the encoding of a word by the broker. */
export function fromDots (destination: string, separator: '/' | '.', decode: (word: string) => string = (word) => word): string {
  const [prefix, words] = splitDestination(destination, '.')
  return `${prefix}/${words.map((word) => unescapeWord(decode(word))).join(separator)}`
}
