/** Texts that fit a regular expression, for the part of the language that schemas use: classes, groups, alternatives and counts. */

const CLASSES: Readonly<Record<string, string>> = { d: '7', w: 'a', s: ' ', D: 'x', W: '-', S: 'x', n: '\n', t: '\t', r: '\r', f: '\f', v: '\v' }

/** Properties of Unicode that schemas name most. */
const PROPERTIES: readonly (readonly [name: RegExp, example: string])[] = [[/^(?:L|Letter|Alphabetic|Ll|Lowercase)/, 'a'], [/^(?:Lu|Uppercase)/, 'A'], [/^(?:N|Nd|Number)/, '7'], [/^(?:P|Punctuation)/, '-'], [/^(?:S|Symbol)/, '+'], [/^(?:Z|Separator)/, ' ']]

/** The most repetitions that a count is worth. */
const MOST = 1_000

/** Reads a pattern from left to right. It throws for what it does not know. */
class Sampler {
  private readonly source: string
  private place = 0

  constructor (source: string) {
    this.source = source
  }

  whole (): string {
    const text = this.alternatives()
    if (this.place < this.source.length) throw new Error('a pattern with a bracket too much')
    return text
  }

  private alternatives (): string {
    let text: string | undefined
    do {
      const next = this.sequence()
      text ??= next
    } while (this.takes('|'))
    return text
  }

  private sequence (): string {
    let text = ''
    while (this.place < this.source.length && !'|)'.includes(this.source[this.place] ?? '')) {
      const atom = this.atom()
      text += atom.repeat(Math.min(this.count(), MOST))
    }
    return text
  }

  private count (): number {
    if (this.takes('*') || this.takes('?')) return this.lazy(0)
    if (this.takes('+')) return this.lazy(1)
    const [whole, least] = /^\{(\d+)(?:,\d*)?\}/.exec(this.source.slice(this.place)) ?? []
    if (whole === undefined) return 1
    this.place += whole.length
    return this.lazy(Number(least))
  }

  private lazy (count: number): number {
    this.takes('?')
    return count
  }

  private atom (): string {
    if (this.takes('(')) {
      if (/^\?(?:[!=]|<[!=])/.test(this.source.slice(this.place))) throw new Error('a pattern that looks around')
      this.place += /^(?:\?:|\?<\w+>)?/.exec(this.source.slice(this.place))?.[0].length ?? 0
      const text = this.alternatives()
      if (!this.takes(')')) throw new Error('a pattern without its bracket')
      return text
    }
    if (this.takes('[')) return this.set()
    if (this.takes('^') || this.takes('$')) return ''
    if (this.takes('.')) return 'x'
    if (this.takes('\\')) return this.escaped()
    return this.next()
  }

  private set (): string {
    const negated = this.takes('^')
    const members: string[] = []
    while (!this.takes(']')) {
      const first = this.takes('\\') ? this.escaped() : this.next()
      if (this.source[this.place] === '-' && this.source[this.place + 1] !== ']') this.place += 2
      members.push(first)
    }
    if (!negated) return members[0] ?? ''
    const candidates = 'xA7 -_:.'
    const found = [...candidates].find((each) => !members.includes(each))
    if (found === undefined) throw new Error('a pattern that leaves out much')
    return found
  }

  private escaped (): string {
    const letter = this.next()
    if (letter === 'b') return ''
    if (letter === 'p') {
      const [whole = '', name = ''] = /^\{(?:\w+=)?(\w+)\}/.exec(this.source.slice(this.place)) ?? []
      this.place += whole.length
      const example = PROPERTIES.find(([known]) => known.test(name))?.[1]
      if (example === undefined) throw new Error(`a pattern with the property ${name}`)
      return example
    }
    if (letter === 'u' || letter === 'x' || letter === 'c' || /[1-9k]/.test(letter)) throw new Error(`a pattern with \\${letter}`)
    return CLASSES[letter] ?? letter
  }

  private takes (text: string): boolean {
    if (this.source[this.place] !== text) return false
    this.place += 1
    return true
  }

  private next (): string {
    const found = this.source[this.place]
    if (found === undefined) throw new Error('a pattern that ends too early')
    this.place += 1
    return found
  }
}

/** A text that fits the pattern, or undefined where none was found. Optional parts are left out. */
export function textFor (pattern: string): string | undefined {
  try {
    const text = new Sampler(pattern).whole()
    return new RegExp(pattern, 'u').test(text) ? text : undefined
  } catch {
    return undefined
  }
}
