import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { oncePer } from '../core/once-per.ts'
import type { EndpointOptions } from '../sockjs/options/options.ts'
import { STOMP_REPORTS, type StompReports } from '../telemetry/reports.ts'
import type { Broker } from './broker/broker.ts'
import { clusterBroker } from './broker/cluster/index.ts'
import { memoryBroker } from './broker/memory/index.ts'
import { Documents } from './documents.ts'
import { stompErrors } from './errors.ts'
import { type StompFacade, stompFacade } from './facade.ts'
import type { StompPluginOptions } from './options.ts'
import { StompServer } from './server.ts'
import { SockjsEndpoint } from './sockjs-endpoint.ts'

declare module 'fastify' {
  // The language asks for the parameters of Fastify's declaration.
  interface FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider> {
    /** STOMP: routes, users, messages. */
    readonly stomp: StompFacade<TypeProvider>
  }
}

/** The subprotocols, the highest first. The first one that a client offers is chosen, at any place in the offer (STOMP-W1). */
const SUBPROTOCOLS: readonly string[] = ['v12.stomp', 'v11.stomp', 'v10.stomp']

async function registerStomp (app: FastifyInstance, options: StompPluginOptions): Promise<void> {
  if (!app.hasDecorator('sockjs')) throw new stompErrors.NeedsSockjs()
  if (app.hasDecorator('stomp')) throw new stompErrors.AlreadyRegistered()
  const broker = options.broker === undefined ? defaultBroker(app) : options.broker
  const server = new StompServer(app, { ...options, broker })
  const documents = new Documents(app, server, options)
  const facadeFor = oncePer((scope: FastifyInstance) => stompFacade(server, documents, scope))
  app.decorate('stomp', { getter (this: FastifyInstance) { return facadeFor(this) } } as never)

  app.decorate(STOMP_REPORTS, { tracing: server.parts.tracing, telemetry: server.telemetry.telemetry } satisfies StompReports)

  const endpoint: EndpointOptions = {
    ...options.endpoint,
    // One URL for SockJS and plain WebSocket.
    rawAtBase: true,
    binary: true,
    protocols: SUBPROTOCOLS,
    ...(options.strictSubprotocol === true ? { preHandler: [...[options.endpoint?.preHandler ?? []].flat(), refuseForeignSubprotocol] } : {}),
    maxMessageSize: Math.max(options.endpoint?.maxMessageSize ?? 0, messageSize(server))
  }
  documents.endpoints = server.options.paths.map((path) => app.sockjs(path, endpoint, (stream, request) => server.serve(stream, request)))
  const [first] = documents.endpoints
  documents.serve()
  server.join(new SockjsEndpoint(first!, app.log), first!.registration.node)
  first!.registration.statsLine.sources.push(server.telemetry.telemetry)
  // The server listens for TCP before the application listens, because a port that is taken must fail the start.
  app.addHook('onReady', () => server.start())
  app.addHook('preClose', async () => server.stopListening())
  app.addHook('onClose', () => server.parts.broker.stop())
}

function defaultBroker (app: FastifyInstance): Broker { return app.sockjs.node === null ? memoryBroker() : clusterBroker() }

/** Refuses a client that offers subprotocols and none of STOMP (STOMP-W2). */
async function refuseForeignSubprotocol (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const offered = request.headers['sec-websocket-protocol']
  if (offered === undefined || offered.split(',').some((name) => SUBPROTOCOLS.includes(name.trim().toLowerCase()))) return undefined
  return reply.code(400).type('text/plain; charset=UTF-8').send('No subprotocol of STOMP was offered.\n')
}

/** The size of a message that holds the largest frame. Clients that split frames send pieces of 16 KiB (STOMP-W4). */
function messageSize ({ options: { settings: { limits } } }: StompServer): number {
  return limits.command + limits.head + limits.body + 1024
}

/** The plugin. Register it after fastify-sockjs: `await app.register(stomp, { path, broker })`. */
export const stomp = fp(registerStomp, { fastify: '5.x', name: 'fastify-sockjs/stomp' })
