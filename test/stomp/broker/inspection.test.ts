import t from 'tap'
import { handleNamed, startMemoryBroker } from '../../support/broker.ts'
import { PatternTrie } from '../../../src/stomp/pattern-trie.ts'
import type { BrokerDeadLetter, BrokerInspection, BrokerQueue } from '../../../src/stomp/broker/inspection.ts'

const topicsOf = (shown: BrokerInspection) => [...shown.topics!()]
const queuesOf = (shown: BrokerInspection) => [...shown.queues!() as Iterable<BrokerQueue>]
const deadLettersOf = (shown: BrokerInspection) => [...shown.deadLetters!() as Iterable<BrokerDeadLetter>]
const lettersOf = (shown: BrokerInspection) => deadLettersOf(shown).map(({ queue, reason, body }) => [queue, reason, body.text])

t.test('the embedded broker shows its topics, patterns and queues', async (t) => {
  const { broker, connect } = await startMemoryBroker(t)
  t.strictSame([topicsOf(broker.inspect!()), queuesOf(broker.inspect!())], [[], []])
  const [a, b] = [await connect(), await connect()]
  a.subscribe('1', '/topic/x')
  b.subscribe('1', '/topic/x')
  b.subscribe('2', '/topic/*/y')
  b.subscribe('3', '/topic/z/**')
  b.subscribe('4', '/topic/acked', 'client')
  a.publish('/queue/full', 'one')
  a.publish('/queue/full', 'two')
  b.subscribe('5', '/queue/read', 'client')
  t.strictSame(topicsOf(broker.inspect!()), [
    { destination: '/topic/x', subscribers: 2 },
    { destination: '/topic/acked', subscribers: 1 },
    { destination: '/topic/*/y', subscribers: 1 },
    { destination: '/topic/z/**', subscribers: 1 }
  ])
  const [full, read] = queuesOf(broker.inspect!())
  t.match(full, { destination: '/queue/full', messages: 2, consumers: 0 })
  t.ok(full!.bytes! > 2 * 128)
  t.strictSame(read, { destination: '/queue/read', messages: 0, bytes: 0, consumers: 1 })
  t.strictSame(broker.inspect!().unknown, [])
})

t.test('patterns are written with the separator of the broker', async (t) => {
  const { broker, connect } = await startMemoryBroker(t, { separator: '.' })
  const a = await connect()
  a.subscribe('1', '/topic/a.*.c')
  t.strictSame(topicsOf(broker.inspect!()), [{ destination: '/topic/a.*.c', subscribers: 1 }])
})

t.test('dead letters are listed, and go back to their queue', async (t) => {
  const { broker, connect } = await startMemoryBroker(t, { maxDeliveries: 1 })
  const a = await connect()
  a.subscribe('1', '/queue/x', 'client-individual')
  for (const text of ['first', 'second']) {
    a.publish('/queue/x', text, { colour: 'red' })
    a.broker.nack([handleNamed(a, text)])
  }
  const shown = broker.inspect!()
  t.strictSame(lettersOf(shown), [['/queue/x', 'delivery-limit', 'first'], ['/queue/x', 'delivery-limit', 'second']])
  const [letter] = deadLettersOf(shown)
  t.equal(await shown.replay!('no such letter'), false)
  t.equal(await shown.replay!(letter!.id), true)
  t.strictSame(lettersOf(shown), [['/queue/x', 'delivery-limit', 'second']])
  t.equal(await shown.replay!(letter!.id), false, 'a letter goes back once')
  const again = a.sink.deliveries.all.at(-1)!.publication
  t.strictSame([again.body.text, again.headers.get('colour'), again.headers.has('x-death-reason')], ['first', 'red', false])
})

t.test('a letter stays when its queue has no room for it', async (t) => {
  const { broker, connect } = await startMemoryBroker(t, { maxDeliveries: 1, maxQueueMessages: 1 })
  const a = await connect()
  a.subscribe('1', '/queue/x', 'client-individual')
  a.publish('/queue/x', 'dead')
  a.broker.nack([handleNamed(a, 'dead')])
  a.publish('/queue/x', 'in the way')
  const shown = broker.inspect!()
  const { id } = deadLettersOf(shown)[0]!
  t.throws(() => shown.replay!(id), { code: 'STOMP_QUEUE_FULL' })
  t.equal(lettersOf(shown).length, 1)
  a.broker.ack([handleNamed(a, 'in the way')])
  t.equal(await shown.replay!(id), true)
  t.strictSame(lettersOf(shown), [])
})

t.test('a message that has expired does not expire at once again', async (t) => {
  const { broker, connect, clock } = await startMemoryBroker(t, { deadLetterExpired: true })
  const a = await connect()
  a.publish('/queue/x', 'late', { expires: String(clock.date() + 1000) })
  clock.advance(5000)
  const shown = broker.inspect!()
  const [letter] = deadLettersOf(shown)
  t.match(letter, { queue: '/queue/x', reason: 'expired' })
  t.equal(await shown.replay!(letter!.id), true)
  a.subscribe('1', '/queue/x')
  t.equal(a.sink.texts.at(-1), 'late')
  t.strictSame(lettersOf(shown), [])
})

t.test('a trie lists its patterns', async (t) => {
  const trie = new PatternTrie<{ name: string }>()
  for (const name of ['a', 'a.b', 'a.*', 'a.**', '*.*', '**']) trie.open(name.split('.'), () => ({ name }))
  t.strictSame([...trie].map(([pattern, { name }]) => [pattern.join('.'), name]).sort(), ['a', 'a.b', 'a.*', 'a.**', '*.*', '**'].map((name) => [name, name]).sort())
  trie.delete(['a', '*'])
  t.equal([...trie].length, 5)
})
