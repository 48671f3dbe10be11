import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { checkPattern, hasWildcard, matchesPattern } from '../../src/stomp/destinations.ts'
import { PatternTrie } from '../../src/stomp/pattern-trie.ts'

/** The definition, in as few words as possible. */
function fits ([pattern, ...patterns]: readonly string[], [segment, ...segments]: readonly string[]): boolean {
  if (pattern === '**') return true
  if (pattern === undefined || segment === undefined) return pattern === segment
  return (pattern === '*' || pattern === segment) && fits(patterns, segments)
}

/** Segments that say how often somebody looked at them: once for each node on the way. */
function counted (segments: readonly string[]): { segments: readonly string[], looks: () => number } {
  let looks = 0
  const watched = new Proxy(segments, {
    get (target, name, receiver) {
      if (typeof name === 'string' && /^\d+$/.test(name)) looks++
      return Reflect.get(target, name, receiver) as unknown
    }
  })
  return { segments: watched, looks: () => looks }
}

const aSegment = fc.constantFrom('a', 'b', '__proto__', '*')
const aName = fc.array(aSegment, { minLength: 1, maxLength: 5 })
const aPattern = fc.tuple(aName, fc.boolean()).map(([segments, rest]) => rest ? [...segments, '**'] : segments)

test('one pattern', async (t) => {
  const cases: [pattern: string, name: string, fits: boolean][] = [
    ['a/*', 'a/b', true],
    ['a/*', 'a', false],
    ['a/*', 'a/b/c', false],
    ['*/b', 'a/b', true],
    ['*', 'a', true],
    ['a/**', 'a/b/c', true],
    ['a/**', 'a', true],
    ['a/**', 'b', false],
    ['**', 'a/b', true],
    ['a/b', 'a/b', true],
    ['a/b', 'a', false],
    ['A', 'a', false],
    ['a*', 'ab', false],
    ['a*', 'a*', true],
    ['*', '*', true]
  ]
  for (const [pattern, name, expected] of cases) {
    const trie = new PatternTrie<object>()
    trie.open(pattern.split('/'), () => ({}))
    t.equal(trie.match(name.split('/')).length, expected ? 1 : 0, `${pattern} on ${name}`)
    t.equal(matchesPattern(pattern.split('/'), name.split('/')), expected, `${pattern} on ${name}, alone`)
  }
  t.notOk(hasWildcard(['a*', '***', 'b?']), 'only whole segments are wildcards')
})

test('what a trie finds is what fits, whatever was added and removed', async (t) => {
  fc.assert(fc.property(fc.array(fc.tuple(aPattern, fc.boolean()), { maxLength: 30 }), fc.array(aName, { maxLength: 8 }), (steps, names) => {
    const trie = new PatternTrie<{ pattern: string }>()
    const patterns = new Map<string, string[]>()
    for (const [segments, removes] of steps) {
      const pattern = segments.join('/')
      if (removes) {
        trie.delete(segments)
        patterns.delete(pattern)
      } else {
        trie.open(segments, () => ({ pattern }))
        patterns.set(pattern, segments)
      }
    }
    assert.equal(trie.size, patterns.size)
    for (const segments of patterns.values()) assert.equal(trie.get(segments)?.pattern, segments.join('/'))
    for (const name of names) {
      const expected = [...patterns.values()].filter((pattern) => fits(pattern, name)).map((pattern) => pattern.join('/'))
      assert.deepEqual(trie.match(name).map(({ pattern }) => pattern).sort(), expected.sort())
      for (const pattern of patterns.values()) assert.equal(matchesPattern(pattern, name), fits(pattern, name))
    }
    for (const segments of patterns.values()) trie.delete(segments)
    assert.equal(trie.size, 0)
    assert.ok(!names.some((name) => trie.match(name).length > 0), 'nothing stays')
  }))
})

test('the same pattern has one value, and what is not there is not removed', async (t) => {
  const trie = new PatternTrie<object>()
  const value = trie.open(['a', '*'], () => ({}))
  t.equal(trie.open(['a', '*'], () => ({})), value)
  for (const other of [['a'], ['a', '**'], ['*', '*'], ['a', '*', 'b'], ['b']]) trie.delete(other)
  t.equal(trie.size, 1)
  t.equal(trie.get(['a', '*']), value)
})

test('SEC-S33: a walk looks at what begins like the destination, not at all patterns', async (t) => {
  const trie = new PatternTrie<object>()
  for (let i = 0; i < 20_000; i++) trie.open([`x${i}`, '*', 'y', '**'], () => ({}))
  for (let i = 0; i < 20_000; i++) trie.open(['*', `x${i}`, '*'], () => ({}))
  const name = counted(['x77', 'b', 'y', 'c', 'd', 'e'])
  t.equal(trie.match(name.segments).length, 1)
  t.ok(name.looks() <= 10, `${name.looks()} nodes`)
})

test('what is removed is not walked any more', async (t) => {
  const trie = new PatternTrie<object>()
  const patterns = [['a', '*', 'c'], ['a', 'b', '*'], ['*', 'b', '**'], ['a', 'b', 'c']]
  for (const pattern of patterns) trie.open(pattern, () => ({}))
  const before = counted(['a', 'b', 'c'])
  t.equal(trie.match(before.segments).length, 4)
  for (const pattern of patterns) trie.delete(pattern)
  const after = counted(['a', 'b', 'c'])
  t.strictSame(trie.match(after.segments), [])
  t.ok(after.looks() === 1 && before.looks() > 5, `${before.looks()} nodes, then ${after.looks()}`)
})

test('SEC-S33: the worst that the limits allow stays small, however many the patterns', async (t) => {
  const rules = { prefixes: [], separator: '/', maxLength: 255, maxSegments: 16, maxWildcards: 4 } as const
  const trie = new PatternTrie<object>()
  // Every mixture of `a` and `*`, so that every walk forks at every segment, and none fits.
  for (let i = 0; i < 2 ** 15; i++) {
    const pattern = [...Array.from(i.toString(2).padStart(15, '0'), (bit) => bit === '0' ? 'a' : '*'), 'never']
    if (pattern.filter((segment) => segment === '*').length <= rules.maxWildcards) {
      checkPattern(pattern, rules)
      trie.open(pattern, () => ({}))
    } else {
      assert.throws(() => checkPattern(pattern, rules))
    }
  }
  const name = counted(Array<string>(15).fill('a').concat('end'))
  t.equal(trie.match(name.segments).length, 0)
  t.ok(name.looks() < 2 ** 13, `${name.looks()} nodes for ${trie.size} patterns`)
})
