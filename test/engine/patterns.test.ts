import fc from 'fast-check'
import t from 'tap'
import { matchesChannel } from '../../src/engine/patterns.ts'

/** Few segments, so that patterns and channels often meet. One is the beginning of another, and one has the signs of regular expressions. */
const segment = fc.constantFrom('a', 'ab', 'A', '-_', '0')
const channels = fc.array(segment, { minLength: 1, maxLength: 5 })

const patterns = fc.tuple(fc.array(fc.oneof(segment, fc.constant('*')), { maxLength: 4 }), fc.oneof(segment, fc.constantFrom('*', '>')))
  .map(([first, last]) => [...first, last])

/** The reference: a pattern as a regular expression. */
function reference (pattern: readonly string[]): RegExp {
  const expressions: Readonly<Record<string, string>> = { '*': '[^.]+', '>': '.+' }
  return new RegExp(`^${pattern.map((word) => expressions[word] ?? word).join('\\.')}$`)
}

t.test('a pattern matches as its regular expression does', async (t) => {
  let matches = 0
  fc.assert(fc.property(patterns, channels, (pattern, channel) => {
    const expected = reference(pattern).test(channel.join('.'))
    if (expected) matches++
    return matchesChannel(pattern.join('.'), channel.join('.')) === expected
  }), { numRuns: 20_000 })
  t.ok(matches > 500, `${matches} of the pairs match, so that both answers are tested`)
})

t.test('a channel of which some segments are replaced by * is matched, and so is one whose end is replaced by >', async (t) => {
  const random = fc.array(fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/), { minLength: 1, maxLength: 8 })
  fc.assert(fc.property(random, fc.infiniteStream(fc.boolean()), fc.nat(7), (channel, stars, from) => {
    const starred = channel.map((word) => stars.next().value === true ? '*' : word)
    const open = [...starred.slice(0, Math.min(from, channel.length - 1)), '>']
    const name = channel.join('.')
    return [channel, starred, open].every((pattern) => matchesChannel(pattern.join('.'), name))
  }), { numRuns: 2_000 })
  t.pass('2,000 channels')
})

t.test('a pattern never matches a channel with fewer segments', async (t) => {
  for (const [pattern, channel] of [['a.>', 'a'], ['a.*', 'a'], ['*.*', 'a'], ['*.>', 'a'], ['a.b', 'a']] as const) t.notOk(matchesChannel(pattern, channel), `${pattern} ${channel}`)
})
