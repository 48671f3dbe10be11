import { carriers } from '../client/stomp-carriers.ts'
import { expectEqual, expectMatch, expectThat } from '../runner/expect.ts'
import { refusal, section } from './define.ts'
import type { StompCase } from './define.ts'

const many = 60

const cases: StompCase[] = [
  ...refusal({
    id: 'STOMP-M1',
    title: 'SEND needs a destination',
    level: 'S',
    receipt: 'r',
    send: (client) => client.send('SEND', { receipt: 'r' }, 'x')
  }),
  {
    id: 'STOMP-M1.echo',
    title: 'MESSAGE repeats the destination as it was written',
    level: 'C',
    async run (s) {
      const client = await s.connect()
      for (const odd of ['', 'Ab', '-_~!$&()+,;=@', 'é漢😀']) {
        const destination = s.topic() + odd
        await client.subscribe(destination, { id: destination })
        client.send('SEND', { destination }, 'x')
        expectEqual((await client.message(destination)).get('destination'), destination, 'destination of MESSAGE')
      }
    }
  },
  {
    id: 'STOMP-M2',
    title: 'MESSAGE has destination, subscription and a message-id of its own',
    level: 'S',
    async run (s) {
      for (const version of ['1.1', '1.2'] as const) {
        const client = await s.connect(version)
        const destination = s.topic()
        await client.subscribe(destination, { id: 'the one' })
        for (let index = 0; index < 5; index += 1) client.send('SEND', { destination }, 'the same')
        const messages = await client.messages(5)
        for (const message of messages) {
          expectThat((message.get('destination') ?? '') !== '', 'destination of MESSAGE', 'some text', message.toString())
          expectEqual(message.get('subscription'), 'the one', 'subscription of MESSAGE')
        }
        const ids = messages.map((message) => message.get('message-id') ?? '')
        expectThat(!ids.includes('') && new Set(ids).size === 5, 'message-ids', 'five, all different', ids)
      }
    }
  },
  {
    id: 'STOMP-M2.old',
    title: '1.0: MESSAGE names the subscription if SUBSCRIBE gave it an id',
    level: 'S',
    async run (s) {
      const client = await s.connect('1.0')
      const [named, nameless] = [s.topic(), s.topic()]
      await client.subscribe(named, { id: 'a' })
      await client.confirmed('SUBSCRIBE', { destination: nameless })
      client.send('SEND', { destination: named })
      expectEqual((await client.message()).get('subscription'), 'a', 'subscription of MESSAGE')
      client.send('SEND', { destination: nameless })
      const message = await client.message()
      expectThat((message.get('message-id') ?? '') !== '', 'message-id of MESSAGE', 'some text', message.toString())
    }
  },
  {
    id: 'STOMP-M2.none',
    title: '1.0: MESSAGE names no subscription if SUBSCRIBE gave no id',
    level: 'D',
    async run (s) {
      const client = await s.connect('1.0')
      const destination = s.topic()
      await client.confirmed('SUBSCRIBE', { destination })
      client.send('SEND', { destination })
      expectEqual((await client.message()).get('subscription'), undefined, 'subscription of MESSAGE')
    }
  },
  {
    id: 'STOMP-M2.escaping',
    title: 'subscription and destination of MESSAGE are the texts of the client, in the escaping of the version',
    level: 'S',
    async run (s) {
      for (const [version, odd] of [['1.0', '\\c\\n'], ['1.1', ':\\c'], ['1.2', ':\\n']] as const) {
        const client = await s.connect(version)
        const [id, destination] = [`an id${odd}`, s.topic() + odd]
        await client.subscribe(destination, { id })
        client.send('SEND', { destination })
        const message = await client.message()
        expectEqual([message.get('subscription'), message.get('destination')], [id, destination], `subscription and destination of MESSAGE in ${version}`)
      }
    }
  },
  {
    id: 'STOMP-M2.letters',
    title: 'message-id and ack hold letters, digits, hyphen and underscore only',
    level: 'D',
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination, { ack: 'client' })
      client.send('SEND', { destination })
      const message = await client.message()
      expectMatch(message.get('message-id'), /^[\w-]+$/, 'message-id of MESSAGE')
      expectMatch(message.get('ack'), /^[\w-]+$/, 'ack of MESSAGE')
    }
  },
  {
    id: 'STOMP-M3',
    title: '1.2: MESSAGE has an ack header of its own if the subscription asks for acknowledgements',
    level: 'S',
    features: ['acknowledgements'],
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination, { id: 'a', ack: 'client' })
      await client.subscribe(destination, { id: 'b', ack: 'client-individual' })
      for (let index = 0; index < 3; index += 1) client.send('SEND', { destination })
      const acks = (await client.messages(6)).map((message) => message.get('ack') ?? '')
      expectThat(!acks.includes('') && new Set(acks).size === 6, 'ack headers', 'six, all different', acks)
    }
  },
  {
    id: 'STOMP-M3.auto',
    title: 'without acknowledgements there is no ack header',
    level: 'D',
    async run (s) {
      const client = await s.connect()
      expectEqual((await s.exchange(client)).get('ack'), undefined, 'ack of MESSAGE')
    }
  },
  {
    id: 'STOMP-M4',
    title: 'headers of SEND are passed on, unknown ones too',
    level: 'S',
    async run (s) {
      const client = await s.connect()
      const headers = { 'content-type': 'text/plain', priority: '4', 'x-custom': 'a b', 'X-Other': 'A b', Ünï: 'ç', persistent: 'true' }
      const message = await s.exchange(client, 'x', headers)
      for (const [name, value] of Object.entries(headers)) expectEqual(message.get(name), value, `the header ${name} of MESSAGE`)
    }
  },
  {
    id: 'STOMP-M4.hop',
    title: 'receipt and transaction are not passed on',
    level: 'D',
    features: ['transactions'],
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination)
      client.send('SEND', { destination, receipt: 'r' })
      client.send('BEGIN', { transaction: 't' })
      client.send('SEND', { destination, transaction: 't', receipt: 'q' })
      client.send('COMMIT', { transaction: 't' })
      for (const message of await client.messages(2)) {
        expectEqual([message.get('receipt'), message.get('transaction')], [undefined, undefined], 'receipt and transaction of MESSAGE')
      }
    }
  },
  {
    id: 'STOMP-M4.secrets',
    title: 'login, passcode, Authorization and user-name of SEND are not passed on',
    level: 'D',
    async run (s) {
      const client = await s.connect()
      const message = await s.exchange(client, 'x', { login: 'l', passcode: 'p', Authorization: 'Bearer z', 'user-name': 'u' })
      expectEqual(message.headers.filter(([name]) => /^(login|passcode|authorization|user-name)$/i.test(name)), [], 'headers of MESSAGE')
    }
  },
  {
    id: 'STOMP-M5',
    title: 'message-id, subscription and ack of SEND do not take the place of the server\'s',
    level: 'D',
    async run (s) {
      const client = await s.connect()
      const destination = s.topic()
      await client.subscribe(destination, { id: 'mine' })
      client.send('SEND', { destination, 'message-id': 'forged', subscription: 'forged', ack: 'forged', redelivered: 'true' })
      const message = await client.message()
      expectEqual(message.all('subscription'), ['mine'], 'subscription of MESSAGE')
      expectEqual(message.headers.filter(([, value]) => value === 'forged'), [], 'headers of MESSAGE')
      expectEqual(message.get('redelivered'), undefined, 'redelivered of MESSAGE')
    }
  },
  {
    id: 'STOMP-M6',
    title: 'messages of one client to one destination arrive in their order, all of them',
    level: 'S',
    async run (s) {
      const watcher = await s.connect()
      const destination = s.topic()
      await watcher.subscribe(destination)
      const client = await s.connect()
      const sent = Array.from({ length: many }, (_, index) => `${index}`)
      for (const body of sent) client.send('SEND', { destination }, body)
      await watcher.expectBodies(sent)
    }
  },
  {
    id: 'STOMP-M6.versions',
    title: 'each receiver gets headers in the escaping of its own version',
    level: 'S',
    async run (s) {
      const [old, middle, recent] = [await s.connect('1.0'), await s.connect('1.1'), await s.connect('1.2')]
      const destination = s.topic()
      for (const client of [old, middle, recent]) await client.subscribe(destination)
      const heads = async (): Promise<string[][]> => (await Promise.all([old, middle, recent].map(async (client) => await client.message())))
        .map(({ head }) => head.split('\n').filter((line) => line.startsWith('k')))

      recent.raw(`SEND\ndestination:${destination}\nk:a\\cb\\\\n\n\nx\0`)
      expectEqual(await heads(), [['k:a:b\\n'], ['k:a\\cb\\\\n'], ['k:a\\cb\\\\n']], 'what 1.0, 1.1 and 1.2 get from 1.2')
      old.raw(`SEND\ndestination:${destination}\nk:a\\cb\\n\n\nx\0`)
      expectEqual(await heads(), [['k:a\\cb\\n'], ['k:a\\\\cb\\\\n'], ['k:a\\\\cb\\\\n']], 'what 1.0, 1.1 and 1.2 get from 1.0')
      middle.raw(`SEND\ndestination:${destination}\nk:\\n\\c\n\nx\0`)
      expectEqual((await heads()).slice(1), [['k:\\n\\c'], ['k:\\n\\c']], 'what 1.1 and 1.2 get from 1.1')
    }
  },
  {
    id: 'STOMP-M6.across',
    title: 'a message from any carrier reaches every other',
    level: 'D',
    on: ['ws-text'],
    async run (s) {
      const names = carriers.filter((name) => name !== 'tcp' || s.site.tcp !== undefined)
      const clients = await Promise.all(names.map(async (name) => await s.connect('1.2', {}, name)))
      const destination = s.topic()
      await Promise.all(clients.map(async (client) => await client.subscribe(destination)))
      for (const client of clients) {
        client.send('SEND', { destination, k: 'a:b' }, `é from ${client.carrier.name}`)
        for (const receiver of clients) {
          const message = await receiver.message()
          expectEqual([message.get('k'), message.text], ['a:b', `é from ${client.carrier.name}`], `header and body at ${receiver.carrier.name}`)
        }
      }
    }
  },
  {
    id: 'STOMP-M7',
    title: 'a header that 1.0 cannot express is left out for its receivers; the message comes',
    level: 'D',
    async run (s) {
      const old = await s.connect('1.0')
      const client = await s.connect('1.2')
      const destination = s.topic()
      await old.subscribe(destination)
      client.send('SEND', { destination, 'na:me': 'v', 'na\nme': 'v', plain: 'yes' }, 'x')
      const message = await old.message()
      expectEqual([message.text, message.get('plain')], ['x', 'yes'], 'body and plain header of MESSAGE')
      expectThat(!/^(na|me)[\\:\n]/m.test(message.head), 'the head of MESSAGE', 'no part of the impossible names', message.head)
    }
  },
  {
    id: 'STOMP-M7.lines',
    title: 'no header of another version puts a line of its own into the frame of a 1.0 receiver',
    level: 'D',
    async run (s) {
      const old = await s.connect('1.0')
      const client = await s.connect('1.2')
      const destination = s.topic()
      await old.subscribe(destination)
      client.send('SEND', { destination, k: 'v\nsubscription:forged\n\nbody' }, 'x')
      const message = await old.message()
      expectEqual(message.text, 'x', 'the body of MESSAGE')
      expectThat(!message.headers.some(([name, value]) => name === 'subscription' && value === 'forged'), 'the head of MESSAGE', 'no header out of a value', message.head)
    }
  },
  {
    id: 'STOMP-M8',
    title: 'a client gets its own messages where it has subscribed',
    level: 'C',
    async run (s) {
      const client = await s.connect()
      expectEqual((await s.exchange(client, 'mine')).text, 'mine', 'the message')
    }
  }
]

export const messages = section('messages', 'SEND and MESSAGE', 'SEND, MESSAGE', cases)
