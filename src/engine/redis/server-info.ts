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

/** A setting of Redis that must not have another value. */
interface Wish {
  readonly section: string
  readonly field: string
  readonly value: string
  readonly warning: string
}

const NO_EVICTION: Wish = {
  section: 'memory',
  field: 'maxmemory_policy',
  value: 'noeviction',
  warning: 'maxmemory-policy of Redis must be noeviction. With another policy a full Redis drops claims, and two nodes may own one session.'
}

const APPEND_ONLY: Wish = {
  section: 'persistence',
  field: 'aof_enabled',
  value: '1',
  warning: 'appendonly of Redis must be yes, because the option durable is set. Without it, a restart of Redis loses logs and queues.'
}

/** Warns if a server has a setting that breaks a promise of the engine. */
export async function warnOfSettings (servers: readonly Connection[], log: EngineLog, durable: boolean): Promise<void> {
  for (const { section, field, value, warning } of durable ? [NO_EVICTION, APPEND_ONLY] : [NO_EVICTION]) {
    for (const server of servers) {
      try {
        const given = fieldsOf(await server.call('info', section)).get(field)
        if (given !== undefined && given !== value) log.warn({ [field]: given }, warning)
      } catch (error) {
        log.debug({ err: error }, `INFO is not allowed or has failed, so ${field} was not read`)
      }
    }
  }
}

function fieldsOf (info: unknown): Map<string, string> {
  const lines = String(info).split('\r\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const)
  return new Map(lines)
}
