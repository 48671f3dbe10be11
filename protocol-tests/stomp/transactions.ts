import { expectEqual, expectThat } from '../runner/expect.ts'
import { refusal, section, sockets } from './define.ts'
import type { StompCase } from './define.ts'
import type { Stomp } from './kit.ts'
import type { StompClient } from '../client/stomp-client.ts'

const transactional = ['transactions'] as const

/** A client, and a watcher on a topic. */
async function watched (s: Stomp): Promise<{ client: StompClient, watcher: StompClient, destination: string }> {
  const [client, watcher] = [await s.connect(), await s.connect()]
  const destination = s.topic()
  await watcher.subscribe(destination)
  return { client, watcher, destination }
}

/** Frames that name a transaction, each with what else it needs. */
const naming: readonly (readonly [command: string, headers: (s: Stomp) => Record<string, string>])[] = [
  ['SEND', (s) => ({ destination: s.topic() })], ['ACK', () => ({ id: 'x' })], ['NACK', () => ({ id: 'x' })], ['COMMIT', () => ({})], ['ABORT', () => ({})]
]

const cases: StompCase[] = [
  ...['BEGIN', 'COMMIT', 'ABORT'].flatMap((command) => refusal({
    id: `STOMP-T1.${command.toLowerCase()}`,
    title: `${command} needs the name of a transaction`,
    level: 'S',
    on: ['ws-text'],
    features: transactional,
    receipt: 'r',
    send: (client) => client.send(command, { receipt: 'r' })
  })),
  ...refusal({
    id: 'STOMP-T1.twice',
    title: 'the name of an open transaction is refused',
    level: 'D',
    features: transactional,
    receipt: 'r',
    send (client) {
      client.send('BEGIN', { transaction: 't' })
      client.send('BEGIN', { transaction: 't', receipt: 'r' })
    }
  }),
  {
    id: 'STOMP-T1.again',
    title: 'a name may be used again after COMMIT and after ABORT',
    level: 'S',
    features: transactional,
    async run (s) {
      const { client, watcher, destination } = await watched(s)
      for (const [end, body] of [['COMMIT', 'one'], ['ABORT', 'none'], ['COMMIT', 'two']] as const) {
        client.send('BEGIN', { transaction: 't' })
        client.send('SEND', { destination, transaction: 't' }, body)
        client.send(end, { transaction: 't' })
      }
      await watcher.expectBodies(['one', 'two'])
    }
  },
  {
    id: 'STOMP-T1.connections',
    title: 'each connection has names of its own',
    level: 'S',
    features: transactional,
    async run (s) {
      const { client, watcher, destination } = await watched(s)
      const other = await s.connect()
      for (const one of [client, other]) await one.confirmed('BEGIN', { transaction: 't' })
      client.send('SEND', { destination, transaction: 't' }, 'aborted')
      other.send('SEND', { destination, transaction: 't' }, 'committed')
      await client.confirmed('ABORT', { transaction: 't' })
      other.send('COMMIT', { transaction: 't' })
      await watcher.expectBodies(['committed'])
    }
  },
  ...naming.flatMap(([command, headers]) => refusal({
    id: `STOMP-T2.${command.toLowerCase()}`,
    title: `${command} of an unknown transaction is refused`,
    level: 'S',
    on: ['ws-text', 'sockjs'],
    features: transactional,
    receipt: 'r',
    send: (client, s) => client.send(command, { ...headers(s), transaction: 'nobody', receipt: 'r' })
  })),
  {
    id: 'STOMP-T3',
    title: 'COMMIT shows all messages of a transaction, one after the other, and nothing before it',
    level: 'S',
    features: transactional,
    async run (s) {
      const { client, watcher, destination } = await watched(s)
      client.send('BEGIN', { transaction: 't' })
      const bodies = ['a', 'b', 'c', 'd']
      for (const body of bodies) client.send('SEND', { destination, transaction: 't' }, body)
      client.send('SEND', { destination }, 'outside')
      await watcher.expectBodies(['outside'], 'what comes before COMMIT')
      await s.expectNothingBefore(watcher, destination)
      const other = await s.connect()
      for (let index = 0; index < 20; index += 1) other.send('SEND', { destination }, 'other')
      client.send('COMMIT', { transaction: 't' })
      for (let index = 0; index < 20; index += 1) other.send('SEND', { destination }, 'other')
      const all = (await watcher.messages(44)).map(({ text }) => text)
      const first = all.indexOf('a')
      expectEqual(all.slice(first, first + 4), bodies, 'what comes at COMMIT, others sending meanwhile')
    }
  },
  {
    id: 'STOMP-T3.abort',
    title: 'ABORT shows no message of the transaction',
    level: 'S',
    features: transactional,
    async run (s) {
      const { client, watcher, destination } = await watched(s)
      client.send('BEGIN', { transaction: 't' })
      for (const body of ['a', 'b']) client.send('SEND', { destination, transaction: 't' }, body)
      await client.confirmed('ABORT', { transaction: 't' })
      await s.expectNothingBefore(watcher, destination)
    }
  },
  {
    id: 'STOMP-T4.disconnect',
    title: 'DISCONNECT aborts open transactions',
    level: 'S',
    features: transactional,
    async run (s) {
      const { client, watcher, destination } = await watched(s)
      client.send('BEGIN', { transaction: 't' })
      client.send('SEND', { destination, transaction: 't' }, 'never')
      await client.disconnect()
      await client.ended()
      await s.expectNothingBefore(watcher, destination)
    }
  },
  {
    id: 'STOMP-T4.lost',
    title: 'the loss of the connection aborts open transactions',
    level: 'S',
    on: sockets,
    features: transactional,
    async run (s) {
      const { client, watcher, destination } = await watched(s)
      await client.confirmed('BEGIN', { transaction: 't' })
      client.send('SEND', { destination, transaction: 't' }, 'never')
      client.send('SEND', { destination }, 'plain')
      await watcher.expectBodies(['plain'])
      client.drop()
      await client.ended()
      await s.expectNothingBefore(watcher, destination)
    }
  },
  {
    id: 'STOMP-T5',
    title: 'the receipts of frames in a transaction come at its end, in their order, before that of COMMIT',
    level: 'D',
    features: transactional,
    async run (s) {
      for (const end of ['COMMIT', 'ABORT']) {
        const client = await s.connect()
        const destination = s.topic()
        await client.confirmed('BEGIN', { transaction: 't' })
        for (const receipt of ['a', 'b']) client.send('SEND', { destination, transaction: 't', receipt })
        client.send('SEND', { destination, receipt: 'outside' })
        client.send(end, { transaction: 't', receipt: 'end' })
        const order: string[] = []
        while (order.length < 4) order.push((await client.take('RECEIPT')).get('receipt-id') ?? '')
        expectEqual(order, ['outside', 'a', 'b', 'end'], `the order of receipts with ${end}`)
      }
    }
  },
  {
    id: 'STOMP-T6.open',
    title: 'sixteen transactions may be open on a connection, and no more',
    level: 'D',
    features: transactional,
    async run (s) {
      const client = await s.connect()
      for (let index = 0; index < 16; index += 1) client.send('BEGIN', { transaction: `t${index}` })
      await s.exchange(client)
      client.send('BEGIN', { transaction: 'one more', receipt: 'r' })
      await s.expectError(client, 'r')
    }
  },
  {
    id: 'STOMP-T6.frames',
    title: 'a transaction may hold a thousand frames, and no more',
    level: 'D',
    on: ['ws-text', 'tcp'],
    features: transactional,
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      client.send('BEGIN', { transaction: 't' })
      for (let index = 0; index < 1000; index += 1) client.send('SEND', { destination, transaction: 't' })
      await s.exchange(client)
      client.send('SEND', { destination, transaction: 't' })
      await s.expectError(client)
    }
  },
  {
    id: 'STOMP-T6.octets',
    title: 'a transaction may hold a mebibyte, and no more',
    level: 'D',
    on: ['ws-text', 'tcp'],
    features: transactional,
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      client.send('BEGIN', { transaction: 't' })
      const fill = (count: number): void => {
        for (let index = 0; index < count; index += 1) client.send('SEND', { destination, transaction: 't' }, 'x'.repeat(32 * 1024))
      }
      // Heads may count too: a little below is below however it is counted.
      fill(31)
      await s.exchange(client)
      fill(2)
      await s.expectError(client)
    }
  },
  {
    id: 'STOMP-T7',
    title: 'SUBSCRIBE and UNSUBSCRIBE take no notice of transactions',
    level: 'S',
    features: transactional,
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.confirmed('BEGIN', { transaction: 't' })
      await client.subscribe(destination, { transaction: 't' })
      client.send('SEND', { destination }, 'x')
      await client.expectBodies(['x'])
      client.send('UNSUBSCRIBE', { id: 's1', transaction: 't' })
      await client.confirmed('ABORT', { transaction: 't' })
      await client.publish(destination, 'unheard')
      await s.exchange(client)
      expectThat(client.unread.length === 0, 'what comes after UNSUBSCRIBE', 'nothing', client.unread.map(String))
    }
  }
]

export const transactions = section('transactions', 'Transactions', 'BEGIN, COMMIT, ABORT', cases)
