/**
 * Brokers part destinations by dots. What a segment holds of that punctuation is written as `~` and two hexadecimal
 * digits, so that every destination comes back as it was, and no client can write a broker's own pattern, option or list.
 */
const PUNCTUATION = /[\0-\x20~.*#>,?;%|/\x7f]/g
const ESCAPED = /~([0-9A-F]{2})/g

function escapeWord (segment: string): string {
  return segment.replace(PUNCTUATION, (character) => '~' + character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0'))
}

/** What others have published may hold a `~` of its own: that stays. */
function unescapeWord (word: string): string {
  return word.replace(ESCAPED, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

/** Prefix and segments of a destination: `/topic` and `['rooms', '7']`. */
export function splitDestination (destination: string, separator: '/' | '.'): [prefix: string, segments: string[]] {
  const end = destination.indexOf('/', 1)
  return end === -1 ? [destination, []] : [destination.slice(0, end), destination.slice(end + 1).split(separator)]
}

/** The dotted form; `rest` is the broker's own `**`. Only a SUBSCRIBE has wildcards. */
export function toDots (destination: string, separator: '/' | '.', what: 'send' | 'subscribe', rest: string): string {
  const [prefix, segments] = splitDestination(destination, separator)
  const wildcards = what === 'subscribe' && prefix === '/topic'
  const word = (segment: string): string => {
    if (wildcards && segment === '*') return '*'
    return wildcards && segment === '**' ? rest : escapeWord(segment)
  }
  return `${prefix}/${segments.map(word).join('.')}`
}

/** `decode` undoes what the broker itself does to a word. */
export function fromDots (destination: string, separator: '/' | '.', decode: (word: string) => string = (word) => word): string {
  const [prefix, words] = splitDestination(destination, '.')
  return `${prefix}/${words.map((word) => unescapeWord(decode(word))).join(separator)}`
}
