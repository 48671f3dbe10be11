/**
 * The application's client: a `Redis` or a `Cluster` of `ioredis` 5 or 6, or of `iovalkey` 0.4.
 *
 * The engine makes its own connections with the settings of this client, and never sends a command on it.
 */
export interface RedisClient {
  /** True for a client of a Redis Cluster. */
  readonly isCluster: boolean
  /** Makes a client with the same settings. */
  duplicate (): object
}

/** An argument of a command. */
export type Argument = string | number | Buffer

/** A connection of the engine: a `Redis` or a `Cluster`, as far as the engine uses it. */
export interface Connection {
  call (command: string, ...args: readonly Argument[]): Promise<unknown>
  callBuffer (command: string, ...args: readonly Argument[]): Promise<unknown>
  connect (): Promise<void>
  /** Ends the connection. With `true`, the client connects again. */
  disconnect (reconnect?: boolean): void
  on (event: string, listener: (...values: never[]) => void): unknown
}

/** Tells the wait before a try to connect, in milliseconds. Any other value ends the client. */
type RetryStrategy = ((...facts: unknown[]) => unknown) | null | undefined

/** The settings of a client of one server, as far as the engine reads them. */
interface Settings { readonly retryStrategy?: RetryStrategy }

/** The settings of a client of a Redis Cluster, as far as the engine reads them. */
interface ClusterSettings {
  readonly clusterRetryStrategy?: RetryStrategy
  readonly redisOptions?: object
}

interface Server extends Connection {
  readonly options: Settings
  duplicate (override: object): Server
}

interface Cluster extends Connection {
  readonly options: ClusterSettings
  duplicate (startupNodes: readonly [], override: object): Cluster
  nodes (role: 'master'): Server[]
}

/** The longest wait between two tries to connect, in milliseconds: all nodes must be back within `RECLAIM_TIME`. */
const LONGEST_WAIT = 1_000

/**
 * The settings that the engine needs in every connection.
 *
 * A command fails at once when its connection is lost, because a client that repeats a publication by itself delivers it twice. The engine
 * subscribes again by itself, because it must know when that is done. Its names have their own prefix.
 */
const SETTINGS = {
  lazyConnect: true,
  enableOfflineQueue: false,
  enableReadyCheck: false,
  // ioredis 5.11 sends these before it is ready. If the connection ends meanwhile, the client takes itself for ready on a dead connection, for ever.
  disableClientInfo: true,
  connectionName: undefined,
  // It costs 1 to 3 us of CPU more for each publication, because the cluster makes few large ones in a turn.
  enableAutoPipelining: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  reconnectOnError: null,
  commandTimeout: undefined,
  socketTimeout: undefined,
  keyPrefix: '',
  stringNumbers: false,
  readOnly: false,
  monitor: false
}

const CLUSTER_SETTINGS = {
  lazyConnect: true,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  // A failed command is not repeated, except at the node to which the cluster redirects it.
  retryDelayOnFailover: 0,
  retryDelayOnClusterDown: 0,
  scaleReads: 'master',
  keyPrefix: ''
}

/** Bounds the waits of a strategy, and leaves the end of all tries to it. */
function bounded (strategy: RetryStrategy): RetryStrategy {
  if (typeof strategy !== 'function') return strategy
  return (...facts) => {
    const wait = strategy(...facts)
    return typeof wait === 'number' ? Math.min(wait, LONGEST_WAIT) : wait
  }
}

/** Makes the connections of the engine from the application's client. */
export interface Maker {
  /** Makes the connection for commands. */
  commands (): Connection
  /** Makes the connection for subscriptions. Returns `null` while no server is known. */
  subscriber (commands: Connection): Connection | null
  /**
   * True for a Redis Cluster. Its publications go through one server, and its connection for subscriptions ends for good. After a fault both
   * connections are made anew, because the client may know servers that are gone.
   */
  readonly isCluster: boolean
  /** The servers that hold the data. */
  servers (commands: Connection): readonly Connection[]
}

/** One server, found by its address or by Redis Sentinel. */
class ServerMaker implements Maker {
  readonly isCluster = false
  readonly #client: Server

  constructor (client: Server) {
    this.#client = client
  }

  commands (): Connection {
    return this.#client.duplicate({ ...SETTINGS, retryStrategy: bounded(this.#client.options.retryStrategy) })
  }

  subscriber (): Connection { return this.commands() }

  servers (commands: Connection): readonly Connection[] { return [commands] }
}

/**
 * A Redis Cluster.
 *
 * A publication reaches the subscribers of all servers of the cluster. So the subscriptions are at one server, any of them, and the engine
 * sees when that one is lost. The cluster client would choose another one and tell no one.
 */
class ClusterMaker implements Maker {
  readonly isCluster = true
  readonly #client: Cluster
  #turn = 0

  constructor (client: Cluster) {
    this.#client = client
  }

  commands (): Connection {
    const { clusterRetryStrategy, redisOptions } = this.#client.options
    return this.#client.duplicate([], {
      ...CLUSTER_SETTINGS,
      clusterRetryStrategy: bounded(clusterRetryStrategy),
      redisOptions: { ...redisOptions, ...SETTINGS, enableOfflineQueue: true }
    })
  }

  subscriber (commands: Connection): Connection | null {
    const servers = (commands as Cluster).nodes('master')
    return servers.at(this.#turn++ % Math.max(servers.length, 1))?.duplicate({ ...SETTINGS, retryStrategy: null }) ?? null
  }

  servers (commands: Connection): readonly Connection[] { return (commands as Cluster).nodes('master') }
}

/** Chooses the way to make connections. The structure of `client` was checked with the options. */
export function makerOf (client: RedisClient): Maker {
  return client.isCluster ? new ClusterMaker(client as unknown as Cluster) : new ServerMaker(client as unknown as Server)
}
