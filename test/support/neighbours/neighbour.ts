import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { ServerOptions, TestServer } from '../server.ts'
import type { Visit } from '../whole-session.ts'

/** The moment at which a neighbour joins: before our plugin, after our endpoint, or once the server listens. */
export type Moment = 'before us' | 'after us' | 'once the server listens'

/** Checks the neighbour's own work. Gives the way of clients to our endpoint where the neighbour changes it. */
export type Check = (t: Test, server: TestServer, moment: Moment) => Promise<Visit | undefined | void>

/** A plugin or a server that stands on the same HTTP server as we do. */
export interface Neighbour {
  /** The moments at which it can join: before and after us, unless it says otherwise. */
  readonly moments?: readonly Moment[]
  readonly endpoint?: ServerOptions['endpoint']
  /** Joins the server. The test ends all that the neighbour starts. */
  readonly join: (app: FastifyInstance, t: Test) => Check | Promise<Check>
}
