import { FastifyOtelInstrumentation } from '@fastify/otel'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import t, { type Test } from 'tap'
import type { EndpointOptions } from '../../src/index.ts'
import { SpanStore } from '../otel/support.ts'
import { HTTP, newClient } from '../support/client.ts'
import { ask } from '../support/http.ts'
import { buildServer } from '../support/server.ts'
import { until } from '../support/wait.ts'

/** The route of a span. Spans of hooks of a whole application have none. */
const routeOf = ({ attributes }: ReadableSpan): string => String(attributes['http.route'] ?? 'no route')

/** The routes of the spans of `@fastify/otel`, after a session of each HTTP transport and one request of the application. */
async function routesWithSpans (t: Test, config: EndpointOptions['config'] | undefined): Promise<string[]> {
  const store = new SpanStore()
  const instrumentation = new FastifyOtelInstrumentation()
  instrumentation.setTracerProvider(store.provider)
  const server = await buildServer(t, {
    nodes: 1,
    endpoint: { responseLimit: 1, ...(config === undefined ? {} : { config }) },
    async before (app) {
      await app.register(instrumentation.plugin())
      app.get('/own', async () => 'own')
    }
  })
  for (const transport of HTTP) {
    const client = await newClient(server, transport, { comeBack: false }).open()
    await client.ended
    await client.send('hello')
    client.receive()
    t.strictSame(await client.messages(1), ['hello'], transport)
    await client.ended
  }
  t.equal((await ask({ port: server.port, path: '/own' })).status, 200)
  await until(() => store.all.some((span) => routeOf(span) === '/own'), 'the span of the application')
  return [...new Set(store.all.map(routeOf))].sort()
}

t.test('@fastify/otel makes no span of polls and streams, and sees the other routes', async (t) => {
  t.strictSame(await routesWithSpans(t, undefined), ['/own'])
})

t.test('the config of an endpoint goes before that of the package', async (t) => {
  t.strictSame(await routesWithSpans(t, { otel: true } as never), ['/echo/*', '/own', 'no route'])
})
