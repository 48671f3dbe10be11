import { Waiters } from '../../core/waiters.ts'
import type { EngineContext } from '../engine.ts'
import type { Calls } from './calls.ts'
import type { RedisClaims } from './claims.ts'
import type { Maker } from './client.ts'
import type { Link } from './link.ts'
import type { RedisLogs } from './logs/logs.ts'
import type { RedisQueues } from './queues/queues.ts'
import { checkRights, checkStoreRights, LOG_RIGHTS, QUEUE_RIGHTS } from './rights.ts'
import { readInfo, warnOfSettings } from './server-info.ts'
import type { StoreParts } from './store.ts'

/** The age of the own lease at which leases of other nodes may have ended too, in milliseconds. */
const LONG_ABSENCE = 8_000

/** The connection for subscriptions. A Redis Cluster may need a new one, at another server. */
export interface Subscriber {
  readonly link: Link
  readonly calls: Calls
}

/** The parts of a node that are restored. */
export interface RestoredParts extends StoreParts {
  readonly claims: RedisClaims
  readonly logs: RedisLogs
  readonly queues: RedisQueues
  /** True if the application says that Redis keeps everything on its disk. */
  readonly durable: boolean
}

/** Restores a node in Redis: its subscriptions, its lease, its claims, its rules of logs, and its part in queues. */
export class Restoration {
  readonly #context: EngineContext
  readonly #maker: Maker
  readonly #parts: RestoredParts
  readonly #echoes = new Waiters()
  /** The run of the server, which a restart changes. */
  #run: string | null = null
  #isChecked = false
  /** True if other nodes may still have to claim their keys again when this node is available. */
  #isUnsettled = false

  constructor (context: EngineContext, maker: Maker, parts: RestoredParts) {
    this.#context = context
    this.#maker = maker
    this.#parts = parts
  }

  /** Restores everything on two connections that are ready. */
  async run (subscriber: Subscriber, isStart: boolean): Promise<void> {
    const { calls, lease, claims, logs, queues } = this.#parts
    const servers = this.#maker.servers(calls.connection)
    // Each server of a Redis Cluster has a run of its own.
    const info = this.#maker.isCluster ? null : await readInfo(calls, this.#context.log)
    this.#isUnsettled ||= info?.isYoung === true || (!isStart && (info === null || info.run !== this.#run))
    this.#run = info?.run ?? null
    if (!this.#isChecked) await this.#check(subscriber, servers)
    // A Redis Cluster is ready before all of its servers are there.
    await calls.within(() => Promise.all(servers.map((server) => server.call('eval', 'return 1', 0))))
    await this.#subscribe(subscriber)
    const { isNew, age } = lease
    if (isNew) await lease.take()
    const isKept = await this.renewLease(subscriber.calls)
    this.#isUnsettled ||= !isNew && (!isKept || age >= LONG_ABSENCE)
    if (!isKept) await lease.take()
    await claims.again()
    await logs.restore(this.#parts)
    await queues.restore()
  }

  /** Renews the lease, and waits for its echo: both connections work, and the way between them. */
  async renewLease (subscriber: Calls): Promise<boolean> {
    const echo = subscriber.within(() => this.#echoes.wait())
    const [isKept] = await Promise.all([this.#parts.lease.renew(), echo])
    return isKept
  }

  /** Takes note of the echo, or ends the wait for it. */
  heard (): void { this.#echoes.releaseAll() }

  /** Tells once whether other nodes may still have to claim their keys again. */
  takeUnsettled (): boolean {
    const isUnsettled = this.#isUnsettled
    this.#isUnsettled = false
    return isUnsettled
  }

  async #check ({ calls: subscriber }: Subscriber, servers: ReturnType<Maker['servers']>): Promise<void> {
    const { calls, names, log, node, subscriptions, logs, queues } = this.#parts
    await checkRights(calls, subscriber, names, node, subscriptions)
    if (logs.inUse) await checkStoreRights(calls, names, node, LOG_RIGHTS)
    if (queues.inUse) await checkStoreRights(calls, names, node, QUEUE_RIGHTS)
    await calls.within(() => warnOfSettings(servers, log, this.#parts.durable))
    this.#isChecked = true
  }

  async #subscribe ({ calls, link }: Subscriber): Promise<void> {
    await calls.within(async () => {
      await link.connection.call('subscribe', this.#parts.names.echo(this.#parts.node))
      await this.#parts.subscriptions.again(link.connection)
    })
  }
}
