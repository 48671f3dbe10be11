import t from 'tap'
import { firstProblem, integer, list } from '../../src/core/check.ts'
import { nearestName, shown, unknownName } from '../../src/core/suggestion.ts'

const KNOWN = ['heartbeat', 'disconnectDelay', 'xhrPolling', 'origins', 'user', 'userKey', 'cors']

t.test('U23: a misspelt name finds the one that was meant', async (t) => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['heartbeet', 'heartbeat'], ['heart_beat', 'heartbeat'], ['Heartbeat', 'heartbeat'], ['disconnect_delay', 'disconnectDelay'], ['xhr-polling', 'xhrPolling'],
    ['origin', 'origins'], ['orgins', 'origins'], ['userkey', 'userKey'], ['users', 'user'], ['core', 'cors'],
    ['colour', undefined], ['x', undefined], ['', undefined], ['__proto__', undefined], ['é'.repeat(50), undefined], ['origins'.repeat(10_000), undefined]
  ]
  for (const [given, meant] of rows) t.equal(nearestName(given, KNOWN), meant, given.slice(0, 20))
  t.equal(unknownName('heartbeet', KNOWN), 'is not known; did you mean heartbeat?')
  t.equal(unknownName('colour', KNOWN), 'is not known')
  t.equal(unknownName('log', KNOWN, { log: 'the log is that of Fastify' }), 'is not known; the log is that of Fastify')
  t.equal(unknownName('toString', KNOWN, {}), 'is not known', 'a property of every object is not a hint')
})

t.test('U23: an error shows a value shortly and calls nothing of it', async (t) => {
  const hostile = { toString: () => { throw new Error('called') }, toJSON: () => { throw new Error('called') } }
  const rows: readonly (readonly [unknown, string])[] = [
    ['a', '"a"'], [5, '5'], [NaN, 'NaN'], [-0, '0'], [1n, '1n'], [null, 'null'], [undefined, 'undefined'], [Symbol('s'), 'Symbol(s)'], [() => {}, 'a function'],
    [[1, 2], 'a list of 2'], [hostile, 'an object'], [Object.create(null), 'an object'], ['a\nb', '"a\\nb"']
  ]
  for (const [value, text] of rows) t.equal(shown(value), text)
  t.ok(shown('x'.repeat(1e6)).length < 70)
  t.ok(shown(10n ** 1000n).length < 70)
})

t.test('K7: a table of options', async (t) => {
  const table = { size: integer(1, 10), sizes: list(integer(1, 10), 'a list of sizes') }
  const rows: readonly (readonly [object, string | null, RegExp?])[] = [
    [{}, null], [{ size: 1, sizes: [1, 2] }, null], [{ size: undefined }, null], [{ sizes: [] }, null], [Object.assign(Object.create(null), { size: 1 }), null],
    [{ size: 11 }, 'size', /integer from 1 to 10, not 11$/], [{ sizes: 5 }, 'sizes', /a list of sizes, not 5$/], [{ sizes: [1, 11] }, 'sizes', /number 2 must be/],
    [{ sizes: Object.assign([1, 1, 1], { length: 4 }) }, 'sizes', /number 4 must be .* not undefined$/],
    [{ siez: 1 }, 'siez', /did you mean size\?$/], [JSON.parse('{"__proto__": 1}'), '__proto__', /not known/],
    [Object.create({ size: 1 }), 'size', /inherited/],
    [new (class { get size () { return 1 } })(), 'size', /inherited/]
  ]
  for (const [options, name, problem] of rows) {
    const found = firstProblem(options, table)
    t.equal(found?.name ?? null, name)
    if (problem !== undefined) t.match(found?.problem, problem)
  }
  t.equal(firstProblem({ other: 1 }, table, { passed: ['other'] }), null)
})
