import type { Test } from 'tap'
import { until, within } from '../wait.ts'
import type { Check } from './contract.ts'
import { type Kept, LogNode, logNodes, textsOf } from './log-node.ts'

const UNAVAILABLE = { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE' }

const texts = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => String(from + i))

/** Checks that messages of one log stand in order, and that each names the one before it. */
function checkChain (t: Test, entries: readonly Kept[]): void {
  const wrong = entries.filter(({ offset, previous, epoch }, i) => {
    const before = entries[i - 1]
    return !Number.isInteger(offset) || previous >= offset || (before !== undefined && (previous !== before.offset || epoch !== before.epoch))
  })
  t.strictSame(wrong, [], 'offsets rise, and each message names the one before it')
}

/** Logs: their order, and the messages that they keep. */
export function logChecks (check: Check): void {
  check('a log has one order for all that follow it, on all nodes', [], async (t, room) => {
    const made = await logNodes(room, 3)
    const [a, b] = made
    const followed = await Promise.all([...made, b].map((node) => node.follow('x.y')))
    const before = await a.position('x.y')
    const positions = new Map<string, number>()
    await Promise.all(texts(400).map(async (text, i) => {
      const { epoch, offset } = await (i % 2 === 0 ? a : b).append('x.y', text)
      t.equal(epoch, before.epoch)
      positions.set(text, offset)
    }))
    const [first, ...others] = await Promise.all(followed.map((each) => each.take(400))) as [Kept[]]
    checkChain(t, first)
    t.ok(first[0]!.previous <= before.offset, 'a follower that knows the position of the empty log has missed nothing')
    t.strictSame([...positions].filter(([text, offset]) => first.find((each) => each.text === text)?.offset !== offset), [], 'an append resolves with the place of its message')
    for (const other of others) t.strictSame(other, first)
    for (const parity of [0, 1]) t.strictSame(first.map(({ text }) => text).filter((text) => Number(text) % 2 === parity), texts(400).filter((text) => Number(text) % 2 === parity), 'the appends of one node are in their order')
    t.strictSame(await b.since('x.y', before), first, 'the log keeps the same order')
  })

  check('a node reads the last message of a log, with its place', [], async (t, room) => {
    const [a, b] = await logNodes(room, 2, { messages: 1 })
    t.equal(await a.last('x'), null, 'of an empty log')
    await b.position('x')
    t.equal(await a.last('x'), null, 'of a log that is only known')
    for (const text of ['1', '2', '3']) {
      const place = await a.append('x', text)
      t.strictSame(await b.last('x'), { ...place, text })
      t.strictSame(await b.since('x', place), [], 'nothing is behind it')
    }
    await b.append('y', 'other')
    t.equal((await a.last('x'))?.text, '3')
    t.equal((await a.last('y'))?.text, 'other')
    const [c] = await logNodes(room, 1, { ttl: 1 })
    await c.append('x', 'brief')
    await until(async () => await c.last('x') === null, 'it is too old')
  })

  check('a node follows all logs that fit a pattern, in its own group', [], async (t, room) => {
    const { name, nodes } = room
    const [a, b] = await logNodes(room, 2)
    let other!: LogNode
    await nodes(1, (node) => { other = new LogNode(node, node.engine.logs.group(`${name()}-other`, { messages: 10, bytes: 100_000, ttl: 600_000 })) })
    const patterns = ['x', 'x.*', 'x.>', '*.y', '>', 'X']
    const followed = await Promise.all(patterns.map((pattern) => b.follow(pattern)))
    const end = await b.follow('end')
    const empty = await other.position('x.y')
    await other.append('x.y', 'foreign')
    for (const log of ['x', 'x.y', 'x.y.z', 'X', 'xx.y', 'end']) await a.append(log, log)
    await end.take(1)
    t.strictSame(Object.fromEntries(patterns.map((pattern, i) => [pattern, textsOf(followed[i]!.all)])), {
      x: ['x'],
      'x.*': ['x.y'],
      'x.>': ['x.y', 'x.y.z'],
      '*.y': ['x.y', 'xx.y'],
      '>': ['x', 'x.y', 'x.y.z', 'X', 'xx.y', 'end'],
      X: ['X']
    })
    for (const each of followed) for (const { log, text } of each.all) t.equal(log, text, 'the listener is told the log')
    t.strictSame(textsOf(await other.since('x.y', empty)), ['foreign'], 'two groups have logs of one name')
  })

  check('a node that follows no more gets nothing', [], async (t, room) => {
    const [a, b] = await logNodes(room, 2)
    const [ended, stays] = [await b.follow('x'), await b.follow('x')]
    await a.append('x', '1')
    t.strictSame([await ended.texts(1), await stays.texts(1)], [['1'], ['1']])
    ended.unfollow()
    ended.unfollow()
    await a.append('x', '2')
    t.strictSame([await stays.texts(1), textsOf(ended.all)], [['2'], ['1']])
  })

  check('the messages behind a position are read at every node', [], async (t, room) => {
    const [a, b] = await logNodes(room, 2)
    const empty = await b.position('x')
    t.strictSame([await a.since('x', empty), await b.since('x', empty)], [[], []], 'an empty log has nothing, for sure')
    t.match(empty.epoch, /^[\w-]{1,64}$/)
    const positions = await a.appendAll('x', texts(5))
    await a.append('y', 'other')
    t.strictSame(textsOf(await b.since('x', empty)), texts(5), 'the position of the empty log')
    t.strictSame(textsOf(await b.since('x', positions[0]!)), texts(4, 1), 'a position inside')
    t.strictSame(await b.since('x', positions[4]!), [], 'the last position')
    t.strictSame(await b.position('x'), positions[4])
    const all = await b.since('x', empty)
    checkChain(t, all!)
    t.strictSame(all!.map(({ epoch, offset }) => ({ epoch, offset })), positions)
    t.ok(all!.every(({ log }) => log === 'x') && all![0]!.previous <= empty.offset)
  })

  check('a position of another epoch, or ahead of the log, gives nothing that is sure', [], async (t, room) => {
    const [a, b] = await logNodes(room, 2)
    const empty = await a.position('x')
    t.equal(await b.since('x', { epoch: 'foreign', offset: 0 }), null, 'an empty log')
    const positions = await a.appendAll('x', texts(3))
    t.equal(await b.since('x', { epoch: 'foreign', offset: positions[0]!.offset }), null)
    t.equal(await b.since('x', { epoch: 'foreign', offset: positions[2]!.offset }), null, 'the last offset')
    t.equal(await b.since('x', { epoch: empty.epoch, offset: positions[2]!.offset + 1_000_000 }), null, 'an offset that no message had')
  })

  check('a log keeps its last messages', [], async (t, room) => {
    const [a, b] = await logNodes(room, 2, { messages: 5 })
    const empty = await a.position('x')
    const positions = await a.appendAll('x', texts(12))
    await a.append('y', 'other')
    t.strictSame(textsOf(await b.since('x', positions[6]!)), texts(5, 7), 'all that it keeps')
    t.strictSame(textsOf(await b.since('x', positions[9]!)), texts(2, 10))
    t.strictSame([await b.since('x', positions[5]!), await b.since('x', positions[0]!), await b.since('x', empty)], [null, null, null], 'a message behind the position is gone')
  })

  check('a log keeps so many bytes, if the engine has that bound', [], async (t, room) => {
    const [a] = await logNodes(room, 1, { bytes: 10_000 })
    const empty = await a.position('x')
    const positions: Awaited<ReturnType<LogNode['append']>>[] = []
    for (let i = 0; i < 30; i++) positions.push(await a.append('x', Buffer.alloc(1_000, String(i % 10))))
    t.equal((await a.since('x', positions[26]!))?.length, 3, 'the last ones are kept')
    const all = await a.since('x', empty)
    t.comment(all === null ? 'the engine bounds the bytes of a log' : 'the engine does not bound the bytes of a log')
    t.ok(all === null || all.length === 30)
  })

  check('a log keeps its messages for a time', [], async (t, room) => {
    const [a, b] = await logNodes(room, 2, { ttl: 1_000 })
    const empty = await a.position('x')
    const positions = await a.appendAll('x', texts(3))
    const answers = new Set<string>()
    await until(async () => {
      const answer = await b.since('x', empty)
      answers.add(JSON.stringify(textsOf(answer)))
      return answer === null
    }, 'the messages are gone')
    for (const answer of answers) t.ok(['["0","1","2"]', 'null'].includes(answer), `${answer} is whole, or not sure`)
    t.ok(answers.has('["0","1","2"]'), 'they were there before')
    t.strictSame(await b.since('x', positions[2]!), [], 'the last position misses nothing')
    await a.append('x', 'later')
    t.strictSame(textsOf(await b.since('x', positions[2]!)), ['later'])
  })

  check('a repeated id appends nothing', [], async (t, room) => {
    const [a, b] = await logNodes(room, 2)
    const followed = await b.follow('x')
    const empty = await a.position('x')
    const first = await a.append('x', 'one', 'id-1')
    const [again, elsewhere] = [await a.append('x', 'one', 'id-1'), await b.append('x', 'one', 'id-1')]
    const both = await Promise.all([a.append('x', 'two', 'id-2'), b.append('x', 'two', 'id-2'), a.append('x', 'two', 'id-2')])
    const last = await a.append('x', 'three', 'id-3')
    t.strictSame(textsOf(await a.since('x', empty)), ['one', 'two', 'three'])
    t.strictSame(await followed.texts(3), ['one', 'two', 'three'], 'followers get it once')
    const late = await b.append('x', 'one', 'id-1')
    for (const { epoch, offset } of [again, elsewhere, late]) t.ok(epoch === first.epoch && offset >= first.offset && offset <= last.offset, 'a repeat resolves with the place of the message, or one behind it')
    const [, two] = (await a.since('x', empty))!
    t.ok(both.every(({ offset }) => offset >= two!.offset), 'repeats at the same time too')
  })

  check('a group gets the rule of the node that starts last', [], async (t, room) => {
    const [a] = await logNodes(room, 1, { messages: 10 })
    const positions = await a.appendAll('x', texts(10))
    t.equal((await a.since('x', positions[0]!))?.length, 9)
    const [b] = await logNodes(room, 1, { messages: 3 })
    await a.append('x', '10')
    t.strictSame(textsOf(await b.since('x', positions[7]!)), ['8', '9', '10'])
    t.equal(await b.since('x', positions[6]!), null)
    const [c] = await logNodes(room, 1, { messages: 10 })
    await b.appendAll('x', texts(4, 11))
    t.equal((await c.since('x', positions[7]!))?.length, 7, 'a rule that keeps more')
  })

  check('a group has 1,000 logs', [], async (t, room) => {
    const [a, b] = await logNodes(room, 2, { messages: 2 })
    const followed = await b.follow('>')
    const logs = Array.from({ length: 1_000 }, (_, i) => `log.l${i}`)
    const start = await a.position('log.l0')
    const positions = await Promise.all(logs.map(async (log) => await a.appendAll(log, [`${log} 0`, `${log} 1`, `${log} 2`])))
    const got = await followed.take(3_000)
    t.strictSame(logs.filter((log) => got.filter((each) => each.log === log).map(({ text }) => text).join() !== [0, 1, 2].map((i) => `${log} ${i}`).join()), [], 'each log is in order')
    const wrong = await Promise.all(logs.filter((_, i) => i % 10 === 0).map(async (log, i) => {
      const [first, , third] = positions[i * 10]!
      const [whole, last, lost] = [await b.since(log, first!), await b.since(log, third!), await b.since(log, { ...start, offset: 0 })]
      return textsOf(whole)?.join() === `${log} 1,${log} 2` && last?.length === 0 && lost === null ? null : log
    }))
    t.strictSame(wrong.filter((log) => log !== null), [], 'each log has its own messages and bounds')
  })

  check('a message of a log is empty, has bytes of every value, or is as large as the engine takes', [], async (t, room) => {
    const [a, b] = await logNodes(room, 2)
    const { maxPayload } = a.node.engine.facts
    const sizes: number[] = []
    const first: Buffer[] = []
    await b.group.follow('x', ({ data }) => {
      sizes.push(data.byteLength)
      if (sizes.length === 2) first.push(Buffer.from(data))
    })
    const empty = await a.position('x')
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256))
    await a.append('x', '')
    await a.append('x', bytes)
    const largest = Buffer.alloc(maxPayload, 'abcdefg')
    for (let i = 0; i < 3; i++) await a.append('x', largest)
    await t.rejects(a.append('x', Buffer.alloc(maxPayload + 1)), { code: 'FST_SOCKJS_ENGINE_TOO_LARGE', message: new RegExp(`${maxPayload + 1}.*${maxPayload}`) })
    await a.append('x', 'end')
    await until(() => sizes.length === 6, 'all messages arrive')
    t.strictSame(sizes, [0, 512, maxPayload, maxPayload, maxPayload, 3])
    t.ok(first[0]!.equals(bytes))
    const kept = await within(b.group.since('x', empty), 'large messages')
    t.strictSame(kept?.map(({ data }) => data.byteLength), sizes)
    t.ok(Buffer.from(kept![1]!.data).equals(bytes) && Buffer.from(kept![4]!.data).equals(largest))
    t.strictSame([a.node.reports, b.node.reports], [['available'], ['available']])
  })

  check('the messaging system is killed, and a log is there again or begins a new epoch', ['kill', 'revive'], async (t, room) => {
    const { faults } = room
    const [a, b] = await logNodes(room, 2)
    const { durable } = a.node.engine.facts
    const followed = await b.follow('x')
    const empty = await a.position('x')
    const before = await a.appendAll('x', texts(10))
    await followed.take(10)
    await faults.kill()
    await Promise.all([a, b].map(({ node }) => node.reaches('unavailable')))
    await t.rejects(a.append('x', 'lost'), UNAVAILABLE)
    await t.rejects(a.since('x', empty), UNAVAILABLE)
    await t.rejects(a.position('x'), UNAVAILABLE)
    const late = a.follow('*')
    await faults.revive()
    await Promise.all([a, b].map(({ node }) => node.reaches('available')))
    const all = await late
    const position = await a.position('x')
    t.equal(position.epoch === empty.epoch, durable, durable ? 'the epoch is the same' : 'the epoch is new')
    t.strictSame(textsOf(await b.since('x', empty)), durable ? texts(10) : null)
    t.strictSame(textsOf(await b.since('x', before[6]!)), durable ? texts(3, 7) : null)
    const after = await a.append('x', 'after')
    t.strictSame([await followed.texts(1), await all.texts(1)], [['after'], ['after']], 'each follower gets it once')
    t.strictSame(textsOf(await b.since('x', position)), ['after'])
    t.equal(after.epoch, position.epoch)
  })

  check('a node that was cut reads the messages that it has missed', ['cut', 'mend'], async (t, room) => {
    const { faults } = room
    const [a, b] = await logNodes(room, 2)
    const followed = await b.follow('x')
    await a.appendAll('x', texts(3))
    const known = (await followed.take(3)).at(-1)!
    await faults.cut(b.node.engine)
    await b.node.reaches('unavailable')
    await a.appendAll('x', texts(4, 3))
    await faults.mend(b.node.engine)
    await b.node.reaches('available')
    await a.append('x', '7')
    const next = await followed.next()
    t.equal(next.text, '7')
    t.ok(next.previous > known.offset, 'the follower sees that messages are missing')
    const missed = await b.since('x', known)
    t.strictSame(textsOf(missed), texts(5, 3))
    checkChain(t, [known, ...missed!])
    t.strictSame(missed!.at(-1), next)
    await a.append('x', '8')
    t.equal((await followed.next()).previous, next.offset)
  })

  check('the messaging system is killed while a node appends with repeats', ['kill', 'revive'], async (t, room) => {
    const { faults } = room
    const [a, b] = await logNodes(room, 2)
    const empty = await a.position('x')
    const appends = Promise.all(texts(500).map((text) => a.insist('x', text)))
    await a.append('y', 'begun')
    await faults.kill()
    await Promise.all([a, b].map(({ node }) => node.reaches('unavailable')))
    await faults.revive()
    await Promise.all([a, b].map(({ node }) => node.reaches('available')))
    await within(appends, 'every append in the end')
    const { durable } = a.node.engine.facts
    const { epoch } = await a.position('x')
    const kept = textsOf(await b.since('x', durable ? empty : { epoch, offset: 0 }))!
    t.equal(new Set(kept).size, kept.length, 'no message is there twice')
    if (durable) t.strictSame([...kept].sort(), texts(500).sort(), 'none is missing')
    t.comment(`${kept.length} of 500 are in the log`)
  })
}
