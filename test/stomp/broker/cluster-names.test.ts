import t from 'tap'
import { nameOf, patternsOf } from '../../../src/stomp/broker/cluster/names.ts'

const destination = (...segments: string[]) => ({ kind: 'topic', name: segments.join('/'), segments } as const)

t.test('SPRING-E3: a star is a star of the engine in a pattern alone, because a message may go to that very text', async (t) => {
  t.equal(nameOf(destination('/topic', 'a', '*')), 'topic.a._2a')
  t.equal(nameOf(destination('/topic', '**')), 'topic._2a_2a')
  t.equal(nameOf(destination('/topic', 'a.b', '>')), 'topic.a_2eb._3e')
  t.strictSame(patternsOf(destination('/topic', '*', 'b')), ['topic.*.b'])
  t.strictSame(patternsOf(destination('/topic', 'a', '**')), ['topic.a', 'topic.a.>'])
  t.strictSame(patternsOf(destination('/topic', '**')), ['topic.>'])
})
