/** A message that a consumer of `@platformatic/kafka` gives. A key or a value that is null is `undefined`. */
export interface PlatformaticMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: bigint
  readonly key?: Uint8Array | null
  readonly value?: Uint8Array | null
  readonly headers: ReadonlyMap<Uint8Array, Uint8Array>
}

/** The part of a stream of messages of `@platformatic/kafka` that the bridge uses. */
export interface PlatformaticStream {
  on (event: never, listener: never): unknown
  pause (): unknown
  resume (): unknown
}

/** The partitions of a topic that a member has. */
export interface PlatformaticAssignment {
  topic: string
  partitions: number[]
}

/** The part of a consumer of `@platformatic/kafka` that the bridge uses. */
export interface PlatformaticConsumer {
  readonly assignments: PlatformaticAssignment[] | null
  on (event: never, listener: never): unknown
  consume (options: never): Promise<PlatformaticStream>
  commit (options: { offsets: { topic: string, partition: number, offset: bigint, leaderEpoch: number }[] }): Promise<void>
  listOffsets (options: { topics: string[] }): Promise<Map<string, bigint[]>>
  listCommittedOffsets (options: { topics: PlatformaticAssignment[] }): Promise<Map<string, bigint[]>>
  close (force?: boolean): Promise<void>
}

/** The part of a producer of `@platformatic/kafka` that the bridge uses. */
export interface PlatformaticProducer {
  send (options: never): Promise<unknown>
  close (): Promise<void>
}

/** A class of the package `@platformatic/kafka`. */
export interface PlatformaticClass {
  /** Makes a consumer or a producer. */
  new (options: never): object
}

/** The classes of the package `@platformatic/kafka` that the bridge uses. */
export interface PlatformaticKafka {
  /** The class of consumers. */
  readonly Consumer: PlatformaticClass
  /** The class of producers. */
  readonly Producer: PlatformaticClass
}
