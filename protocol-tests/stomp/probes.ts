/** One question for each thing that a server may lack. A probe that throws has not found it. */
import { expectEqual, expectThat } from '../runner/expect.ts'
import type { Feature } from './site.ts'
import type { Stomp } from './kit.ts'

/** No server tries a message that nobody wants as often as this. */
const manyDeliveries = 40

export const probes: Readonly<Record<Feature, (s: Stomp) => Promise<void>>> = {
  async receipts (s) {
    const client = await s.connect()
    client.send('SEND', { destination: s.topic(), receipt: 'r' })
    await client.receipt('r')
  },
  async queues (s) {
    const client = await s.connect()
    const destination = s.queue()
    await client.publish(destination, 'kept')
    await client.subscribe(destination)
    expectEqual((await client.message()).text, 'kept', 'the message that was sent before anybody subscribed')
  },
  async acknowledgements (s) {
    const client = await s.connect()
    const destination = s.queue()
    await client.publish(destination, 'kept')
    await client.subscribe(destination, { ack: 'client' })
    await client.message()
    await client.disconnect()
    const next = await s.connect()
    await next.subscribe(destination)
    await next.message()
  },
  async nack (s) {
    const client = await s.connect()
    const destination = s.queue()
    await client.publish(destination, 'x')
    await client.subscribe(destination, { ack: 'client-individual' })
    await client.confirmed('NACK', { id: (await client.message()).get('ack') ?? '' })
  },
  async transactions (s) {
    const client = await s.connect()
    const destination = s.topic()
    await client.subscribe(destination)
    client.send('BEGIN', { transaction: 't' })
    client.send('SEND', { destination, transaction: 't' }, 'in')
    client.send('COMMIT', { transaction: 't' })
    expectEqual((await client.message()).text, 'in', 'the message of the transaction')
  },
  async authentication (s) {
    const client = await s.open()
    client.send('CONNECT', { 'accept-version': '1.2', ...s.site.connect, ...wrongLogin(s) })
    const answer = await client.frame('the answer to a wrong passcode').catch(() => undefined)
    expectThat(answer?.command !== 'CONNECTED', 'the answer to a wrong passcode', 'a refusal', 'CONNECTED')
  },
  async wildcards (s) {
    const client = await s.connect()
    const topic = s.topic()
    await client.subscribe(`${topic}/*`)
    client.send('SEND', { destination: `${topic}/a` }, 'x')
    await client.message()
  },
  async users (s) {
    const client = await s.connect()
    await client.subscribe('/user/queue/probe')
    // A server without users takes this for a queue like any other, and hands the message back.
    client.send('SEND', { destination: '/user/queue/probe' }, 'x')
    const own = await client.stirs(500) && client.unread.some(({ command }) => command === 'MESSAGE')
    expectThat(!own, 'a message for /user/queue/probe', 'nothing, for it names nobody', 'the message')
  },
  async 'temp-queues' (s) {
    const client = await s.connect()
    const { headers } = await s.exchange(client, 'x', { 'reply-to': '/temp-queue/probe' })
    const replyTo = headers.find(([name]) => name === 'reply-to')?.[1]
    expectThat(replyTo !== undefined && replyTo !== '/temp-queue/probe', 'reply-to', 'an address for others', replyTo)
  },
  async 'dead-letters' (s) {
    const client = await s.connect()
    const destination = s.queue()
    await client.publish(destination, 'x')
    await client.subscribe(destination, { ack: 'client-individual' })
    for (let count = 0; count < manyDeliveries && await client.stirs(300); count += 1) {
      client.send('NACK', { id: (await client.message()).get('ack') ?? '' })
    }
    expectThat(!await client.stirs(300), 'a message that is refused again and again', 'its end', `${manyDeliveries} deliveries`)
  },
  async history (s) {
    const client = await s.connect()
    const message = await s.exchange(client)
    expectThat(message.get('x-offset') !== undefined, 'MESSAGE of a topic', 'the header x-offset', message.toString())
  },
  async routes (s) {
    const client = await s.connect()
    await client.subscribe('/user/queue/me')
    client.send('SEND', { destination: '/app/me' }, '{}')
    await client.message()
  }
}

export function wrongLogin ({ site, t }: Stomp): Record<string, string> {
  return { login: site.connect['login'] ?? 'guest', passcode: `wrong-${t.id()}` }
}
