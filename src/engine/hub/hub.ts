import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SystemClock } from '../../core/clock.ts'
import type { Engine } from '../engine.ts'
import { engineErrors } from '../errors.ts'
import { HubEngine } from './engine.ts'
import { checkHubOptions, HUB_VARIABLE, type HubOptions } from './options.ts'
import { HubServer } from './server.ts'

/** A hub that listens. */
export interface Hub {
  /** The path of its socket. */
  readonly path: string
  /** Closes the connections to all nodes, and removes the socket. The nodes go on alone, and connect again when a hub is there. */
  close (): Promise<void>
}

/** A path for a hub, and the function that removes what was made for it. */
interface Place {
  readonly path: string
  remove (): void
}

/**
 * Starts the hub that connects the processes of one machine.
 *
 * Call it once, in the primary of `node:cluster` and before `cluster.fork()`, or in a process of its own. It sets the variable `FASTIFY_SOCKJS_HUB`
 * of the environment, by which forked workers find it. Without `path` the hub makes a Unix socket in a new directory that only this user may enter.
 * With `path` the directory must exist, and its rights are the application's matter: every process that can open the socket can act as any user.
 * On Windows the hub is a named pipe, which is not tested.
 *
 * Workers of `node:cluster` exit when the primary has ended, and lose their listening sockets. A hub in a process of its own may end and start
 * again at the same `path`. Its nodes connect again within about 1 s, claim their sessions again and report a gap. For 2.5 s after such a start, the
 * hub keeps requests about unknown sessions waiting, so that no session gets two nodes. It cannot know of earlier nodes if it was closed by
 * `close()` and new nodes connect first.
 *
 * The hub keeps logs and queues in its memory. All logs together have at most 64 MiB: above that, the hub forgets the log that was not used for longest.
 * A hub that starts again is empty. The messages that a node has taken from queues go back when its connection ends.
 *
 * @throws FST_SOCKJS_ENGINE_INVALID_OPTION
 * @throws FST_SOCKJS_ENGINE_REFUSED if another hub listens at `path`.
 */
export async function startHub (options: HubOptions = {}): Promise<Hub> {
  const { path: given, namespace } = checkHubOptions(options)
  const { path, remove } = given === undefined ? freshPlace() : { path: given, remove () {} }
  const clock = new SystemClock((error) => { throw error })
  const server = new HubServer({ path, namespace, clock })
  try {
    await server.listen()
  } catch (error) {
    remove()
    throw error
  }
  // A process that ends without `close()` leaves no directory behind.
  process.once('exit', remove)
  process.env[HUB_VARIABLE] = path
  return {
    path,
    async close () {
      if (process.env[HUB_VARIABLE] === path) delete process.env[HUB_VARIABLE]
      await server.close()
      process.off('exit', remove)
      remove()
    }
  }
}

/**
 * Makes the engine of one node of a hub, for the option `engine` of `app.register(sockjs)`.
 *
 * The default of `path` is the variable `FASTIFY_SOCKJS_HUB` of the environment, which `startHub()` sets for the workers that it forks later.
 *
 * @throws FST_SOCKJS_ENGINE_INVALID_OPTION, also if there is no path.
 */
export function hubEngine (options: HubOptions = {}): Engine {
  const { path = process.env[HUB_VARIABLE], namespace } = checkHubOptions(options)
  if (path === undefined || path === '') {
    throw new engineErrors.InvalidOption('path', `must be given, because ${HUB_VARIABLE} is not set; call startHub() in the primary before it forks its workers`)
  }
  return new HubEngine(path, namespace)
}

function freshPlace (): Place {
  // A named pipe needs no directory.
  if (process.platform === 'win32') return { path: `\\\\.\\pipe\\fastify-sockjs-${randomBytes(16).toString('hex')}`, remove () {} }
  // The system would cut a longer path, without an error.
  checkHubOptions({ path: join(tmpdir(), 'fastify-sockjs-123456', 'hub') })
  // It makes this directory with mode 0700.
  const directory = mkdtempSync(join(tmpdir(), 'fastify-sockjs-'))
  return { path: join(directory, 'hub'), remove: () => rmSync(directory, { recursive: true, force: true }) }
}
