import { expectEqual, expectThat } from '../runner/expect.ts'
import { refusal, section, sockets } from './define.ts'
import type { StompCase } from './define.ts'
import type { Stomp } from './kit.ts'
import type { StompClient } from '../client/stomp-client.ts'
import type { Feature } from './site.ts'

interface Confirmable {
  command: string
  features?: readonly Feature[]
  /** Brings the connection to where the frame makes sense, and returns the frame's headers. */
  prepare: (client: StompClient, s: Stomp) => Promise<Record<string, string>>
}

/** A message that waits for its acknowledgement. */
async function delivered (client: StompClient, s: Stomp): Promise<Record<string, string>> {
  const destination = s.queue()
  await client.subscribe(destination, { ack: 'client-individual' })
  client.send('SEND', { destination })
  return { id: (await client.message()).get('ack') ?? '' }
}

const begun = async (client: StompClient): Promise<Record<string, string>> => {
  client.send('BEGIN', { transaction: 't' })
  return { transaction: 't' }
}

const confirmable: readonly Confirmable[] = [
  { command: 'SEND', prepare: async (_client, s) => ({ destination: s.topic() }) },
  { command: 'SUBSCRIBE', prepare: async (_client, s) => ({ id: 'a', destination: s.topic() }) },
  {
    command: 'UNSUBSCRIBE',
    async prepare (client, s) {
      client.send('SUBSCRIBE', { id: 'a', destination: s.topic() })
      return { id: 'a' }
    }
  },
  { command: 'ACK', features: ['queues', 'acknowledgements'], prepare: delivered },
  { command: 'NACK', features: ['queues', 'acknowledgements', 'nack'], prepare: delivered },
  { command: 'BEGIN', features: ['transactions'], prepare: async () => ({ transaction: 't' }) },
  { command: 'COMMIT', features: ['transactions'], prepare: begun },
  { command: 'ABORT', features: ['transactions'], prepare: begun },
  { command: 'DISCONNECT', prepare: async () => ({}) }
]

