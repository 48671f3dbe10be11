import t from 'tap'
import { memoryBroker } from '../../src/stomp.ts'
import { inspectedServer, openMany, openPage } from './support.ts'

const SESSIONS = 50_000
const DESTINATIONS = 5_000

t.test('with 50,000 sessions and 5,000 destinations an answer stays small', async (t) => {
  const server = await inspectedServer(t, { plugin: { origins: '*', maxSessions: 2 * SESSIONS }, handler: () => {}, stomp: { broker: memoryBroker({ maxQueues: DESTINATIONS }) } })
  openMany(server.endpoint, SESSIONS, (i) => ({ userKey: `user-${i % 1_000}`, ip: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` }))
  for (let i = 0; i < DESTINATIONS; i++) await server.app.stomp.publish(`/queue/jobs/${i}`, 'x')
  const page = await openPage(server)
  const sizes: number[] = []
  const ask = async (command: object) => {
    const answer = await page.ask(command)
    sizes.push(JSON.stringify(answer).length)
    server.clock.advance(1_000)
    return answer.result
  }
  const rows = (table: string, query: object = {}) => ask({ name: 'rows', node: '', table, from: 0, count: 50, sort: '', descending: false, filter: '', ...query })
  t.equal((await ask({ name: 'numbers', node: '*' })).numbers.sessions.websocket, SESSIONS)
  t.match(await rows('sessions'), { matched: SESSIONS, total: SESSIONS, rows: { length: 50 } })
  t.match((await rows('sessions', { from: SESSIONS - 10 })).rows, { length: 10 })
  t.match(await rows('sessions', { filter: 'user-77', sort: 'ip', descending: true }), { matched: 11 * SESSIONS / 1_000, rows: { length: 50 } })
  t.match(await rows('queues', { sort: 'destination' }), { total: DESTINATIONS, rows: [{ destination: '/queue/jobs/0', messages: 1 }] })
  t.ok(Math.max(...sizes) < 32 * 1024, `the largest answer has ${Math.max(...sizes)} characters`)
  let named = 0
  for (const session of server.endpoint.sessions) if ((session as unknown as { knownId?: string }).knownId !== undefined) named++
  t.ok(named <= 110, `only sessions that were shown have an id: ${named}`)
})
