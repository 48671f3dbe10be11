import { test } from 'tap'
import { type ContractShape, defineContract, type SchemaTypes } from '../src/contract.ts'

const CHAT: ContractShape = {
  messages: {
    '/app/chat/:room': { params: { type: 'object', properties: { room: { type: 'string' } } }, body: {}, sendTo: '/topic/chat/:room', summary: 'Says a line' },
    '/app/me': { sendToUser: '/user/queue/me' },
    '/app/add': { answer: { type: 'number' } }
  },
  subscriptions: { '/app/rooms': { answer: { type: 'array' } } },
  destinations: { '/topic/chat/:room': { body: {} }, '/user/queue/me': {} },
  requests: { '/user/queue/confirm': { body: {}, answer: {} } }
}

test('a contract comes back as it is', async (t) => {
  t.equal(defineContract(CHAT as {}), CHAT)
  t.equal(defineContract<SchemaTypes>()(CHAT as {}), CHAT)
  t.strictSame(defineContract({}), {})
  // With the separator `.`, parameters are parts between dots.
  t.ok(defineContract({ messages: { '/app/chat.:room': { sendTo: '/topic/chat.:room' } }, destinations: { '/topic/chat.:room': {} } }))
  t.ok(defineContract({ messages: { '/app/x/:a': { params: { shape: { a: {} } } }, '/app/y': { params: true } } }))
})

const X = '/app/x'
const WRONG: Readonly<Record<string, readonly [contract: unknown, text: string]>> = {
  'no object': [[], 'the contract must be an object'],
  nothing: [undefined, 'the contract must be an object'],
  'an unknown part': [{ topics: {} }, 'topics is not a part of a contract; the parts are messages, subscriptions, destinations, requests'],
  'a part that is no object': [{ messages: [] }, 'messages must be an object'],
  'an entry that is no object': [{ messages: { [X]: null } }, 'messages["/app/x"] must be an object'],
  'an unknown field': [{ subscriptions: { [X]: { body: {} } } }, 'subscriptions["/app/x"] has the unknown field body; the fields are params, headers, answer, summary, description, tags, examples'],
  'a path without a slash': [{ messages: { 'app/x': {} } }, 'messages["app/x"] must begin with /, without empty segments'],
  'a path that begins with a dot': [{ messages: { '.app/x': {} } }, 'messages[".app/x"] must begin with /, without empty segments'],
  'an empty segment': [{ messages: { '/app//x': {} } }, 'messages["/app//x"] must begin with /, without empty segments'],
  'a pattern': [{ destinations: { '/topic/**': {} } }, 'destinations["/topic/**"] must not be a pattern'],
  'a part of a segment as parameter': [{ messages: { '/app/x:a': {} } }, 'messages["/app/x:a"] has x:a; a parameter is a whole segment, such as :room'],
  'a number as parameter': [{ messages: { '/app/:1': {} } }, 'messages["/app/:1"] has :1; a parameter is a whole segment, such as :room'],
  'a parameter twice': [{ messages: { '/app/:a/:a': {} } }, 'messages["/app/:a/:a"] names a parameter twice'],
  'a parameter without a schema': [{ messages: { '/app/:a': { params: { properties: {} } } } }, 'messages["/app/:a"] has a schema of params without a'],
  'a schema of a parameter that is not there': [{ messages: { [X]: { params: { shape: { a: {} } } } } }, 'messages["/app/x"] has a schema of params with a, which the path has not'],
  'an unknown target': [{ messages: { [X]: { sendTo: '/topic/x' } } }, 'messages["/app/x"] sends to /topic/x, which is not among the destinations'],
  'a target of Object': [{ messages: { [X]: { sendTo: 'toString' } }, destinations: {} }, 'messages["/app/x"] sends to toString, which is not among the destinations'],
  'a parameter of the target alone': [{ messages: { [X]: { sendTo: '/topic/:a' } }, destinations: { '/topic/:a': {} } }, 'messages["/app/x"] sends to /topic/:a, but its path has no :a'],
  'a topic for a user': [{ messages: { [X]: { sendToUser: '/topic/x' } }, destinations: { '/topic/x': {} } }, 'messages["/app/x"] has the sendToUser /topic/x, which must begin with /user/'],
  'two answers': [{ messages: { [X]: { sendTo: '/topic/x', answer: {} } }, destinations: { '/topic/x': {} } }, 'messages["/app/x"] has more than one of answer, sendTo and sendToUser'],
  'two entries for one subscription': [{ subscriptions: { [X]: {} }, destinations: { [X]: {} } }, 'subscriptions["/app/x"] is among the destinations, too'],
  'a question and messages at one destination': [{ requests: { '/user/queue/a': {} }, destinations: { '/user/queue/a': {} } }, 'requests["/user/queue/a"] is among the destinations, too'],
  'a question to a topic': [{ requests: { '/topic/x': {} } }, 'requests["/topic/x"] must begin with /user/, because it goes to one session']
}

for (const [name, [contract, text]] of Object.entries(WRONG)) {
  test(`a contract with ${name} is refused`, async (t) => {
    t.throws(() => defineContract(contract as {}), { name: 'TypeError', code: 'FST_STOMP_INVALID_CONTRACT', message: `contract: ${text}` })
  })
}
