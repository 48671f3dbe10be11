import Fastify, { type FastifyInstance } from 'fastify'
import fastifyMetrics from 'fastify-metrics'
import { test } from 'tap'
import sockjs, { type EndpointOptions } from '../../src/index.ts'

/** The routes that `fastify-metrics` has counted after one poll and one request of the application. */
async function countedRoutes (app: FastifyInstance, config: EndpointOptions['config'] | undefined): Promise<string[]> {
  await app.register(fastifyMetrics as never, { endpoint: '/numbers', clearRegisterOnInit: true })
  await app.register(sockjs, { drainTimeout: 1 })
  app.sockjs('/echo', config === undefined ? {} : { config }, (session) => { session.send('x') })
  app.get('/own', async () => 'own')
  await app.inject({ method: 'POST', url: '/echo/000/abc/xhr' })
  await app.inject('/own')
  const { body } = await app.inject('/numbers')
  return [...new Set([...body.matchAll(/http_request_duration_seconds_count\{[^}]*route="([^"]*)"/g)].map(([, route]) => route!))].sort()
}

test('fastify-metrics does not count polls, unless the application wants it', async (t) => {
  const quiet = Fastify()
  const counting = Fastify()
  t.teardown(async () => {
    await quiet.close()
    await counting.close()
  })
  t.strictSame(await countedRoutes(quiet, undefined), ['/own'])
  t.strictSame(await countedRoutes(counting, { disableMetrics: false } as never), ['/echo/*', '/own'])
})
