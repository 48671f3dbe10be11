import type { AddressInfo } from 'node:net'
import fastifyProxy from '@fastify/http-proxy'
import fastifyWebsocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import { Server as SocketIo } from 'socket.io'
import { createServer as createVite } from 'vite'
import { type WebSocket, WebSocketServer } from 'ws'
import { HTTP } from '../client.ts'
import { ask } from '../http.ts'
import { talk } from '../websocket.ts'
import type { Visit } from '../whole-session.ts'
import type { Moment, Neighbour } from './neighbour.ts'

const ANY_MOMENT: readonly Moment[] = ['before us', 'after us', 'once the server listens']

/** The neighbour refuses, drops or forgets an upgrade that belongs to neither of us. */
const TAKES_THE_REST: Visit = { elsewhere: 'not ours' }

function answer (ws: WebSocket): void {
  ws.on('message', (data) => ws.send('own ' + (data as Buffer).toString()))
}

async function ownWebSocket (app: FastifyInstance): Promise<void> {
  await app.register(fastifyWebsocket)
  app.get('/own', { websocket: true }, answer)
}

/** Neighbours with an `upgrade` listener of their own on the same server. */
export const LISTENERS: Readonly<Record<string, Neighbour>> = {
  '@fastify/websocket': {
    async join (app) {
      await ownWebSocket(app)
      return async (t, { port }) => { t.match(await talk(port, '/own', { say: 'hello' }), { answer: 'own hello' }) }
    }
  },

  '@fastify/http-proxy': {
    async join (app, t) {
      const upstream = Fastify()
      t.teardown(() => upstream.close())
      await ownWebSocket(upstream)
      upstream.get('/page', async () => 'a page')
      await app.register(fastifyProxy, { upstream: await upstream.listen({ port: 0, host: '127.0.0.1' }), prefix: '/proxied', websocket: true })
      return async (t, { port }) => {
        t.equal((await ask({ port, path: '/proxied/page' })).body, 'a page')
        t.match(await talk(port, '/proxied/own', { say: 'hello' }), { answer: 'own hello' })
      }
    }
  },

  '@fastify/http-proxy before the server': {
    moments: ['once the server listens'],
    async join (app, t) {
      const proxy = Fastify()
      t.teardown(() => proxy.close())
      const { port: upstream } = app.server.address() as AddressInfo
      await proxy.register(fastifyProxy, { upstream: `http://127.0.0.1:${upstream}`, prefix: '/', websocket: true })
      await proxy.listen({ port: 0, host: '127.0.0.1' })
      const { port } = proxy.server.address() as AddressInfo
      return async (t, server) => {
        t.match(await talk(port, '/echo/websocket', { say: 'hello' }), { answer: 'hello' })
        t.equal((await server.session()).transport, 'websocket-raw')
        await server.closing()
        // The proxy answers 101 before it asks the server, so that a WebSocket is never refused.
        return { port, transports: HTTP }
      }
    }
  },

  'a server of ws with a path': {
    moments: ANY_MOMENT,
    join (app, t) {
      const server = new WebSocketServer({ server: app.server, path: '/own' })
      t.teardown(() => server.close())
      server.on('connection', answer)
      return async (t, { port }) => {
        t.match(await talk(port, '/own', { say: 'hello' }), { answer: 'own hello' })
        return TAKES_THE_REST
      }
    }
  },

  'socket.io': {
    moments: ANY_MOMENT,
    join (app, t) {
      const io = new SocketIo(app.server, { destroyUpgradeTimeout: 50 })
      t.teardown(() => io.engine.close())
      io.on('connection', (socket) => socket.emit('own', 'hello'))
      return async (t, { port }) => {
        t.match((await ask({ port, path: '/socket.io/?EIO=4&transport=polling' })).body, /^0\{"sid":/)
        t.match((await talk(port, '/socket.io/?EIO=4&transport=websocket')).answer, /^0\{"sid":/)
        return TAKES_THE_REST
      }
    }
  },

  'the HMR of Vite': {
    moments: ANY_MOMENT,
    async join (app, t) {
      const vite = await createVite({
        configFile: false,
        logLevel: 'silent',
        appType: 'custom',
        optimizeDeps: { noDiscovery: true },
        server: { middlewareMode: true, hmr: { server: app.server }, watch: null }
      })
      t.teardown(() => vite.close())
      // Once the server listens it is too late for a hook, so that the files come from elsewhere.
      if (!app.server.listening) app.addHook('onRequest', (request, reply, done) => { vite.middlewares(request.raw, reply.raw, done) })
      return async (t, { port }, moment) => {
        if (moment !== 'once the server listens') t.match((await ask({ port, path: '/@vite/client' })).body, /createHotContext/)
        const { answer, protocol } = await talk(port, `/?token=${vite.config.webSocketToken}`, { protocols: ['vite-hmr'] })
        t.strictSame([answer, protocol], ['{"type":"connected"}', 'vite-hmr'])
        return TAKES_THE_REST
      }
    }
  }
}
