import t from 'tap'
import { boolean, checkOptions, type CheckTable, count, defined, integer, milliseconds } from '../../src/core/check.ts'

class WrongOption extends TypeError {
  constructor (name: string, problem: string) {
    super(`${name}: ${problem}`)
  }
}

const TABLE: CheckTable = { size: count, wait: milliseconds, retries: integer(0, 5), on: boolean }

t.test('options: the first problem is thrown, with the name of the option', async (t) => {
  const rows: readonly (readonly [options: unknown, message: string])[] = [
    [null, 'pool: must be an object, not null'],
    [[], 'pool: must be an object, not a list of 0'],
    [{ size: 0 }, 'pool.size: must be an integer from 1 to 9007199254740991, not 0'],
    [{ wait: Infinity }, 'pool.wait: must be an integer from 1 to 2147483647, not Infinity'],
    [{ retries: 6 }, 'pool.retries: must be an integer from 0 to 5, not 6'],
    [{ sise: 1 }, 'pool.sise: is not known; did you mean size?'],
    [{ colour: 1 }, 'pool.colour: is not known; paint it elsewhere'],
    [{ on: 'yes', size: 0 }, 'pool.on: must be true or false, not "yes"'],
    [{ on: true }, 'pool.size: must be an integer from 1 to 9007199254740991, not undefined'],
    [Object.create({ on: true }) as object, 'pool.on: is inherited from a prototype and would not count; set it on the options themselves']
  ]
  const rules = { required: ['size'], passed: ['prefix'], hints: { colour: 'paint it elsewhere' } }
  for (const [options, message] of rows) t.throws(() => checkOptions(WrongOption, 'pool', options, TABLE, rules), { constructor: WrongOption, message }, message)
  checkOptions(WrongOption, 'pool', { size: 1, prefix: {}, wait: undefined }, TABLE, rules)
  t.throws(() => checkOptions(WrongOption, 'options', { size: -1 }, TABLE, { path: '' }), { message: /^size: must be/ }, 'the names of options without a place')
})

t.test('options that are undefined count as left out', async (t) => {
  t.strictSame(defined({ a: 1, b: undefined, c: null, d: false }), { a: 1, c: null, d: false })
})
