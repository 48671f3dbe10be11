import t from 'tap'
import { ManualClock } from '../../src/core/clock.ts'
import { Follower } from '../../src/stomp/presence/follower.ts'
import { OwnTopic } from '../../src/stomp/presence/own-topic.ts'
import { Picture } from '../../src/stomp/presence/picture.ts'
import { type Change, readAnswer, readChange, writeAnswer, writeChange } from '../../src/stomp/presence/records.ts'
import { WatchedTopic } from '../../src/stomp/presence/watched-topic.ts'

const change = (number: number, previous: number, joined: string[] = [], left: string[] = []): Change => ({ node: 'n', number, previous, joined, left })
const roll = (number: number, ...users: string[]) => ({ topic: 't', number, users })

t.test('a picture: a user is present while one node has it', async (t) => {
  const picture = new Picture()
  t.strictSame(picture.replace('a', ['ann', 'bob']), { joined: ['ann', 'bob'], left: [] })
  t.strictSame(picture.replace('b', ['bob', 'cid']), { joined: ['cid'], left: [] })
  t.strictSame(picture.change('a', ['ann'], ['bob', 'bob', 'dan']), { joined: [], left: [] }, 'neither a second time, nor one that was not there')
  t.strictSame([picture.size, [...picture.users].sort()], [3, ['ann', 'bob', 'cid']])
  t.strictSame(picture.replace('b', ['ann']), { joined: [], left: ['bob', 'cid'] })
  t.strictSame(picture.replace('a', []), { joined: [], left: [] })
  t.strictSame(picture.replace('b', []), { joined: [], left: ['ann'] })
})

t.test('a follower: changes before the answer are kept, and the answer has the older ones', async (t) => {
  const follower = new Follower(new Picture(), 'n')
  t.ok(follower.isUnsure)
  t.equal(follower.received(change(3, 0, ['ann'])), null)
  t.equal(follower.received(change(5, 3, ['bob'])), null)
  t.strictSame(follower.answered(roll(3, 'ann')), [{ joined: ['ann'], left: [] }, { joined: ['bob'], left: [] }])
  t.notOk(follower.isUnsure)
  t.equal(follower.received(change(5, 3, ['bob'])), null, 'a change that comes again')
  t.strictSame(follower.received(change(9, 5, [], ['ann'])), { joined: [], left: ['ann'] })
})

t.test('a follower: a hole in the changes', async (t) => {
  const follower = new Follower(new Picture(), 'n')
  follower.answered(roll(3, 'ann'))
  t.equal(follower.received(change(7, 5, ['cid'])), null)
  t.ok(follower.isUnsure)
  t.equal(follower.received(change(8, 7, ['dan'])), null, 'it waits for the answer')
  t.strictSame(follower.answered(roll(7, 'bob', 'cid')), [{ joined: ['bob', 'cid'], left: ['ann'] }, { joined: ['dan'], left: [] }])
  t.notOk(follower.isUnsure)
})

t.test('a follower: an answer that is older than the hole', async (t) => {
  const follower = new Follower(new Picture(), 'n')
  follower.answered(roll(3, 'ann'))
  follower.received(change(7, 5, ['cid']))
  follower.answered(roll(5, 'bob'))
  t.notOk(follower.isUnsure, 'the answer has the lost change, and the one after it was kept')
  follower.received(change(11, 9))
  follower.answered(roll(7))
  t.ok(follower.isUnsure, 'the answer was older than the hole')
})

t.test('a follower: a node that had no users before a change has lost the others', async (t) => {
  const follower = new Follower(new Picture(), 'n')
  follower.answered(roll(3, 'ann', 'bob'))
  t.strictSame(follower.received(change(8, 0, ['bob', 'cid'])), { joined: ['cid'], left: ['ann'] })
})

t.test('a follower: too many changes before the answer', async (t) => {
  const follower = new Follower(new Picture(), 'n')
  for (let i = 1; i <= 1_001; i++) follower.received(change(i, i - 1, [`${i}`]))
  t.equal(follower.answered(roll(0)).length, 1_001)
  t.ok(follower.isUnsure, 'one was dropped')
  follower.answered(roll(1_001))
  t.notOk(follower.isUnsure)
})

t.test('a watched topic: an answer to a question from before a gap does not make the list complete', async (t) => {
  const topic = new WatchedTopic('/topic/$presence/t', 10, new ManualClock(), { next: () => 'id' })
  topic.isListening = true
  topic.follow('n')
  t.ok(topic.answered('n', roll(3, 'ann'), true), 'the node must be asked again')
  t.notOk(topic.isComplete)
  t.notOk(topic.answered('n', roll(3, 'ann'), false))
  t.ok(topic.isComplete)
})

t.test('a topic of this node: the others know the users of the last change', async (t) => {
  const topic = new OwnTopic()
  const count = (user: string, delta: 1 | -1): void => { if (topic.count(user, delta)) topic.note(user) }
  for (const user of ['ann', 'bob', 'ann']) count(user, 1)
  t.strictSame([topic.users, topic.publishedUsers], [['ann', 'bob'], []])
  t.strictSame(topic.take(100), { joined: ['ann', 'bob'], left: [] })
  count('ann', -1)
  t.ok(topic.isPublished, 'one of two subscriptions')
  count('ann', -1)
  count('cid', 1)
  t.strictSame([topic.users, topic.publishedUsers.sort()], [['bob', 'cid'], ['ann', 'bob']])
  count('ann', 1)
  count('cid', -1)
  t.ok(topic.isPublished, 'all is as it was')
  count('bob', -1)
  count('ann', -1)
  t.notOk(topic.isEmpty)
  t.strictSame([topic.take(1), topic.take(1)], [{ joined: [], left: ['bob'] }, { joined: [], left: ['ann'] }], 'a change has a bound')
  t.ok(topic.isEmpty)
})

t.test('records', async (t) => {
  const whole = change(2 ** 40, 7, ['ann', 'ü'], ['bob'])
  t.strictSame(readChange(writeChange(whole)), whole)
  const rolls = [roll(1, 'ann'), { ...roll(2), topic: 'other' }]
  t.strictSame(readAnswer(writeAnswer(rolls)), rolls)
  const long = Array.from({ length: 3 }, (_, i) => ({ topic: `${i}`, number: 1, users: ['x'.repeat(600_000)] }))
  t.strictSame(readAnswer(writeAnswer(long)), long.slice(0, 2), 'the rest has no room')
})
