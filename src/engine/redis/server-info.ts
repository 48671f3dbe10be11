import type { EngineLog } from '../engine.ts'
import { RECLAIM_TIME } from '../engine.ts'
import { type Calls, isReply } from './calls.ts'
import type { Connection } from './client.ts'

/** The facts about a server that the engine reads from INFO. */
export interface ServerInfo {
  /** The id of this run of the server. It changes when the server starts again, and when another server takes over. */
  readonly run: string
  /** True if the server has started a moment ago, and other nodes may have to claim their keys again. */
  readonly isYoung: boolean
}

/** Reads the facts. Resolves with `null` if the rights do not allow it. */
export async function readInfo (calls: Calls, log: EngineLog): Promise<ServerInfo | null> {
  try {
    const info = fieldsOf(await calls.ask('info', 'server'))
    return { run: info.get('run_id') ?? '', isYoung: Number(info.get('uptime_in_seconds')) * 1_000 <= RECLAIM_TIME }
  } catch (error) {
    if (!isReply(error) || !error.message.startsWith('NOPERM')) throw error
    log.debug({ err: error }, 'INFO is not allowed, so every return of Redis counts as one without its data')
    return null
  }
}

/** Warns if a server may drop keys when it is full. */
export async function warnOfEviction (servers: readonly Connection[], log: EngineLog): Promise<void> {
  for (const server of servers) {
    try {
      const policy = fieldsOf(await server.call('info', 'memory')).get('maxmemory_policy')
      if (policy === undefined || policy === 'noeviction') continue
      log.warn({ policy }, 'maxmemory-policy of Redis must be noeviction. With another policy a full Redis drops claims, and two nodes may own one session.')
    } catch (error) {
      log.debug({ err: error }, 'INFO is not allowed or has failed, so maxmemory-policy was not read')
    }
  }
}

function fieldsOf (info: unknown): Map<string, string> {
  const lines = String(info).split('\r\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const)
  return new Map(lines)
}
