import t from 'tap'
import type { Message } from '../../../src/stream/message-stream.ts'
import { PreparedMessage } from '../../../src/stream/prepared-message.ts'
import { Publication } from '../../../src/stomp/broker/publication.ts'
import { Body, FrameHeaders, MessageLines } from '../../../src/stomp/codec/index.ts'

const publication = (): Publication => new Publication('/topic/x', 'm1', [], Body.from('é'))

const lines = new MessageLines()

const dataOf = (message: Message | PreparedMessage): Message => message instanceof PreparedMessage ? message.data : message

t.test('the first subscriber gets the data alone, because a message for one needs no shared forms', async (t) => {
  t.equal(publication().forSubscription('sub-0', '1.2', false, lines), 'MESSAGE\nsubscription:sub-0\ndestination:/topic/x\nmessage-id:m1\ncontent-length:2\n\né\0')
})

t.test('STOMP-M2: all other subscribers with one id, version and form share one message', async (t) => {
  const shared = publication()
  const data = shared.forSubscription('sub-0', '1.2', false, lines)
  const second = shared.forSubscription('sub-0', '1.2', false, lines)
  t.equal(dataOf(second), data)
  t.equal(shared.forSubscription('sub-0', '1.2', false, lines), second)
  t.not(shared.forSubscription('sub-0', '1.1', false, lines), second)
  t.not(shared.forSubscription('sub-1', '1.2', false, lines), second)
  t.strictSame(dataOf(shared.forSubscription('sub-0', '1.2', true, lines)), Buffer.from(data as string))
  t.equal(shared.forSubscription('sub-0', '1.2', true, lines), shared.forSubscription('sub-0', '1.2', true, lines))
  t.equal(shared.forSubscription('sub-1', '1.2', false, lines), shared.forSubscription('sub-1', '1.2', false, lines))
})

t.test('many different subscription ids are encoded right, and not all are kept', async (t) => {
  const shared = publication()
  const ids = Array.from({ length: 200 }, (_, index) => `sub-${index}`)
  for (const id of ids) t.match(dataOf(shared.forSubscription(id, '1.2', false, lines)), `MESSAGE\nsubscription:${id}\n`)
  t.equal(shared.forSubscription('sub-0', '1.2', false, lines), shared.forSubscription('sub-0', '1.2', false, lines))
  t.not(shared.forSubscription('sub-199', '1.2', false, lines), shared.forSubscription('sub-199', '1.2', false, lines))
})

t.test('a publication that forgets its forms makes them anew', async (t) => {
  const shared = publication()
  const first = shared.forSubscription('sub-0', '1.2', false, lines)
  shared.forgetForms()
  const again = shared.forSubscription('sub-0', '1.2', false, lines)
  t.notOk(again instanceof PreparedMessage)
  t.equal(again, first)
})

t.test('STOMP-M5: the headers of a message begin with those of the server, which the publisher cannot set', async (t) => {
  const given = FrameHeaders.from({ a: '1', 'message-id': 'forged', destination: '/topic/y' })
  const message = new Publication('/topic/x', 'm1', given, Body.EMPTY)
  const { size } = message
  given.set('b', '2')
  t.strictSame([...message.headers], [['destination', '/topic/x'], ['message-id', 'm1'], ['a', '1']])
  t.equal(message.headers, message.headers)
  t.equal(message.size, size)
  t.equal(message.forSubscription('s', '1.2', false, lines), 'MESSAGE\nsubscription:s\ndestination:/topic/x\nmessage-id:m1\na:1\ncontent-length:0\n\n\0')
})
