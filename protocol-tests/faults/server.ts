import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { DEMO_DEFAULTS, DEMO_ENDPOINTS } from '../../examples/demo/src/endpoints.ts'
import { Journal } from '../../examples/demo/src/journal.ts'
import { addStomp } from '../../examples/demo/src/stomp.ts'
import sockjs from '../../src/index.ts'
import { memoryBroker } from '../../src/stomp.ts'
import type { Endpoint, Session } from '../../src/index.ts'
import { faultyStream } from './stomp-stream.ts'
import type { ServerPatch, StompMutation } from './types.ts'

export interface RunningServer {
  port: number
  stompPort: number
  close: () => Promise<void>
}

/** The demo server with a history, built as the patch says, its clients of STOMP behind a faulty stream. */
export async function startServer ({ everywhere = {}, endpoints = {}, handlers = {}, stomp = {}, broker = {} }: ServerPatch = {}, fault?: StompMutation): Promise<RunningServer> {
  // Fault upon fault: what the server would log is what is to be expected.
  const app = Fastify({ logger: false, forceCloseConnections: true }) as FastifyInstance
  const journal = new Journal()
  await app.register(sockjs, { ...DEMO_DEFAULTS, drainTimeout: 1 })
  for (const { path, options, handler } of DEMO_ENDPOINTS) {
    const endpoint: Endpoint = app.sockjs(path, { ...options, ...everywhere, ...endpoints[path] }, (session) => {
      journal.watch(path, session)
      return (handlers[path] ?? handler)(session, () => endpoint, 'demo')
    })
  }
  let stompPort: number | null = null
  await app.register(async (scope) => {
    if (fault !== undefined) interpose(scope, app, fault)
    await addStomp(scope, DEMO_DEFAULTS, 0, { broker: memoryBroker({ history: [{ pattern: '/topic/**' }], ...broker }), ...stomp })
    scope.addHook('onListen', async () => { stompPort = scope.stomp.tcpPort })
  })
  app.get('/journal', async () => journal.entries)
  await app.listen({ port: 0, host: '127.0.0.1' })
  if (stompPort === null) throw new Error('STOMP over TCP does not listen')
  return { stompPort, port: (app.server.address() as AddressInfo).port, close: async () => { await app.close() } }
}

/** The STOMP layer registers its endpoints in the scope, and gets them with a fault before their handlers. */
function interpose (scope: FastifyInstance, app: FastifyInstance, fault: StompMutation): void {
  const sockjs: FastifyInstance['sockjs'] = ((path: string, options: object, handler: (session: Session, request: unknown) => unknown) =>
    app.sockjs(path, options, (session, request) => { handler(faultyStream(session, fault), request) })) as never
  Object.defineProperty(scope, 'sockjs', { value: sockjs })
}
