import Fastify from 'fastify'
import { Registry } from 'prom-client'
import { test } from 'tap'
import sockjs, { collectMetrics, ManualClock, sockjsMetrics } from '../../src/index.ts'
import stomp from '../../src/stomp.ts'
import { prometheusText } from '../../src/telemetry/prometheus.ts'
import { Telemetry } from '../../src/telemetry/telemetry.ts'

/** One counter, one gauge in bytes and one histogram, with a value that must be escaped. */
function sample (): Telemetry {
  const telemetry = new Telemetry((error) => { throw error })
  telemetry.counter('sockjs.server.undelivered', { 'sockjs.endpoint': '/a "b" \\c\nd' }).value = 2
  telemetry.observe('sockjs.server.buffered', () => [{ attributes: { 'sockjs.endpoint': '/a' }, value: 1.5 }])
  const pings = telemetry.histogram('sockjs.server.ping.duration', { 'sockjs.transport': 'websocket' })
  for (const seconds of [0.001, 0.75, 1, 11]) pings.record(seconds)
  telemetry.observe('stomp.broker.queue.bytes', () => [{ value: 7 }])
  return telemetry
}

const BUCKETS: readonly (readonly [bound: string, count: number])[] = [['0.005', 1], ['0.01', 1], ['0.025', 1], ['0.05', 1], ['0.075', 1], ['0.1', 1], ['0.25', 1], ['0.5', 1],
  ['0.75', 2], ['1', 3], ['2.5', 3], ['5', 3], ['7.5', 3], ['10', 3], ['+Inf', 4]]

const buckets = (whole: string): string => BUCKETS.map(([bound, count]) =>
  `sockjs_server_ping_duration_seconds_bucket{sockjs_transport="websocket",le="${/^\d+$/.test(bound) ? bound + whole : bound}"} ${count}\n`).join('')

test('the text format 0.0.4, character by character', async (t) => {
  t.equal(prometheusText(sample().metrics()), `# HELP sockjs_server_buffered_bytes Bytes that wait for clients now.
# TYPE sockjs_server_buffered_bytes gauge
sockjs_server_buffered_bytes{sockjs_endpoint="/a"} 1.5
# HELP sockjs_server_undelivered_total Messages that no connection had taken when their session ended.
# TYPE sockjs_server_undelivered_total counter
sockjs_server_undelivered_total{sockjs_endpoint="/a \\"b\\" \\\\c\\nd"} 2
# HELP sockjs_server_ping_duration_seconds Times from a ping of a WebSocket to its answer.
# TYPE sockjs_server_ping_duration_seconds histogram
${buckets('')}sockjs_server_ping_duration_seconds_sum{sockjs_transport="websocket"} 12.751
sockjs_server_ping_duration_seconds_count{sockjs_transport="websocket"} 4
# HELP stomp_broker_queue_bytes Memory that the messages in these queues use.
# TYPE stomp_broker_queue_bytes gauge
stomp_broker_queue_bytes 7
`)
})

test('OpenMetrics: a counter without its ending in TYPE, bounds in one form, and the end', async (t) => {
  const text = prometheusText(sample().metrics(), 'openMetrics')
  t.match(text, '# TYPE sockjs_server_undelivered counter\nsockjs_server_undelivered_total{')
  t.match(text, buckets('.0'))
  t.ok(text.endsWith('\n# EOF\n'))
})

test('metrics of two products with one name are one family', async (t) => {
  const text = prometheusText([...sample().metrics(), ...sample().metrics()])
  t.equal(text.match(/# TYPE sockjs_server_buffered_bytes/g)?.length, 1)
})

const build = async (path?: string) => {
  const app = Fastify()
  await app.register(sockjs, { clock: new ManualClock() })
  await app.register(sockjsMetrics, path === undefined ? {} : { path })
  await app.register(stomp, { path: '/stomp' })
  return app
}

test('sockjsMetrics: a route with both products, in the format that the client accepts', async (t) => {
  const app = await build()
  t.teardown(() => app.close())
  const text = await app.inject('/metrics')
  t.equal(text.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  t.equal(text.headers['cache-control'], 'no-store')
  t.match(text.body, 'sockjs_server_sessions_refused_total{sockjs_endpoint="/stomp",sockjs_refusal_reason="origin"} 0\n')
  t.match(text.body, 'stomp_broker_state{stomp_broker_state="available"} 1\n')
  const open = await app.inject({ url: '/metrics', headers: { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' } })
  t.equal(open.headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8')
  t.ok(open.body.endsWith('# EOF\n'))
})

test('sockjsMetrics: the hooks of its scope protect it, and wrong uses are refused at boot', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sockjs, { clock: new ManualClock() })
  await app.register(async (scope) => {
    scope.addHook('onRequest', async (_request, reply) => reply.code(401).send())
    await scope.register(sockjsMetrics, { path: '/numbers', prefix: '/admin' })
  })
  t.equal((await app.inject('/admin/numbers')).statusCode, 401)

  await t.rejects(async () => { await Fastify().register(sockjsMetrics) }, { code: 'FST_SOCKJS_NOT_REGISTERED' })
  await t.rejects(build('metrics'), { code: 'FST_SOCKJS_INVALID_OPTION' })
  await t.rejects(async () => {
    const other = Fastify()
    await other.register(sockjs, { clock: new ManualClock() })
    await other.register(sockjsMetrics, { paht: '/x' } as object)
  }, { code: 'FST_SOCKJS_INVALID_OPTION' })
  t.throws(() => collectMetrics(Fastify(), new Registry()), { code: 'FST_SOCKJS_NOT_REGISTERED' })
})

test('collectMetrics: a registry of prom-client shows the same samples', async (t) => {
  const app = await build()
  t.teardown(() => app.close())
  await app.ready()
  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).sort()
  const own = lines((await app.inject('/metrics')).body)
  t.ok(own.length > 20)
  const registry = new Registry()
  collectMetrics(app, registry)
  t.strictSame(lines(await registry.metrics()), own)
  const open = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>()
  open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  collectMetrics(app, open)
  t.strictSame(lines(await open.metrics()), own, 'there is no whole bound above zero in a histogram without sessions')
})

test('a scrape while the server closes gets an answer, or 503', async (t) => {
  const app = await build()
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const scrape = async (): Promise<number> => (await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } })).status
  t.equal(await scrape(), 200)
  const closing = app.close()
  const statuses = await Promise.all(Array.from({ length: 5 }, () => scrape().catch(() => 'refused')))
  await closing
  t.ok(statuses.every((status) => status === 200 || status === 503 || status === 'refused'), statuses.join())
})
