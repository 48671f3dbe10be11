import type { AddressInfo } from 'node:net'
import { Client } from '@stomp/stompjs'
import t from 'tap'
import { buildDemo } from '../../examples/demo/src/demo.ts'
import { deferred, until, within } from '../support/wait.ts'
import type { Headers } from './libraries.ts'
import { CASES } from './library-cases.ts'
import { Clients, fresh, sent } from './library-clients.ts'
import { COMBINATIONS } from './library-combinations.ts'

const app = await buildDemo({ logLevel: 'silent', stompTcpPort: 0 })
await app.listen({ port: 0, host: '127.0.0.1' })
const { port } = app.server.address() as AddressInfo
t.teardown(() => app.close())

for (const combination of COMBINATIONS) {
  t.test(combination.name, async (t) => {
    for (const [name, test] of Object.entries(CASES)) {
      if (test.when?.(combination) === false) continue
      await t.test(name, async (t) => {
        const clients = new Clients(app, combination)
        try {
          await test(t, clients, combination)
        } finally {
          await clients.stop()
        }
      })
    }
  })
}

t.test('STOMP-H2 STOMP-H3 STOMP-K3 STOMP-K4 heart-beats keep all of them', async (t) => {
  await Promise.all(COMBINATIONS.map(async (combination) => {
    const clients = new Clients(app, combination)
    try {
      const client = await clients.connect({ beat: 1000 })
      const polls = combination.transport === 'xhr-polling'
      t.equal((await client.connected)['heart-beat'], polls ? '10000,1000' : '1000,1000', combination.name)
      // Three beats take longer than the silence that would end the session.
      const beatsToCome = polls ? 0 : 3
      for (let beats = 0; beats < beatsToCome; beats++) await client.beats.next(`beat ${beats + 1} for ${combination.name}`)
      await sent(client, '/topic/' + fresh('beats'), 'still there')
    } finally {
      await clients.stop()
    }
  }))
})

t.test('STOMP-H4 STOMP-H6 a client that falls silent is told, and closed', async (t) => {
  const client = new Client({ brokerURL: `ws://127.0.0.1:${port}/stomp`, heartbeatIncoming: 0, heartbeatOutgoing: 1000, reconnectDelay: 0 })
  const [connected, failed, closed] = [deferred<void>(), deferred<Headers>(), deferred<void>()]
  client.onConnect = () => connected.resolve()
  client.onStompError = ({ headers }) => failed.resolve(headers)
  client.onWebSocketClose = () => closed.resolve()
  client.activate()
  await within(connected.promise, 'CONNECTED')
  client.webSocket!.send = () => {}
  t.match(await within(failed.promise, 'ERROR'), { code: 'STOMP_HEART_BEAT_LOST' })
  await within(closed.promise, 'the close')
  await client.deactivate()
})

t.test('@stomp/rx-stomp comes back and subscribes again', async (t) => {
  for (const combination of COMBINATIONS.filter(({ name }) => name.startsWith('@stomp/rx-stomp'))) {
    await t.test(combination.name, async (t) => {
      const clients = new Clients(app, combination)
      const destination = '/topic/' + fresh('again')
      const sessions = (): string[] => app.stomp.subscriptions({ destination }).map(({ session }) => session.id)
      try {
        const client = await clients.connect({ reconnect: 1 })
        const { messages } = client.subscribe(destination)
        await until(() => sessions().length === 1, 'the subscription is there')
        const [first] = sessions()
        app.stomp.close({ session: first! })
        await until(() => sessions().some((id) => id !== first), 'the subscription is there again')
        client.send(destination, 'after all')
        t.equal((await messages.next()).text, 'after all')
      } finally {
        await clients.stop()
      }
    })
  }
})
