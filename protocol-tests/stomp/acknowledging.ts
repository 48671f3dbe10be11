import type { StompClient } from '../client/stomp-client.ts'
import type { StompFrame, Version } from '../client/stomp-frame.ts'
import { expectEqual, expectThat } from '../runner/expect.ts'
import { refusal, section, sockets } from './define.ts'
import type { StompCase } from './define.ts'
import type { Stomp } from './kit.ts'
import type { Feature } from './site.ts'

const acks: readonly Feature[] = ['queues', 'acknowledgements']
const nacks: readonly Feature[] = [...acks, 'nack']

/** What ACK and NACK say of a message, in the words of each version (STOMP-A2). */
function naming (message: StompFrame, version: Version): Record<string, string> {
  const [id = '', subscription = '', ack = ''] = ['message-id', 'subscription', 'ack'].map((name) => message.get(name))
  switch (version) {
    case '1.0': return { 'message-id': id }
    case '1.1': return { 'message-id': id, subscription }
    case '1.2': return { id: ack }
  }
}

/** A consumer that has been given these messages of a queue, and has acknowledged none. */
async function consuming (s: Stomp, ack: string, bodies: readonly string[], version: Version = '1.2'): Promise<{ client: StompClient, destination: string, messages: StompFrame[] }> {
  const client = await s.connect(version)
  const destination = s.queue()
  await client.subscribe(destination, { ack })
  for (const body of bodies) client.send('SEND', { destination }, body)
  const messages = await client.messages(bodies.length)
  expectEqual(messages.map(({ text }) => text), bodies, 'the messages')
  return { client, destination, messages }
}

/** After the consumer has gone, the queue holds just these. */
async function expectLeft (s: Stomp, client: StompClient, destination: string, bodies: readonly string[]): Promise<void> {
  await client.disconnect()
  const next = await s.connect()
  await next.subscribe(destination)
  await next.expectBodies(bodies, 'what is left in the queue')
  await s.expectNothingBefore(next, destination)
}

const acknowledge = (client: StompClient, message: StompFrame | undefined, extra: Record<string, string> = {}): void => {
  if (message !== undefined) client.send('ACK', { ...naming(message, client.version), ...extra })
}

const three = ['one', 'two', 'three'] as const

