import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const SCRIPT = fileURLToPath(new URL('../scripts/prose.js', import.meta.url))

/** The child does not count in the coverage of this test. */
const env = { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' }

/** Runs the check over the files of a folder; the lines name files relative to it. */
function prose (folder: string, ...flags: string[]): { status: number | null, breaches: string[], figures: string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...flags, folder], { encoding: 'utf8', env })
  t.equal(stderr, '', 'the script prints no errors')
  const [breaches = '', figures = ''] = stdout.split(/^ +words .*\n/m)
  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '').map((line) => line.replace(/\S*fixtures\/[^/]+\//, ''))
  return { status, breaches: lines(breaches), figures: lines(figures).map((line) => line.trim().replaceAll(/\s+/g, ' ')) }
}

/** Enough plain words to bring one free "what" below 3 in 1,000. */
const PADDING = 'The server sends a message to the client.\n\n'.repeat(50)

t.test('good texts have no breach', (t) => {
  const folder = t.testdir({
    'good.md': [
      '# What a session is', '',
      'The server closes the session. It logs `somebody`, `whoever` and `what ... there is`.', '',
      '```js', '// whoever: nobody reads what stands here…', '```', '',
      'The case SESSION-17.nobody passes.', '',
      'What does the client receive? The table says what to do, and [names the codes](what-whoever.md).', '',
      '| code | the server closes the session because the client asked for it |', ''
    ].join('\n'),
    'good.ts': [
      "import { whoever } from './what-nobody-knows.js'", '',
      '/** Closes the session with a code of the application. */',
      "export const close = 'option %s: expected a number, got %s'", '',
      '// eslint-disable-next-line no-whatever -- somebody',
      "export const short = ['nobody', whoever]", '',
      "export const lua = `local somebody = redis.call('hgetall', KEYS[1]) if whoever then return 0 end`", ''
    ].join('\n'),
    'written.ts': '// Written by scripts/embed.js.\n\n/*! Whoever reads this licence */\n'
  })
  const { status, breaches, figures } = prose(folder)
  t.same(breaches, [])
  t.same(figures, ['42 0 0.0 0 good.md', '16 0 0.0 0 good.ts'])
  t.equal(status, 0)
  t.end()
})

t.test('each rule finds its breach, at its line', (t) => {
  const folder = t.testdir({
    'bad.md': [
      '# For whoever reads', '',
      'The first line is plain.', 'Nobody reads the second line.', '',
      '- The session ends, for the client is gone.',
      '- The server keeps those that wait.',
      '- The client sends whatever it has.',
      '- The file is no list.',
      '- The queue is empty, hence the session waits.',
      '- The proxy believes the header.',
      '- The server waits, and then …', '',
      '| The aplication | reads |', '',
      `The ${'very '.repeat(30)}long sentence ends here.`, ''
    ].join('\n'),
    'bad.ts': [
      '/** What the client sends. */',
      'export const a = 1', '',
      '/**',
      ' * Gives the application a list of all the messages that wait in the queue of the session when the connection of',
      ' * the client is cut.',
      ' */',
      'export const b = 2', '',
      'export function c (): never { // somebody calls it',
      "  throw new Error('the handler is no function')",
      '}', '',
      '// The first of two lines',
      '// mentions somebody in the second.',
      'export const d = `the option $' + '{b} names a subprotcol`', ''
    ].join('\n')
  })
  const { status, breaches } = prose(folder)
  t.same(breaches.filter((line) => line.startsWith('bad.md')).map((line) => line.split(':').slice(1, 4).join(':')), [
    '1: actor: "whoever"', '4: actor: "Nobody"', '6: for: ", for the client is"', '7: those that: "those that"', '8: free pronoun: "whatever"',
    '9: is no: "is no "', '10: archaic: "hence"', '11: person: "believes"', '12: ellipsis: "…"', '14: spelling: "aplication"', '16: long: 35 words'
  ])
  t.same(breaches.filter((line) => line.startsWith('bad.ts')).map((line) => line.split(':').slice(1, 4).join(':')), [
    '1: first word: "what"', '1: what: a free "what"', '5: first sentence: 25 words', '10: actor: "somebody"', '11: is no: "is no "', '15: actor: "somebody"',
    '16: spelling: "subprotcol"'
  ])
  t.equal(status, 1)
  t.end()
})

t.test('the free "what" is counted in 1,000 words', (t) => {
  const folder = t.testdir({
    'few.md': `${PADDING}The server sends what it has.\n`,
    'many.md': 'The server sends what it has.\n'
  })
  const { status, breaches, figures } = prose(folder)
  t.same(breaches.map((line) => line.split(':').slice(0, 3).join(':')), ['many.md:1: what'])
  t.same(figures, ['406 1 2.5 0 few.md', '6 1 166.7 0 many.md'])
  t.equal(status, 1)
  t.same(prose(join(folder, 'few.md')).status, 0)
  t.same(prose(folder, '--figures').breaches, [], '--figures leaves the breaches out')
  t.end()
})
