import t from 'tap'
import { inspectedServer, openPage } from './support.ts'
import { connect } from '../support/client.ts'
import type { TestServer } from '../support/server.ts'

/** Makes a dead letter: a message that its consumer has refused. */
async function bury (server: TestServer, text = 'poison'): Promise<void> {
  const client = await server.app.stomp.inject()
  await client.subscribe('/queue/x', { ack: 'client-individual' })
  await client.send('/queue/x', text, { colour: 'red' })
  const { headers } = await client.next('MESSAGE')
  client.frame('NACK', { id: headers.get('ack')!, receipt: 'n' })
  await client.next('RECEIPT')
  await client.disconnect()
}

t.test('without actions the inspector reads, and changes nothing', async (t) => {
  const server = await inspectedServer(t)
  await connect(server, 'websocket')
  const session = await server.session()
  await bury(server)
  const page = await openPage(server)
  const [letter] = (await page.rows('letters')).result.rows
  t.match(letter, { queue: '/queue/x', reason: 'delivery-limit', replayable: true })
  t.notOk('body' in letter, 'the content of a letter is not shown without bodies')
  await page.rows('sessions')
  t.match(await page.ask({ name: 'close', node: '', session: session.id }), { failure: 'READ_ONLY' })
  t.match(await page.ask({ name: 'replay', node: '', letter: letter.id }), { failure: 'READ_ONLY' })
  t.equal(session.state, 'open')
  t.equal((await page.rows('letters')).result.total, 1)
})

t.test('with actions it closes a session', async (t) => {
  const server = await inspectedServer(t, { inspector: { open: true, actions: true } })
  const client = await connect(server, 'websocket')
  const session = await server.session()
  const page = await openPage(server)
  await page.rows('sessions')
  t.match(await page.ask({ name: 'close', node: '', session: session.id }), { result: {} })
  t.strictSame(await client.closed, { code: 4000, reason: 'closed by an operator' })
  t.match(await page.ask({ name: 'close', node: '', session: session.id }), { failure: 'NOT_FOUND' })
  t.match(await page.ask({ name: 'close', node: '', session: 'none' }), { failure: 'NOT_FOUND' })
})

t.test('with actions it sends a dead letter back to its queue', async (t) => {
  const server = await inspectedServer(t, { inspector: { open: true, actions: true, bodies: true } })
  await bury(server)
  const page = await openPage(server)
  const [letter] = (await page.rows('letters')).result.rows
  t.equal(letter.body, 'poison')
  t.match(await page.ask({ name: 'replay', node: '', letter: letter.id }), { result: {} })
  t.match(await page.ask({ name: 'replay', node: '', letter: letter.id }), { failure: 'NOT_FOUND' })
  t.equal((await page.rows('letters')).result.total, 0)
  const client = await server.app.stomp.inject()
  await client.subscribe('/queue/x')
  const { headers, body } = await client.next('MESSAGE')
  t.strictSame([body.text, headers.get('colour')], ['poison', 'red'])
})

t.test('a letter that its queue refuses stays, and the page learns why', async (t) => {
  const { memoryBroker } = await import('../../src/stomp.ts')
  const server = await inspectedServer(t, { inspector: { open: true, actions: true }, stomp: { broker: memoryBroker({ maxDeliveries: 1, maxQueueMessages: 1 }) } })
  await bury(server)
  const client = await server.app.stomp.inject()
  await client.send('/queue/x', 'in the way')
  const page = await openPage(server)
  const [letter] = (await page.rows('letters')).result.rows
  t.match(await page.ask({ name: 'replay', node: '', letter: letter.id }), { failure: 'REFUSED', text: /queue is full/ })
  t.equal((await page.rows('letters')).result.total, 1)
})

t.test('a broker that cannot send letters back says so', async (t) => {
  const server = await inspectedServer(t, { stomp: false, inspector: { open: true, actions: true } })
  t.match(await (await openPage(server)).ask({ name: 'replay', node: '', letter: '1' }), { failure: 'NOT_POSSIBLE' })
})
