import t from 'tap'
import { Publication } from '../../../src/stomp/broker/publication.ts'
import { Body } from '../../../src/stomp/codec/index.ts'

const publication = (): Publication => new Publication('/topic/x', 'm1', [], Body.from('é'))

t.test('STOMP-M2: subscribers with one id, version and form share one message', async (t) => {
  const shared = publication()
  const first = shared.forSubscription('sub-0', '1.2', false)
  t.equal(first.data, 'MESSAGE\nsubscription:sub-0\ndestination:/topic/x\nmessage-id:m1\ncontent-length:2\n\né\0')
  t.equal(shared.forSubscription('sub-0', '1.2', false), first)
  t.not(shared.forSubscription('sub-0', '1.1', false), first)
  t.not(shared.forSubscription('sub-1', '1.2', false), first)
  t.strictSame(shared.forSubscription('sub-0', '1.2', true).data, Buffer.from(first.data as string))
  t.equal(shared.forSubscription('sub-0', '1.2', true), shared.forSubscription('sub-0', '1.2', true))
})

t.test('many different subscription ids are encoded right, and not all are kept', async (t) => {
  const shared = publication()
  const ids = Array.from({ length: 200 }, (_, index) => `sub-${index}`)
  for (const id of ids) t.match(shared.forSubscription(id, '1.2', false).data, `MESSAGE\nsubscription:${id}\n`)
  t.equal(shared.forSubscription('sub-0', '1.2', false), shared.forSubscription('sub-0', '1.2', false))
  t.not(shared.forSubscription('sub-199', '1.2', false), shared.forSubscription('sub-199', '1.2', false))
})

t.test('a publication that forgets its forms makes them anew', async (t) => {
  const shared = publication()
  const first = shared.forSubscription('sub-0', '1.2', false)
  shared.forgetForms()
  t.not(shared.forSubscription('sub-0', '1.2', false), first)
  t.equal(shared.forSubscription('sub-0', '1.2', false).data, first.data)
})
