import t from 'tap'
import { ManualClock } from '../../src/core/clock.ts'
import { RefusalLog } from '../../src/core/refusal-log.ts'
import { shorten } from '../../src/core/shorten.ts'

function start () {
  const clock = new ManualClock()
  const lines: [level: string, data: Record<string, unknown>, text: string][] = []
  const write = (level: string) => (data: object, text: string): void => { lines.push([level, { ...data }, text]) }
  const log = { info: write('info'), warn: write('warn'), error: write('error') }
  const refusals = new RefusalLog(clock, { door: { level: 'warn', text: 'the door is closed' }, name: { level: 'info', text: 'the name is not known' } })
  return { clock, lines, tell: (kind: 'door' | 'name', thing: string, place = '/a', facts: object = {}) => refusals.tell(log, kind, place, thing, facts) }
}

t.test('one line a minute for each kind, place and thing, and the next line counts the others', async (t) => {
  const { clock, lines, tell } = start()
  tell('door', 'red', '/a', { colour: 'red' })
  for (let i = 0; i < 5; i++) tell('door', 'red')
  t.strictSame(lines, [['warn', { refused: 'door', colour: 'red' }, 'the door is closed']])
  tell('door', 'blue')
  tell('door', 'red', '/b')
  tell('name', 'red')
  t.strictSame(lines.slice(1), [
    ['warn', { refused: 'door', untold: 5 }, 'the door is closed'],
    ['warn', { refused: 'door' }, 'the door is closed'],
    ['info', { refused: 'name' }, 'the name is not known']
  ])
  clock.advance(59_950)
  tell('door', 'red')
  t.equal(lines.length, 4)
  clock.advance(50)
  tell('door', 'red')
  t.strictSame(lines.slice(4), [['warn', { refused: 'door', untold: 1 }, 'the door is closed']])
})

t.test('a flood of different things has a hundred lines, and one that says so', async (t) => {
  const { clock, lines, tell } = start()
  for (let i = 0; i < 250; i++) tell('door', String(i))
  t.equal(lines.length, 101)
  t.match(lines[100], ['warn', { refused: 'door', untold: true }, /More than 100/])
  tell('door', '0', '/b')
  t.equal(lines.length, 102, 'another place has lines of its own')
  clock.advance(60_000)
  tell('door', '0')
  t.strictSame(lines.slice(102), [['warn', { refused: 'door', untold: 150 }, 'the door is closed']])
})

t.test('a text of a client is shortened', async (t) => {
  t.equal(shorten('x'.repeat(120)), 'x'.repeat(120))
  t.equal(shorten('x'.repeat(121)), 'x'.repeat(120) + '…')
  t.equal(shorten('abc', 2), 'ab…')
})
