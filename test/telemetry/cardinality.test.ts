import Fastify from 'fastify'
import { test } from 'tap'
import sockjs, { ManualClock } from '../../src/index.ts'
import type { Metric } from '../../src/telemetry/metric.ts'
import { buildStomp } from '../stomp/support.ts'

const SESSIONS = 10_000

const count = (metrics: readonly Metric[]): number => metrics.reduce((sum, { points }) => sum + points.length, 0)

/** A text that no earlier session had, with the characters that formats of metrics escape. */
const odd = (i: number): string => `x${i}"\\{}=,é`

test('10,000 sessions with odd ids, origins, hosts, queries, users and codes add no point', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sockjs, { origins: '*', clock: new ManualClock(), maxSessions: SESSIONS + 10, maxDetachedSessions: SESSIONS + 10 })
  const endpoint = app.sockjs('/echo', { session: (request) => ({ user: { id: request.headers['x-user'] } }) }, (session) => { session.send(session.id) })
  await app.ready()
  const open = async (i: number): Promise<void> => {
    const { statusCode } = await app.inject({
      method: 'POST',
      url: `/echo/${encodeURIComponent(odd(i).slice(0, 3))}/id${i}/xhr?${encodeURIComponent(odd(i))}`,
      headers: { origin: `https://a${i}.example`, host: `h${i}.example`, 'user-agent': `agent ${i}`, 'x-user': `user ${i}`, 'x-forwarded-for': `10.0.0.${i}` }
    })
    if (statusCode !== 200) throw new Error(`session ${i} got ${statusCode}`)
  }
  await open(0)
  for (const session of endpoint.sessions) session.output.closed(session.output.receiver!, { code: 4_000, reason: '' }, true)
  for (const session of [...endpoint.sessions]) session.end('client', { code: 4_000, reason: '' }, true)
  const points = count(app.sockjs.metrics())
  for (let i = 1; i <= SESSIONS; i++) await open(i)
  for (const [i, session] of [...endpoint.sessions].entries()) session.end('client', { code: 3_000 + i % 2_000, reason: odd(i) }, true)
  const { opened, closed } = endpoint.stats()
  t.strictSame([opened, closed.normal_closure], [SESSIONS + 1, SESSIONS + 1])
  t.ok(count(app.sockjs.metrics()) <= points + 2, `${count(app.sockjs.metrics())} points after ${points}: one code of the package may be among those of the clients`)
})

test('odd destinations, headers, users and errors of STOMP clients add no point', async (t) => {
  const server = await buildStomp(t, {
    routes: (app) => app.stomp.message('/fail/:how', ({ params: { how } }) => { throw Object.assign(new Error(how), { statusCode: 400, code: how }) })
  })
  const visit = async (i: number): Promise<void> => {
    const client = await server.connect({ user: { name: odd(i) }, headers: { login: odd(i), [`h${i}`]: odd(i) } })
    await client.subscribe(odd(i), `/topic/${i}/é"`)
    await client.subscribe('e', '/user/queue/errors')
    await client.send(`/app/fail/${encodeURIComponent(odd(i))}`)
    client.frame('SEND', { destination: `/unknown/${i}` })
    await client.closed
  }
  await visit(0)
  const points = count(server.stomp.metrics())
  for (let i = 1; i <= 300; i++) await visit(i)
  t.equal(count(server.stomp.metrics()), points)
})
