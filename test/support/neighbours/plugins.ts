import { fileURLToPath } from 'node:url'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import jwt from '@fastify/jwt'
import { FastifyOtelInstrumentation } from '@fastify/otel'
import rateLimit from '@fastify/rate-limit'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import underPressure from '@fastify/under-pressure'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { FastifyInstance } from 'fastify'
import metrics from 'fastify-metrics'
import { TRANSPORTS } from '../client.ts'
import { knock } from '../doors.ts'
import { ask } from '../http.ts'
import { PAGE } from '../whole-session.ts'
import type { Neighbour } from './neighbour.ts'

/** A route of the application, for which the neighbour works too. */
function ownRoute (app: FastifyInstance): void {
  app.get('/own', async () => ({ own: 'x'.repeat(100) }))
}

/** Plugins with hooks, decorators and routes. Their hooks run on our routes at either moment; an `onRoute` hook sees later routes only. */
export const PLUGINS: Readonly<Record<string, Neighbour>> = {
  '@fastify/helmet': {
    async join (app) {
      await app.register(helmet)
      ownRoute(app)
      return async (t, { port }) => {
        t.ok((await ask({ port, path: '/own' })).headers['content-security-policy'])
        t.equal((await ask({ port, path: '/echo/info' })).headers['x-dns-prefetch-control'], 'off')
      }
    }
  },

  '@fastify/cors': {
    async join (app) {
      await app.register(cors, { origin: [PAGE], credentials: true })
      ownRoute(app)
      return async (t, { port }) => {
        for (const path of ['/own', '/echo/000/cors/xhr']) {
          const headers = { origin: PAGE, 'access-control-request-method': 'POST' }
          const { status, headers: allowed } = await ask({ port, path, method: 'OPTIONS', headers })
          t.equal(status, 204, path)
          t.match(allowed, { 'access-control-allow-origin': PAGE, 'access-control-allow-credentials': 'true' })
        }
        t.equal((await ask({ port, path: '/own', headers: { origin: PAGE } })).headers['access-control-allow-origin'], PAGE)
      }
    }
  },

  '@fastify/compress': {
    async join (app) {
      await app.register(compress, { threshold: 0 })
      ownRoute(app)
      return async (t, { port }) => {
        const headers = { 'accept-encoding': 'gzip' }
        t.equal((await ask({ port, path: '/own', headers })).headers['content-encoding'], 'gzip')
        return { headers }
      }
    }
  },

  '@fastify/cookie': {
    endpoint: { session: async ({ cookies }) => ({ attributes: { cookie: cookies['own'] } }) },
    async join (app) {
      await app.register(cookie)
      app.get('/own', async ({ cookies }, reply) => reply.setCookie('own', 'set').send(cookies))
      return async (t, { port }) => {
        const headers = { cookie: 'own=seen' }
        const { headers: answered, body } = await ask({ port, path: '/own', headers })
        t.match(answered['set-cookie'], [/^own=set/])
        t.strictSame(JSON.parse(body), { own: 'seen' })
        return { headers, attributes: { cookie: 'seen' } }
      }
    }
  },

  '@fastify/rate-limit': {
    async join (app) {
      await app.register(rateLimit, { max: 10_000 })
      app.get('/own', { config: { rateLimit: { max: 1 } } }, async () => 'own')
      return async (t, { port }, moment) => {
        t.equal((await ask({ port, path: '/own' })).status, 200)
        t.equal((await ask({ port, path: '/own' })).status, 429)
        t.equal((await ask({ port, path: '/echo/info' })).headers['x-ratelimit-limit'], moment === 'before us' ? '10000' : undefined)
      }
    }
  },

  '@fastify/jwt': {
    endpoint: { onRequest: (request) => request.jwtVerify(), session: async ({ user }) => ({ attributes: { name: (user as { name: string }).name } }) },
    async join (app) {
      await app.register(jwt, { secret: 'a secret of a test' })
      app.get('/own', { onRequest: (request) => request.jwtVerify() }, async ({ user }) => user)
      return async (t, { port }) => {
        const headers = { authorization: `Bearer ${app.jwt.sign({ name: 'kim' })}` }
        t.match(JSON.parse((await ask({ port, path: '/own', headers })).body), { name: 'kim' })
        t.equal((await ask({ port, path: '/own' })).status, 401)
        for (const transport of TRANSPORTS) t.equal((await knock({ port, transport, headers: { origin: PAGE } })).status, 401, `${transport} without a token`)
        return { headers, attributes: { name: 'kim' } }
      }
    }
  },

  '@fastify/static at /': {
    async join (app) {
      await app.register(fastifyStatic, { root: fileURLToPath(new URL('files', import.meta.url)), prefix: '/' })
      return async (t, { port }) => {
        t.equal((await ask({ port, path: '/own.txt' })).body, 'a file\n')
        t.equal((await ask({ port, path: '/echo/info' })).status, 200)
      }
    }
  },

  '@fastify/swagger': {
    async join (app) {
      await app.register(swagger)
      ownRoute(app)
      return async (t) => {
        // The routes of an endpoint speak SockJS: an API does not contain them.
        t.strictSame(Object.keys((app.swagger() as { paths: object }).paths), ['/own'])
      }
    }
  },

  '@fastify/under-pressure': {
    async join (app) {
      let healthy = true
      await app.register(underPressure, {
        exposeStatusRoute: '/status',
        pressureHandler: () => {},
        healthCheck: async () => healthy,
        healthCheckInterval: 5
      })
      return async (t, { port }) => {
        t.equal((await ask({ port, path: '/status' })).status, 200)
        healthy = false
        while ((await ask({ port, path: '/status' })).status !== 503);
        t.pass('the status route says that the server is not healthy')
        healthy = true
        while ((await ask({ port, path: '/status' })).status !== 200);
      }
    }
  },

  '@fastify/otel': {
    async join (app, t) {
      const exporter = new InMemorySpanExporter()
      const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
      t.teardown(() => provider.shutdown())
      const instrumentation = new FastifyOtelInstrumentation()
      instrumentation.setTracerProvider(provider)
      await app.register(instrumentation.plugin())
      ownRoute(app)
      return async (t, { port }) => {
        for (const path of ['/echo/info', '/own']) t.equal((await ask({ port, path })).status, 200)
        const routes = exporter.getFinishedSpans().map(({ attributes }) => attributes['http.route'])
        // A request of an endpoint may be open for minutes, so that its route asks for no span.
        t.strictSame([...new Set(routes)], ['/own'])
      }
    }
  },

  'fastify-metrics': {
    async join (app) {
      await app.register(metrics.default, { endpoint: '/metrics', defaultMetrics: { enabled: false }, clearRegisterOnInit: true })
      ownRoute(app)
      return async (t, { port }) => {
        for (const path of ['/own', '/echo/info']) t.equal((await ask({ port, path })).status, 200)
        const { body } = await ask({ port, path: '/metrics' })
        t.match(body, /http_request_duration_seconds_count\{.*route="\/own"/)
        // A request of an endpoint may be open for minutes, so that its route asks not to be counted.
        t.notOk(body.includes('route="/echo/*"'))
      }
    }
  }
}
