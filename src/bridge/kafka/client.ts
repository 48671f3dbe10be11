/** A partition of a topic. */
export interface KafkaPartition {
  /** The topic. */
  readonly topic: string
  /** The number of the partition. */
  readonly partition: number
}

/** A header of a record. */
export type KafkaHeader = readonly [name: string, value: Uint8Array]

/** A record, as a client has read it. */
export interface KafkaRead extends KafkaPartition {
  /** The offset of the record in its partition. */
  readonly offset: bigint
  /** Milliseconds since 1970. */
  readonly timestamp: number
  /** The key, `null` if the record has none. */
  readonly key: Uint8Array | null
  /** The value, `null` for a tombstone. */
  readonly value: Uint8Array | null
  /** The headers, in their order. A name may come several times. */
  readonly headers: readonly KafkaHeader[]
}

/** A record that the bridge produces. Records with one key keep their order. */
export interface KafkaWrite {
  /** The key, `null` for none. */
  readonly key: Uint8Array | null
  /** The value, `null` for a tombstone. */
  readonly value: Uint8Array | null
  /** The headers, in their order. */
  readonly headers: readonly KafkaHeader[]
}

/** An offset that the group commits: the next one that it reads. */
export interface KafkaOffset extends KafkaPartition {
  /** The offset of the next record. */
  readonly offset: bigint
}

/** The records that a partition still has for the group. */
export interface KafkaLag extends KafkaPartition {
  /** The number of records. */
  readonly lag: number
}

/** A producer that is connected. */
export interface KafkaProducer {
  /** Produces records of one topic, in order. It resolves when all in-sync replicas have them (`acks=all`). */
  send (topic: string, records: readonly KafkaWrite[]): Promise<void>
  /** Tells whether Kafka refuses these records for good, so that another try is of no use. */
  isFinal (error: unknown): boolean
  /** Closes the connections. */
  close (): Promise<void>
}

/** A consumer that is a member of its group. */
export interface KafkaConsumer {
  /** Stops reading a partition. The record that was answered by `later` comes again after `resume()`. */
  pause (partition: KafkaPartition): void
  /** Reads a partition again. */
  resume (partition: KafkaPartition): void
  /** Commits offsets. It rejects when the member is not in the group any more. */
  commit (offsets: readonly KafkaOffset[]): Promise<void>
  /** Asks how many records the partitions of this member still have. */
  lag (): Promise<readonly KafkaLag[]>
  /** Leaves the group, and closes the connections. */
  close (): Promise<void>
}

/** The answer about a record: it is done, or it must come again. */
export type Taken = 'done' | 'later'

/** The reader of the records of a consumer. */
export interface KafkaReader {
  /** Tells which partitions this member has from now on. The call comes before their records. */
  assigned (partitions: readonly KafkaPartition[]): void
  /** Takes a record. The records of one partition come one after the other, in order. It never rejects. */
  take (record: KafkaRead): Promise<Taken>
  /** Tells that the consumer has ended. The bridge opens another one. */
  ended (error: unknown): void
}

/** The options with which the bridge opens a consumer. */
export interface KafkaConsumerOptions {
  /** The consumer group. */
  readonly group: string
  /** The topics. */
  readonly topics: readonly string[]
  /** True if a group without an offset begins with the oldest record, false if it begins with the next one. */
  readonly fromBeginning: boolean
  /** The number of partitions whose records may be on their way at a time. */
  readonly concurrency: number
  /** The reader of the records. */
  readonly reader: KafkaReader
}

/** A Kafka client, as the bridge needs it. `kafkajs()` and `platformatic()` make one. */
export interface KafkaClient {
  /** Connects a producer. */
  openProducer (): Promise<KafkaProducer>
  /** Connects a consumer, and joins its group. */
  openConsumer (options: KafkaConsumerOptions): Promise<KafkaConsumer>
}
