import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import sockjs, { type EndpointOptions, type Session, type SessionHandler } from '../../src/index.ts'
import stomp, { memoryBroker, StompError } from '../../src/stomp.ts'

/** How sessions have ended. */
export type Journal = { code: number, reason: string, transport: string }[]

/** A server to attack, by name. */
export interface Site {
  readonly fastify?: FastifyServerOptions & Record<string, unknown>
  build (app: FastifyInstance, journal: Journal): Promise<void>
}

async function echo (session: Session): Promise<void> {
  for await (const message of session) session.send(message)
}

function pushMuch (session: Session): void {
  const message = 'x'.repeat(64 * 1024)
  session.on('message', () => {
    // Ten MiB, for a client that takes nothing of it.
    for (let i = 0; i < 160 && session.state === 'open'; i++) session.send(message)
  })
}

function tell (session: Session): void {
  session.on('message', () => session.send(JSON.stringify({ ip: session.ip, url: session.url, headers: session.headers, id: session.id })))
}

/** Failures of every kind that an application has (SEC-S09). */
const FAILURES: Readonly<Record<string, SessionHandler>> = {
  '/throws': () => { throw new Error('thrown') },
  '/rejects': async () => { throw new Error('rejected') },
  '/listener-throws': (session) => { session.on('message', () => { throw new Error('thrown') }) },
  '/listener-rejects': (session) => { session.on('message', async () => { throw new Error('rejected') }) },
  '/close-throws': (session) => { session.on('close', () => { throw new Error('thrown') }) }
}

/** Scaled-down times. The answer to a ping may be late, because a client of the tests may wait for a processor. */
const QUICK: EndpointOptions = { heartbeat: 400, pongTimeout: 2000, disconnectDelay: 400, sendTimeout: 600, bodyTimeout: 600, closeTimeout: 400 }

interface Place {
  readonly options?: EndpointOptions
  readonly handler: SessionHandler
}

const PLACES: Readonly<Record<string, Place>> = {
  '/echo': { handler: echo },
  '/other': { handler: echo },
  '/any': { options: { origins: '*' }, handler: echo },
  '/listed': { options: { origins: ['https://good.example'] }, handler: echo },
  '/binary': { options: { binary: true }, handler: echo },
  '/deflate': { options: { websocket: { compression: true } }, handler: echo },
  '/cookie': { options: { origins: '*', sessionCookie: true }, handler: echo },
  '/hosts': { options: { allowedHosts: ['127.0.0.1', 'localhost'] }, handler: echo },
  '/drafts': { options: { allowDrafts: true }, handler: echo },
  '/users': { options: { user: ({ headers }) => headers['x-user'] }, handler: echo },
  '/tell': { handler: tell },
  '/quick': { options: { ...QUICK, origins: '*' }, handler: echo },
  '/push': { options: { sendTimeout: 600, origins: '*' }, handler: pushMuch },
  '/flood': {
    options: { sendTimeout: 600, origins: '*', queue: { limit: 64 * 1024 * 1024 }, responseLimit: 2 ** 30 },
    handler (session) { session.on('message', () => session.send('x'.repeat(32 * 1024 * 1024))) }
  },
  '/asks': { options: { origins: '*', session: async () => { await new Promise((resolve) => setTimeout(resolve, 20)) } }, handler: echo },
  ...Object.fromEntries(Object.entries(FAILURES).map(([path, handler]) => [path, { options: { origins: '*' as const }, handler }]))
}

function addPlaces (app: FastifyInstance, journal: Journal, places: Readonly<Record<string, Place>>): void {
  for (const [path, { options = {}, handler }] of Object.entries(places)) {
    app.sockjs(path, options, (session, request) => {
      session.on('close', ({ code, reason }) => journal.push({ code, reason, transport: session.transport }))
      return handler(session, request)
    })
  }
}

function addRoutes (app: FastifyInstance): void {
  app.stomp.addHook('onConnect', (frame, session) => {
    if (frame.login !== undefined && frame.login !== '') session.user = { name: frame.login }
    const expires = frame.headers.get('x-expires')
    if (expires !== undefined) session.expiresAt = Date.now() + Number(expires)
  })
  app.stomp.message('/echo', { sendToSender: '/queue/echo' }, ({ body }) => body)
  app.stomp.message('/json', { sendToSender: '/queue/json', schema: { body: { type: 'object' } } }, ({ body }) =>
    ({ keys: Object.keys(body as object), polluted: ({} as { polluted?: unknown }).polluted ?? null }))
  app.stomp.message('/fail', () => { throw new Error(`secret ${randomUUID()}`) })
}

/** Two thousand half requests must not be waited for: as `serve` does it, a tenth of the time. */
const TIMEOUTS = { requestTimeout: 1500, http: { headersTimeout: 1000, connectionsCheckingInterval: 200 } }

export const SITES: Readonly<Record<string, Site>> = {
  /** Default options, but where a case needs another one. */
  default: {
    async build (app, journal) {
      await app.register(sockjs)
      addPlaces(app, journal, PLACES)
      await app.register(stomp, { path: '/stomp', broker: memoryBroker(), tcp: { port: 0 } })
      addRoutes(app)
    }
  },
  /** Few of everything, and short times of the server. */
  small: {
    fastify: TIMEOUTS,
    async build (app, journal) {
      await app.register(sockjs, { origins: '*', maxSessions: 20, maxDetachedSessions: 5, maxSessionsPerAddress: 15, maxBufferedBytes: 16 * 1024 * 1024, drainTimeout: 500 })
      addPlaces(app, journal, { '/echo': PLACES['/echo']!, '/push': { options: { queue: { limit: 64 * 1024 * 1024 } }, handler: pushMuch } })
      await app.register(stomp, { path: '/stomp', broker: memoryBroker(), limits: { connectTimeout: 300 } })
    }
  },
  /** STOMP with rules, and a rate. */
  ruled: {
    async build (app, journal) {
      await app.register(sockjs)
      addPlaces(app, journal, { '/echo': PLACES['/echo']! })
      await app.register(stomp, {
        path: '/stomp',
        broker: memoryBroker(),
        clientSend: 'application-only',
        rate: { perSecond: 20, burst: 40 },
        rules: [
          { type: 'connect', allow: 'all' },
          { type: 'subscribe', destination: ['/topic/public/**', '/user/queue/*'], allow: 'all' },
          { type: 'send', destination: '/app/**', allow: 'all' }
        ]
      })
      app.stomp.addHook('onConnect', (frame, session) => {
        if (frame.passcode === 'wrong') throw new StompError('STOMP_AUTHENTICATION_FAILED')
        if (frame.login !== undefined && frame.login !== '') session.user = { name: frame.login }
      })
      app.stomp.message('/echo', { sendToSender: '/queue/echo' }, ({ body }) => body)
    }
  }
}
