/** The headers of a message of the package `kafkajs`. */
export type KafkaJsHeaders = Readonly<Record<string, string | Uint8Array | (string | Uint8Array)[] | undefined>>

/** A message that a consumer of `kafkajs` gives. */
export interface KafkaJsMessage {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly offset: string
  readonly timestamp: string
  readonly headers?: KafkaJsHeaders | undefined
}

/** The batch of one partition, with the ways to go on. */
export interface KafkaJsBatchPayload {
  readonly batch: { readonly topic: string, readonly partition: number, readonly messages: readonly KafkaJsMessage[] }
  resolveOffset (offset: string): void
  heartbeat (): Promise<void>
  isRunning (): boolean
  isStale (): boolean
}

/** A partition, or several, as `kafkajs` names them. */
export interface KafkaJsPartitions {
  topic: string
  partitions: number[]
}

/** The part of a consumer of `kafkajs` that the bridge uses. */
export interface KafkaJsConsumer {
  /** The names of the events. */
  readonly events: { readonly GROUP_JOIN: string, readonly CRASH: string }
  connect (): Promise<void>
  disconnect (): Promise<void>
  subscribe (subscription: { topics: string[], fromBeginning: boolean }): Promise<void>
  run (options: object): Promise<void>
  pause (partitions: KafkaJsPartitions[]): void
  resume (partitions: KafkaJsPartitions[]): void
  commitOffsets (offsets: { topic: string, partition: number, offset: string }[]): Promise<void>
  on (event: never, listener: never): unknown
}

/** The part of a producer of `kafkajs` that the bridge uses. */
export interface KafkaJsProducer {
  connect (): Promise<void>
  disconnect (): Promise<void>
  send (record: never): Promise<unknown>
}

/** The part of the administration of `kafkajs` that the bridge uses. */
export interface KafkaJsAdmin {
  connect (): Promise<void>
  disconnect (): Promise<void>
  fetchTopicOffsets (topic: string): Promise<{ partition: number, offset: string, low: string }[]>
  fetchOffsets (options: { groupId: string, topics?: string[] }): Promise<{ topic: string, partitions: { partition: number, offset: string }[] }[]>
}

/** The part of a client of the package `kafkajs` that the bridge uses: `new Kafka({ … })`. */
export interface KafkaJs {
  /** Makes a producer. */
  producer (config?: never): object
  /** Makes a consumer. */
  consumer (config: never): object
  /** Makes the administration. */
  admin (): object
}
