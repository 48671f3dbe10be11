import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { lstat, unlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { engineErrors } from '../errors.ts'
import { LogTable } from '../store/log-table.ts'
import { QueueTable } from '../store/queue-table.ts'
import { ClaimTable } from './claim-table.ts'
import { MAX_QUEUE } from './line.ts'
import { type HubTables, Member } from './member.ts'
import { Routes } from './routes.ts'
import type { StoreUser } from './store-handlers.ts'

/** The settings of a hub. */
export interface HubServerOptions {
  readonly path: string
  readonly namespace: string
  readonly clock: Clock
  /** The bytes that may wait for one node. */
  readonly maxQueue?: number
}

/** The hub: passes publications on between the nodes of one machine, and holds their claims, their logs and their queues. */
export class HubServer {
  readonly path: string
  readonly #tables: HubTables
  readonly #server: Server

  constructor ({ path, namespace, clock, maxQueue = MAX_QUEUE }: HubServerOptions) {
    this.path = path
    const store = { logs: new LogTable(randomUUID(), clock), queues: new QueueTable(clock), followers: new Routes<StoreUser>() }
    this.#tables = { namespace, routes: new Routes(), claims: new ClaimTable(clock), store, lines: new Set(), nodes: new Map(), maxQueue }
    this.#server = createServer((socket) => new Member(socket, this.#tables))
  }

  /**
   * Listens on its path. A socket that a killed hub has left there is taken over.
   *
   * @throws FST_SOCKJS_ENGINE_REFUSED if another hub listens there, or if another file is there.
   */
  async listen (): Promise<void> {
    try {
      await this.#bind()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      await removeLeftSocket(this.path)
      // A hub was killed here: its nodes come back with their claims.
      this.#tables.claims.expectClaims()
      await this.#bind()
    }
  }

  /** Closes all lines and the socket. */
  async close (): Promise<void> {
    this.#tables.claims.stop()
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const { line } of this.#tables.lines) line.destroy('the hub was closed')
    await closed
  }

  async #bind (): Promise<void> {
    // In a worker of node:cluster the primary would listen, if the socket were not exclusive.
    this.#server.listen({ path: this.path, exclusive: true })
    await once(this.#server, 'listening')
  }
}

async function removeLeftSocket (path: string): Promise<void> {
  const found = await lstat(path).catch(() => null)
  if (found === null) return
  if (!found.isSocket()) throw new engineErrors.Refused('hub', `the path ${path} exists and is not a socket`)
  if (await answers(path)) throw new engineErrors.Refused('hub', `another hub listens on ${path}`)
  await unlink(path)
}

/** Tells whether a process listens on a socket. */
function answers (path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const settle = (listens: boolean): void => {
      socket.destroy()
      resolve(listens)
    }
    socket.once('connect', () => settle(true)).once('error', () => settle(false))
  })
}