const cases: StompCase[] = [
  ...confirmable.map(({ command, features = [], prepare }): StompCase => ({
    id: `STOMP-R1.${command.toLowerCase()}`,
    title: `${command} with a receipt header gets one RECEIPT, without one none`,
    level: 'S',
    features: ['receipts', ...features],
    async run (s) {
      const client = await s.connect()
      const headers = await prepare(client, s)
      client.send(command, { ...headers, receipt: 'the receipt' })
      expectEqual((await client.take('RECEIPT')).get('receipt-id'), 'the receipt', 'receipt-id of RECEIPT')
      if (command === 'DISCONNECT') await client.ended()
      else {
        client.send('SEND', { destination: s.topic() })
        client.send('SEND', { destination: s.topic(), receipt: 'last' })
        expectEqual((await client.take('RECEIPT')).get('receipt-id'), 'last', 'receipt-id of the next RECEIPT')
      }
      expectEqual(client.unread.filter(({ command }) => command === 'RECEIPT').map(String), [], 'further RECEIPTs')
    }
  })),
  {
    id: 'STOMP-R2',
    title: 'RECEIPTs come in the order of their frames',
    level: 'D',
    features: ['receipts'],
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      const order = Array.from({ length: 30 }, (_, index) => `${index}`)
      for (const receipt of order) {
        if (Number(receipt) % 3 === 0) client.send('SUBSCRIBE', { id: receipt, destination, receipt })
        else client.send('SEND', { destination: s.topic(), receipt })
      }
      const found: string[] = []
      while (found.length < order.length) found.push((await client.take('RECEIPT')).get('receipt-id') ?? '')
      expectEqual(found, order, 'the receipts')
    }
  },
  {
    id: 'STOMP-R2.subscribe',
    title: 'after the RECEIPT of SUBSCRIBE every message of any sender comes',
    level: 'C',
    features: ['receipts'],
    async run (s) {
      const [client, other] = [await s.connect(), await s.connect()]
      for (let round = 0; round < 10; round += 1) {
        const destination = s.topic()
        await client.subscribe(destination, { id: destination })
        other.send('SEND', { destination }, `${round}`)
        expectEqual((await client.message(destination)).text, `${round}`, 'the message')
      }
    }
  },
  {
    id: 'STOMP-R2.escaping',
    title: 'the value of receipt comes back as it was, in the escaping of the version',
    level: 'S',
    features: ['receipts'],
    async run (s) {
      for (const [version, receipt] of [['1.0', 'a\\c b'], ['1.1', 'a:b\nc\\d'], ['1.2', 'a:b\r\nc\\dé']] as const) {
        const client = await s.connect(version)
        client.send('SEND', { destination: s.topic(), receipt })
        expectEqual((await client.take('RECEIPT')).get('receipt-id'), receipt, `receipt-id of RECEIPT in ${version}`)
      }
    }
  },
  {
    id: 'STOMP-R2.body',
    title: 'RECEIPT has no body',
    level: 'S',
    features: ['receipts'],
    async run (s) {
      const client = await s.connect()
      client.send('SEND', { destination: s.topic(), receipt: 'r' }, 'body')
      expectEqual((await client.receipt('r')).text, '', 'the body of RECEIPT')
    }
  },
  {
    id: 'STOMP-R3',
    title: 'a frame that fails gets no RECEIPT',
    level: 'S',
    features: ['receipts'],
    async run (s) {
      const client = await s.connect()
      client.send('SEND', { receipt: 'r' }, 'nowhere')
      await s.expectRefused(client)
      await s.t.sleep(100)
      expectThat(!client.unread.some(({ command }) => command === 'RECEIPT'), 'the answer', 'no RECEIPT', client.unread.map(String))
    }
  },
  {
    id: 'STOMP-R3.id',
    title: 'ERROR names the receipt of the frame that failed',
    level: 'C',
    also: ['STOMP-X1', 'SPRING-D11'],
    async run (s) {
      const client = await s.connect()
      client.send('SEND', { receipt: 'a:b' }, 'nowhere')
      expectEqual((await client.error()).get('receipt-id'), 'a:b', 'receipt-id of ERROR')
    }
  },
  ...refusal({
    id: 'STOMP-R3.parsed',
    title: 'ERROR names the receipt also where the frame could not be read to its end',
    level: 'D',
    receipt: 'r',
    send: (client, s) => client.raw(`SEND\nreceipt:r\ndestination:${s.topic()}\nnonsense\n\nx\0`)
  }),
  {
    id: 'STOMP-R3.application',
    title: 'an error of the application comes as a MESSAGE at /user/queue/errors, if the client subscribes to it',
    level: 'D',
    features: ['routes'],
    also: ['SPRING-G3', 'SPRING-G4'],
    async run (s) {
      const client = await s.connect()
      await client.subscribe('/user/queue/errors')
      client.send('SEND', { destination: '/app/fail' }, '{}')
      const message = await client.message()
      expectThat(!message.text.includes('failed as asked'), 'the body of MESSAGE', 'nothing of what was thrown', message.text)
      await s.exchange(client)
    }
  },
  ...refusal({
    id: 'STOMP-R3.unheard',
    title: 'an error of the application is an ERROR, if the client does not subscribe to /user/queue/errors',
    level: 'D',
    features: ['routes'],
    receipt: 'r',
    send: (client) => client.send('SEND', { destination: '/app/fail', receipt: 'r' }, '{}')
  }),
  {
    id: 'STOMP-D1',
    title: 'DISCONNECT with a receipt is answered by RECEIPT, then the end',
    level: 'S',
    features: ['receipts'],
    also: ['SPRING-D12'],
    async run (s) {
      const client = await s.connect()
      client.send('DISCONNECT', { receipt: 'bye' })
      await client.receipt('bye')
      await client.ended()
      expectEqual(client.unread.map(String), [], 'frames after RECEIPT')
    }
  },
  {
    id: 'STOMP-D1.plain',
    title: 'DISCONNECT without a receipt is answered by the end alone',
    level: 'S',
    also: ['SPRING-D13'],
    async run (s) {
      const client = await s.connect()
      client.send('DISCONNECT')
      await client.ended()
      expectEqual(client.unread.map(String), [], 'frames after DISCONNECT')
    }
  },
  {
    id: 'STOMP-D1.after',
    title: 'frames after DISCONNECT are ignored',
    level: 'S',
    async run (s) {
      const [client, watcher] = [await s.connect(), await s.connect()]
      const destination = s.topic()
      await watcher.subscribe(destination)
      client.raw(`SEND\ndestination:${destination}\n\nbefore\0DISCONNECT\n\n\0SEND\ndestination:${destination}\n\nafter\0`)
      await client.ended()
      await watcher.expectBodies(['before'])
      await s.expectNothingBefore(watcher, destination)
    }
  },
  {
    id: 'STOMP-D1.before',
    title: 'frames before DISCONNECT are completed',
    level: 'S',
    async run (s) {
      const [client, watcher] = [await s.connect(), await s.connect()]
      const destination = s.topic()
      await watcher.subscribe(destination)
      const bodies = Array.from({ length: 30 }, (_, index) => `${index}`)
      for (const body of bodies) client.send('SEND', { destination }, body)
      client.send('DISCONNECT')
      await watcher.expectBodies(bodies)
    }
  },
  {
    id: 'STOMP-D2',
    title: 'frames that came before the connection was lost are carried out',
    level: 'D',
    on: sockets,
    async run (s) {
      const [client, watcher] = [await s.connect(), await s.connect()]
      const destination = s.topic()
      await watcher.subscribe(destination)
      const bodies = Array.from({ length: 10 }, (_, index) => `${index}`)
      for (const body of bodies) client.send('SEND', { destination }, body)
      client.drop()
      await watcher.expectBodies(bodies)
    }
  },
  {
    id: 'STOMP-D2.subscriptions',
    title: 'a lost connection takes its subscriptions with it: a queue gives its messages to others',
    level: 'D',
    on: sockets,
    features: ['queues'],
    async run (s) {
      const [client, other] = [await s.connect(), await s.connect()]
      const destination = s.queue()
      await client.subscribe(destination)
      client.drop()
      await client.ended()
      await other.subscribe(destination)
      const bodies = ['one', 'two', 'three', 'four']
      for (const body of bodies) other.send('SEND', { destination }, body)
      await other.expectBodies(bodies)
    }
  }
]

export const receipts = section('receipts', 'Receipts and DISCONNECT', 'RECEIPT, DISCONNECT', cases)
