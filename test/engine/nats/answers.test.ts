import t from 'tap'
import { engineErrorOf, isUnserved, JetStreamError, readAnswer } from '../../../src/engine/nats/jetstream/answers.ts'
import { MessageId } from '../../../src/engine/nats/jetstream/message-id.ts'
import { factsOf, Taken } from '../../../src/engine/nats/jetstream/taken.ts'
import { Uncounted } from '../../../src/engine/nats/jetstream/uncounted.ts'

const answer = (text: string, code?: number) => ({
  subject: 'x', data: Buffer.from(text), ...code === undefined ? {} : { headers: { code, get: () => '' } }
})

t.test('the subject of an acknowledgement has the number of the message and of its deliveries', async (t) => {
  const subjects: [string, number | null][] = [
    ['$JS.ACK.sj+shop+q.a+b.1.7.3.1795943880756640900.0', 1],
    ['$JS.ACK.sj+shop+q.a+b.27.7.3.1795943880756640900.0', 27],
    // Newer servers name the domain and the hash of the account before, and a random token behind.
    ['$JS.ACK._.AbCdEfGh.sj+shop+q.a+b.4.7.3.1795943880756640900.0', 4],
    ['$JS.ACK.hub.AbCdEfGh.sj+shop+q.a+b.5.7.3.1795943880756640900.0.Zz9', 5],
    ['$JS.ACK.sj+shop+q.a+b.0.7.3.1795943880756640900.0', null],
    ['$JS.ACK.sj+shop+q.a+b.x.7.3.1795943880756640900.0', null],
    ['$JS.ACK.sj+shop+q.a+b.1.7.3.1795943880756640900', null],
    ['$JS.ACK.a.sj+shop+q.a+b.1.7.3.1795943880756640900.0', null],
    ['$JS.API.sj+shop+q.a+b.1.7.3.1795943880756640900.0', null],
    ['sj.shop.j.node.1', null],
    ['$JS.ACK.sj+shop+q.a+b.1.0.3.1795943880756640900.0', null],
    ['', null]
  ]
  for (const [subject, deliveries] of subjects) t.strictSame(factsOf(subject), deliveries === null ? null : { deliveries, number: 7 }, subject)
})

t.test('a message that is taken has bytes of its own', async (t) => {
  const data = Buffer.from('hello')
  const taken = Taken.from({ subject: 'sj.shop.q.a', data, reply: '$JS.ACK.s.c.2.3.4.5.6' }, 'epoch')!
  data.fill('?')
  t.match(taken, { deliveries: 2, number: 3, subject: '$JS.ACK.s.c.2.3.4.5.6', epoch: 'epoch' })
  t.equal(Buffer.from(taken.data).toString(), 'hello')
  t.equal(Taken.from({ subject: 'sj.shop.q.a', data }, 'epoch'), null, 'a message of a stranger')
})

t.test('a message that JetStream gives again and counts as new is no new message', async (t) => {
  const uncounted = new Uncounted()
  const deliveriesOf = (queue: string, number: number, deliveries = 1, epoch = 'one'): number => uncounted.deliveriesOf(queue, { number, deliveries, epoch })
  t.strictSame([1, 2, 5].map((number) => deliveriesOf('a', number)), [1, 1, 1], 'other nodes have the messages between')
  t.equal(deliveriesOf('a', 5), 2, 'the newest one has come twice')
  t.equal(deliveriesOf('a', 4), 2, 'an older one was given to another node before')
  t.equal(deliveriesOf('a', 7, 3), 3)
  t.equal(deliveriesOf('a', 7), 2, 'it was counted before')
  t.equal(deliveriesOf('a', 6, 4), 4, 'the count of the server is higher')
  t.equal(deliveriesOf('b', 3), 1, 'the queues of a stream share its numbers')
  t.equal(deliveriesOf('a', 8), 1)
  t.equal(deliveriesOf('a', 1, 1, 'two'), 1, 'another stream has other messages')
  for (let i = 0; i < 10_000; i++) deliveriesOf(`queue ${i}`, 1, 1, 'two')
  t.equal(deliveriesOf('a', 1, 1, 'two'), 1, 'queues that were not used for long are forgotten')
})

t.test('the id of a message is a header of one length, whatever the application wrote', async (t) => {
  const ids = [['log', 'a'], ['log', 'b'], ['other', 'a'], ['log', '\r\nNats-Rollup: all'], ['log', 'x'.repeat(10_000)]] as const
  const texts = ids.map(([place, id]) => Buffer.from(new MessageId(place, id).encode()).toString())
  for (const text of texts) t.match(text, /^NATS\/1\.0\r\nNats-Msg-Id: [\w-]{43}\r\n\r\n$/)
  t.equal(new Set(texts).size, ids.length)
  t.equal(Buffer.from(new MessageId('log', 'a').encode()).toString(), texts[0])
})

t.test('an answer is read, or is an error of the engine', async (t) => {
  t.strictSame(readAnswer(answer('{"stream":"sj+shop+q", "seq":7,"duplicate": true}')), { stream: 'sj+shop+q', seq: 7, duplicate: true })
  t.throws(() => readAnswer(answer('<html>')), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE', message: /not JSON/ })
  t.throws(() => readAnswer(answer('', 503)), { name: 'Error', number: 1, kind: 'unavailable' })
  t.ok(isUnserved(answer('', 503)))
  t.notOk(isUnserved(answer('x', 503)))
  const errors: [string, string][] = [
    ['{"code":503,"err_code":10077,"description":"maximum messages per subject exceeded"}', 'FULL'],
    ['{"code":503,"err_code":10077,"description":"maximum bytes exceeded"}', 'FULL'],
    ['{"code":503,"err_code":10077,"description":"no space left on device"}', 'UNAVAILABLE'],
    ['{"code":500,"err_code":10047,"description":"insufficient storage resources available"}', 'FULL'],
    ['{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"}', 'TOO_LARGE'],
    ['{"code":503,"err_code":10039,"description":"JetStream not enabled for account"}', 'REFUSED'],
    ['{"code":400,"err_code":10025,"description":"invalid JSON"}', 'REFUSED'],
    ['{"code":404,"err_code":10059,"description":"stream not found"}', 'UNAVAILABLE'],
    ['{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}', 'UNAVAILABLE'],
    ['{"code":500}', 'UNAVAILABLE']
  ]
  for (const [error, code] of errors) {
    try {
      readAnswer(answer(`{"type":"x","error":${error}}`))
      t.fail(error)
    } catch (thrown) {
      t.ok(thrown instanceof JetStreamError)
      t.equal((engineErrorOf(thrown, 10, 5) as { code?: string }).code, `FST_SOCKJS_ENGINE_${code}`, error)
    }
  }
  const other = new Error('other')
  t.equal(engineErrorOf(other, 0, 0), other)
})
