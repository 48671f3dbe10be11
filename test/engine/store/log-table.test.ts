import t from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import { type LogLimits, LogTable } from '../../../src/engine/store/log-table.ts'

function open (limits?: LogLimits): { clock: ManualClock, logs: LogTable, append: (name: string, text: string, id?: string) => number, texts: (name: string, offset: number, maxBytes?: number) => string | null } {
  const clock = new ManualClock()
  const logs = new LogTable('epoch', clock, limits)
  logs.group('g', { messages: 4, bytes: 100, ttl: 1_000 })
  let ids = 0
  return {
    clock,
    logs,
    append: (name, text, id = `id${ids++}`) => logs.append(name, id, Buffer.from(text)).offset,
    texts: (name, offset, maxBytes) => logs.since(name, { epoch: 'epoch', offset }, maxBytes)?.entries.map(({ data }) => Buffer.from(data).toString()).join() ?? null
  }
}

t.test('all logs share one counter, and each names its message before', async (t) => {
  const { logs, texts } = open()
  t.strictSame(logs.position('g.a'), { epoch: 'epoch', offset: 0 })
  const entries = ['g.a', 'g.b', 'g.a', 'g.b'].map((name, i) => logs.append(name, `id${i}`, Buffer.from(String(i))).entry)
  t.strictSame(entries.map((entry) => [entry?.offset, entry?.previous]), [[1, 0], [2, 0], [3, 1], [4, 2]])
  t.strictSame([logs.position('g.a').offset, logs.position('g.b').offset, logs.position('g.c').offset], [3, 4, 4])
  t.strictSame([texts('g.a', 0), texts('g.a', 1), texts('g.a', 2), texts('g.a', 3), texts('g.b', 3)], ['0,2', '2', '2', '', '3'])
})

t.test('a read is not sure behind a message that is gone, in another epoch, and ahead of all logs', async (t) => {
  const { logs, append, texts } = open()
  for (const text of ['a', 'b', 'c', 'd', 'e']) append('g.a', text)
  t.strictSame([texts('g.a', 0), texts('g.a', 1), texts('g.a', 5), texts('g.a', 6)], [null, 'b,c,d,e', '', null])
  t.equal(logs.since('g.a', { epoch: 'other', offset: 5 }), null)
  t.strictSame([texts('g.none', 0), texts('g.none', 5), texts('g.none', 6)], ['', '', null], 'a log that is not there')
})

t.test('a log drops messages by bytes and by time', async (t) => {
  const { clock, append, texts } = open()
  append('g.a', 'x'.repeat(60))
  append('g.a', 'y'.repeat(40))
  t.equal(texts('g.a', 0)?.length, 101)
  append('g.a', 'z')
  t.strictSame([texts('g.a', 0), texts('g.a', 1)?.length], [null, 42])
  clock.advance(999)
  t.equal(texts('g.a', 1)?.length, 42)
  clock.advance(1)
  t.strictSame([texts('g.a', 1), texts('g.a', 3)], [null, ''])
  const late = append('g.a', 'w'.repeat(101))
  t.strictSame([texts('g.a', 3), texts('g.a', late)], [null, ''], 'a message that is larger than the log is not kept')
})

t.test('a group gets another rule', async (t) => {
  const { logs, append, texts } = open()
  for (const text of ['a', 'b', 'c', 'd']) append('g.a', text)
  logs.group('g', { messages: 2, bytes: 100, ttl: 1_000 })
  t.strictSame([texts('g.a', 1), texts('g.a', 2)], [null, 'c,d'])
  t.strictSame([logs.has('g.a'), logs.has('h.a'), logs.has('g')], [true, false, false])
})

t.test('a page has so many bytes, or one message', async (t) => {
  const { logs, append } = open()
  for (const text of ['aa', 'bb', 'cc', 'dddddd']) append('g.a', text)
  const pages: [string, boolean][] = []
  for (let offset = 0; offset < 4;) {
    const page = logs.since('g.a', { epoch: 'epoch', offset }, 5)!
    pages.push([page.entries.map(({ data }) => data.toString()).join(), page.more])
    offset = page.entries.at(-1)!.offset
  }
  t.strictSame(pages, [['aa,bb', true], ['cc', true], ['dddddd', false]])
})

t.test('an id of the last two minutes appends nothing to its log', async (t) => {
  const { clock, logs, append, texts } = open()
  t.equal(append('g.a', 'one', 'id'), 1)
  t.strictSame(logs.append('g.a', 'id', Buffer.from('two')), { offset: 1, entry: null })
  t.equal(append('g.b', 'one', 'id'), 2, 'another log has its own ids')
  clock.advance(119_000)
  t.equal(append('g.a', 'two', 'id'), 1)
  clock.advance(122_000)
  append('g.a', 'three')
  clock.advance(122_000)
  append('g.a', 'four')
  t.equal(append('g.a', 'five', 'id'), 5, 'it is forgotten some minutes later')
  t.equal(texts('g.a', 3), 'four,five')
})

t.test('above its bounds a table forgets the log that was not used for longest', async (t) => {
  const { append, texts } = open({ logs: 3, bytes: 1e6 })
  for (const name of ['g.a', 'g.b', 'g.c']) append(name, name)
  t.equal(texts('g.a', 0), 'g.a', 'a read is a use')
  append('g.d', 'g.d')
  t.strictSame(['g.a', 'g.b', 'g.c', 'g.d'].map((name) => texts(name, 0)), ['g.a', null, 'g.c', 'g.d'])
  t.equal(texts('g.b', 2), '', 'a position behind all that is forgotten is sure')
  const again = append('g.b', 'again')
  t.strictSame([texts('g.b', 1), texts('g.b', 2), again], [null, 'again', 5], 'the log begins again behind its lost messages')
})

t.test('above its bounds in bytes a table forgets logs, and messages of the only one', async (t) => {
  // Each log and each message counts 128 bytes more.
  const { logs, append, texts } = open({ logs: 100, bytes: 1_000 })
  logs.group('g', { messages: 100, bytes: 1e6, ttl: 1e6 })
  append('g.a', 'a'.repeat(100))
  append('g.b', 'b'.repeat(100))
  t.strictSame([texts('g.a', 0)?.length, texts('g.b', 0)?.length], [100, 100])
  append('g.c', 'c'.repeat(100))
  t.strictSame([texts('g.a', 0), texts('g.b', 1)?.length, texts('g.c', 1)?.length], [null, 100, 100])
  for (const text of ['d', 'e', 'f', 'g', 'h', 'i', 'j']) append('g.d', text)
  t.strictSame([texts('g.b', 1), texts('g.c', 2), texts('g.d', 3)], [null, null, null])
  t.equal(texts('g.d', 4), 'e,f,g,h,i,j', 'the last log has lost its first message')
  append('g.e', 'k')
  t.strictSame([texts('g.d', 10), texts('g.e', 10)], ['', 'k'], 'then the other log goes as a whole')
})
