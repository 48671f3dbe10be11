import t from 'tap'
import { SerialQueue } from '../../../src/stomp/broker/local/serial-queue.ts'

t.test('tasks run one after the other, and those that a task defers run when it is done', async (t) => {
  const queue = new SerialQueue()
  const seen: string[] = []
  queue.defer(() => {
    seen.push('first begins')
    queue.defer(() => { seen.push('third') })
    queue.run()
    t.equal(queue.enter(), false, 'a task runs')
    seen.push('first ends')
  })
  queue.defer(() => { seen.push('second') })
  t.equal(queue.idle, false, 'tasks wait')
  queue.run()
  t.strictSame([seen, queue.idle], [['first begins', 'first ends', 'second', 'third'], true])
})

t.test('a caller that has entered works like a task', async (t) => {
  const queue = new SerialQueue()
  const seen: string[] = []
  t.equal(queue.enter(), true)
  t.strictSame([queue.idle, queue.enter()], [false, false])
  queue.defer(() => { seen.push('deferred') })
  queue.run()
  t.strictSame(seen, [], 'a task waits until the caller leaves')
  queue.leave()
  t.strictSame([seen, queue.idle], [['deferred'], true])
  t.equal(queue.exclusively(() => queue.exclusively(() => 'inner')), 'inner')
})

t.test('after an error the queue goes on with the tasks that wait', async (t) => {
  const queue = new SerialQueue()
  const seen: string[] = []
  t.throws(() => queue.exclusively(() => {
    queue.defer(() => { seen.push('of the task that fails') })
    throw new Error('failed')
  }), { message: 'failed' })
  t.strictSame([seen, queue.idle], [['of the task that fails'], true])
  queue.defer(() => { throw new Error('failed too') })
  queue.defer(() => { seen.push('next') })
  t.throws(() => queue.run(), { message: 'failed too' })
  queue.run()
  t.strictSame([seen.at(-1), queue.idle], ['next', true])
})
