import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { DEMO_DEFAULTS, DEMO_ENDPOINTS } from '../../src/cli/endpoints.ts'
import { Journal } from '../../src/cli/journal.ts'
import sockjs from '../../src/index.ts'
import type { Endpoint } from '../../src/index.ts'
import type { ServerPatch } from './types.ts'

export interface RunningServer {
  port: number
  close: () => Promise<void>
}

/** The SockJS part of the demo server, built as the patch says. */
export async function startServer ({ everywhere = {}, endpoints = {}, handlers = {} }: ServerPatch = {}): Promise<RunningServer> {
  // Fault upon fault: what the server would log is what is to be expected.
  const app = Fastify({ logger: false, forceCloseConnections: true }) as FastifyInstance
  const journal = new Journal()
  await app.register(sockjs, { ...DEMO_DEFAULTS, drainTimeout: 1 })
  for (const { path, options, handler } of DEMO_ENDPOINTS) {
    const endpoint: Endpoint = app.sockjs(path, { ...options, ...everywhere, ...endpoints[path] }, (session) => {
      journal.watch(path, session)
      return (handlers[path] ?? handler)(session, () => endpoint)
    })
  }
  app.get('/journal', async () => journal.entries)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: (app.server.address() as AddressInfo).port, close: async () => { await app.close() } }
}
