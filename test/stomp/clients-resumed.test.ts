/** STOMP libraries on sessions that outlive their connections, behind a network whose address changes. */
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { buildDemo } from '../../examples/demo/src/demo.ts'
import { FlakyProxy } from '../support/flaky-proxy.ts'
import { until, within } from '../support/wait.ts'
import { type Library, rxStomp, stompjs, stompjs2, webstompClient } from './libraries.ts'

const LIBRARIES: Readonly<Record<string, Library>> = {
  '@stomp/stompjs': stompjs,
  '@stomp/rx-stomp': rxStomp,
  'stompjs 2': stompjs2,
  'webstomp-client': webstompClient
}

/** Each cut comes with another address of the client. */
const CUTS = 5
const SAID = 40

for (const [name, library] of Object.entries(LIBRARIES)) {
  for (const transport of ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling']) {
    t.test(`${name} over ${transport}: a chat goes on, with nothing lost, nothing twice and no second subscription`, async (t) => {
      const app = await buildDemo({ logLevel: 'silent' })
      t.teardown(() => app.close())
      await app.listen({ port: 0, host: '127.0.0.1' })
      const proxy = await FlakyProxy.start((app.server.address() as AddressInfo).port)
      t.teardown(() => proxy.stop())
      let subscriptions = 0
      app.stomp.addHook('onSubscribe', () => { subscriptions++ })

      const people = ['ann', 'bob'].map((person) => ({ person, client: library({ sockjs: transport, resumes: true }, { port: proxy.port, tcpPort: 0 }) }))
      await within(Promise.all(people.map(({ client }) => client.connected)), 'two sessions')
      const rooms = people.map(({ client }) => client.subscribe('/topic/chat/lobby').messages)
      await until(() => subscriptions === 2, 'two subscriptions')
      const sessions = [...app.stomp.sessions]

      const texts = Array.from({ length: CUTS * SAID }, (_, i) => `text ${i}`)
      for (const [i, content] of texts.entries()) {
        for (const { person, client } of people) client.send('/app/chat/lobby', JSON.stringify({ sender: person, content }), { 'content-type': 'application/json' })
        if (i % SAID === SAID / 2) {
          await until(() => rooms.every((room) => room.all.length > i), 'half of the texts')
          proxy.source = `127.0.0.${2 + proxy.cuts}`
          proxy.cut()
        }
      }
      await until(() => rooms.every((room) => room.all.length >= 2 * texts.length), 'all texts')
      for (const room of rooms) {
        const heard = room.all.map(({ text }) => JSON.parse(text) as { sender: string, content: string })
        for (const { person } of people) t.strictSame(heard.filter(({ sender }) => sender === person).map(({ content }) => content), texts)
      }
      t.strictSame([proxy.cuts, subscriptions], [CUTS, 2])
      t.strictSame([...app.stomp.sessions], sessions, 'the sessions of STOMP are those of the beginning')
      const receipt = people[0]!.client.receipt('r')
      people[0]!.client.send('/topic/chat/lobby', '{}', { receipt: 'r' })
      await within(receipt, 'a receipt')
      for (const { client } of people) await client.disconnect()
    })
  }
}
