import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { buildDemo } from '../../examples/demo/src/demo.ts'
import type { Session } from '../../src/index.ts'
import { AWKWARD, SURROGATES } from '../support/texts.ts'

const PAGE = fileURLToPath(new URL('./page/', import.meta.url))
const STOMP = dirname(createRequire(import.meta.url).resolve('@stomp/stompjs'))

const BLOCK = 1024

/** All of the first plane, every control, quote and half of a pair, in blocks that each go through one frame. */
const FIRST_PLANE = Array.from({ length: 65_536 / BLOCK }, (_, block) =>
  String.fromCharCode(...Array.from({ length: BLOCK }, (_, i) => block * BLOCK + i)))

/** What the page sends: see page/trials.js. */
const MESSAGES = {
  awkward: [...Object.values(AWKWARD), SURROGATES, ...FIRST_PLANE],
  /** UTF-8, and so STOMP, knows no half of a pair. */
  wellFormed: Object.values(AWKWARD),
  large: '<script>%41 é "'.repeat(70_000).slice(0, 1024 * 1024),
  small: Array.from({ length: 1000 }, (_, i) => `message ${i}`)
}

/** A browser on a busy machine may take long to come back for the next response. */
const PATIENT = 30_000

async function echo (session: Session): Promise<void> {
  for await (const message of session) session.send(message)
}

/**
 * The demo server, with a page that drives its endpoints, and two more: `/rolling`, an echo whose responses end soon, and
 * `/brisk`, one with far more heartbeats than an impatient proxy asks for.
 */
export interface Site {
  readonly app: FastifyInstance
  readonly port: number
}

/** Starts the site. `add` adds to it before it listens. */
export async function startSite (t: Test, add?: (app: FastifyInstance) => unknown): Promise<Site> {
  const app = await buildDemo({ logLevel: 'error' })
  await add?.(app)
  app.sockjs('/rolling', { responseLimit: 4096, disconnectDelay: PATIENT }, echo)
  app.sockjs('/brisk', { heartbeat: 250, disconnectDelay: PATIENT }, echo)
  const messages = JSON.stringify(MESSAGES)
  app.get('/e2e/messages.json', (_request, reply) => reply.type('application/json').send(messages))
  await app.register(fastifyStatic, { root: PAGE, prefix: '/e2e/', decorateReply: false })
  await app.register(fastifyStatic, { root: STOMP, prefix: '/e2e/stomp/', decorateReply: false })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  return { app, port: (app.server.address() as { port: number }).port }
}