const cases: StompCase[] = [
  {
    id: 'STOMP-A1.auto',
    title: 'auto: a message that was sent is consumed',
    level: 'S',
    features: acks,
    async run (s) {
      const { client, destination } = await consuming(s, 'auto', three)
      await expectLeft(s, client, destination, [])
    }
  },
  {
    id: 'STOMP-A1.client',
    title: 'client: an ACK covers all messages before it',
    level: 'S',
    features: acks,
    async run (s) {
      const { client, destination, messages } = await consuming(s, 'client', three)
      acknowledge(client, messages[1])
      await expectLeft(s, client, destination, ['three'])
    }
  },
  {
    id: 'STOMP-A1.scope',
    title: 'client: an ACK covers messages of its own subscription, not of others',
    level: 'S',
    features: acks,
    async run (s) {
      const { client, destination } = await consuming(s, 'client', ['first'])
      const other = s.queue()
      await client.subscribe(other, { id: 's2', ack: 'client' })
      client.send('SEND', { destination: other }, 'second')
      acknowledge(client, await client.message('s2'))
      await expectLeft(s, client, destination, ['first'])
    }
  },
  {
    id: 'STOMP-A1.individual',
    title: 'client-individual: an ACK covers that message alone',
    level: 'S',
    features: acks,
    async run (s) {
      const { client, destination, messages } = await consuming(s, 'client-individual', three)
      acknowledge(client, messages[1])
      await expectLeft(s, client, destination, ['one', 'three'])
    }
  },
  ...(['1.0', '1.1', '1.2'] as const).map((version): StompCase => ({
    id: `STOMP-A2.${version}`,
    title: `${version}: ACK names the message with ${{ '1.0': 'message-id', 1.1: 'message-id and subscription', 1.2: 'the ack header of MESSAGE as id' }[version]}`,
    level: 'S',
    features: acks,
    async run (s) {
      const { client, destination, messages } = await consuming(s, 'client', ['one', 'two'], version)
      acknowledge(client, messages[0])
      await expectLeft(s, client, destination, ['two'])
    }
  })),
  {
    id: 'STOMP-A2.extra',
    title: '1.2: further headers on ACK do no harm, for stompjs sends subscription too',
    level: 'C',
    features: acks,
    async run (s) {
      const { client, destination, messages } = await consuming(s, 'client', ['one', 'two'])
      acknowledge(client, messages[0], { subscription: 's1', 'message-id': messages[0]?.get('message-id') ?? '' })
      await expectLeft(s, client, destination, ['two'])
    }
  },
  ...([['1.0', {}], ['1.1', { subscription: 's1' }], ['1.2', { 'message-id': 'x', subscription: 's1' }]] as const).flatMap(([version, headers]) => refusal({
    id: `STOMP-A2.missing-${version}`,
    title: `${version}: ACK without the name of a message is refused`,
    level: 'S',
    version,
    features: acks,
    receipt: 'r',
    on: ['ws-text'],
    async send (client, s) {
      await client.subscribe(s.queue(), { ack: 'client' })
      client.send('ACK', { ...headers, receipt: 'r' })
    }
  })),
  ...refusal({
    id: 'STOMP-A3.old',
    title: '1.0: there is no NACK',
    level: 'D',
    version: '1.0',
    send: (client) => client.send('NACK', { 'message-id': 'x' })
  }),
  ...(['1.1', '1.2'] as const).map((version): StompCase => ({
    id: `STOMP-A3.requeue-${version}`,
    title: `${version}: a message with a NACK goes to another consumer, with redelivered:true`,
    level: 'D',
    features: nacks,
    async run (s) {
      const { client, destination, messages: [message] } = await consuming(s, 'client-individual', ['x'], version)
      if (message === undefined) return
      const other = await s.connect()
      await other.subscribe(destination, { ack: 'client-individual' })
      client.send('NACK', naming(message, version))
      const again = await other.message()
      expectEqual([again.text, again.get('redelivered')], ['x', 'true'], 'body and redelivered of MESSAGE')
    }
  })),
  {
    id: 'STOMP-A3.cumulative',
    title: 'client: a NACK covers all messages before it',
    level: 'D',
    features: nacks,
    async run (s) {
      const { client, destination, messages } = await consuming(s, 'client', three)
      const [, second, third] = messages
      if (second === undefined || third === undefined) return
      client.send('NACK', naming(second, '1.2'))
      await client.expectBodies(['one', 'two'], 'the messages given again')
      // They came after the third, so that its ACK does not cover them.
      acknowledge(client, third)
      await expectLeft(s, client, destination, ['one', 'two'])
    }
  },
  {
    id: 'STOMP-A3.dead-letters',
    title: 'after ten deliveries a message goes to /dlq',
    level: 'D',
    on: ['ws-text'],
    features: [...nacks, 'dead-letters'],
    async run (s) {
      const body = s.t.id()
      const { client, messages: [first] } = await consuming(s, 'client-individual', [body])
      const graves = await s.connect()
      await graves.subscribe('/dlq')
      for (let message = first, count = 1; message !== undefined; message = count < 10 ? await client.message() : undefined, count += 1) {
        client.send('NACK', naming(message, '1.2'))
      }
      const found = await graves.take('MESSAGE', ({ text }) => text === body)
      expectThat(found.get('destination') === '/dlq', 'destination of the dead letter', '/dlq', found.toString())
      await s.exchange(client)
      expectEqual(client.unread.map(String), [], 'further deliveries')
    }
  },
  ...refusal({
    id: 'STOMP-A4.unknown',
    title: 'an ACK of an unknown message is refused',
    level: 'D',
    features: acks,
    receipt: 'r',
    send: (client) => client.send('ACK', { id: 'nobody', receipt: 'r' })
  }),
  ...refusal({
    id: 'STOMP-A4.twice',
    title: 'a second ACK of a message is refused',
    level: 'D',
    features: acks,
    receipt: 'r',
    async send (client, s) {
      const destination = s.queue()
      await client.subscribe(destination, { ack: 'client-individual' })
      client.send('SEND', { destination })
      const id = (await client.message()).get('ack') ?? ''
      await client.confirmed('ACK', { id })
      client.send('ACK', { id, receipt: 'r' })
    }
  }),
  ...refusal({
    id: 'STOMP-A4.auto',
    title: 'an ACK for a subscription that is auto is refused',
    level: 'D',
    features: acks,
    receipt: 'r',
    version: '1.1',
    async send (client, s) {
      const destination = s.queue()
      await client.subscribe(destination)
      client.send('SEND', { destination })
      client.send('ACK', { ...naming(await client.message(), '1.1'), receipt: 'r' })
    }
  }),
  {
    id: 'STOMP-A5',
    title: 'messages that a lost connection has not acknowledged go to the next consumer, in order, with redelivered:true',
    level: 'D',
    on: sockets,
    features: acks,
    async run (s) {
      const { client, destination } = await consuming(s, 'client', three)
      const next = await s.connect()
      await next.subscribe(destination, { ack: 'client' })
      client.drop()
      const again = await next.messages(3)
      expectEqual(again.map(({ text }) => text), three, 'the messages')
      expectEqual(again.map((message) => message.get('redelivered')), ['true', 'true', 'true'], 'redelivered')
    }
  },
  {
    id: 'STOMP-A6.commit',
    title: 'an ACK in a transaction counts at COMMIT',
    level: 'S',
    features: [...acks, 'transactions'],
    async run (s) {
      const { client, destination, messages } = await consuming(s, 'client-individual', ['one', 'two'])
      client.send('BEGIN', { transaction: 't' })
      acknowledge(client, messages[0], { transaction: 't' })
      await client.confirmed('COMMIT', { transaction: 't' })
      await expectLeft(s, client, destination, ['two'])
    }
  },
  {
    id: 'STOMP-A6.abort',
    title: 'ABORT takes an ACK back: the message can be acknowledged again by the same client',
    level: 'S',
    features: [...acks, 'transactions'],
    async run (s) {
      const { client, destination, messages } = await consuming(s, 'client-individual', ['one', 'two'])
      for (const message of messages) {
        client.send('BEGIN', { transaction: 't' })
        acknowledge(client, message, { transaction: 't' })
        client.send('ABORT', { transaction: 't' })
      }
      acknowledge(client, messages[1])
      await expectLeft(s, client, destination, ['one'])
    }
  },
  {
    id: 'STOMP-A6.open',
    title: 'an ACK in a transaction that is never ended does not count',
    level: 'S',
    features: [...acks, 'transactions'],
    async run (s) {
      const { client, destination, messages } = await consuming(s, 'client', ['one', 'two'])
      client.send('BEGIN', { transaction: 't' })
      acknowledge(client, messages[1], { transaction: 't' })
      await expectLeft(s, client, destination, ['one', 'two'])
    }
  }
]

export const acknowledging = section('acknowledging', 'ACK and NACK', 'ACK, NACK', cases)
