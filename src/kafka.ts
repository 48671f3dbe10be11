export type { Clock } from './core/clock.ts'
export type { CodedError, CodedErrorConstructor } from './core/coded-error.ts'
export type { KafkaFacade, KafkaPartitionStats, KafkaStats } from './bridge/kafka/bridge.ts'
export type {
  KafkaClient, KafkaConsumer, KafkaConsumerOptions, KafkaHeader, KafkaLag, KafkaOffset, KafkaPartition, KafkaProducer, KafkaRead, KafkaReader, KafkaWrite, Taken
} from './bridge/kafka/client.ts'
export { kafkaErrors } from './bridge/kafka/errors.ts'
export type { KafkaState } from './bridge/kafka/health.ts'
export { kafkajs, type KafkaJsOptions } from './bridge/kafka/kafkajs/client.ts'
export type {
  KafkaJs, KafkaJsAdmin, KafkaJsBatchPayload, KafkaJsConsumer, KafkaJsHeaders, KafkaJsMessage, KafkaJsPartitions, KafkaJsProducer
} from './bridge/kafka/kafkajs/package.ts'
export type { KafkaBridgeOptions, KafkaIn, KafkaOut, KafkaOutboxOptions } from './bridge/kafka/options.ts'
export { platformatic, type PlatformaticOptions } from './bridge/kafka/platformatic/client.ts'
export type {
  PlatformaticAssignment, PlatformaticConsumer, PlatformaticKafka, PlatformaticMessage, PlatformaticProducer, PlatformaticStream
} from './bridge/kafka/platformatic/package.ts'
export { kafkaBridge as default, kafkaBridge } from './bridge/kafka/plugin.ts'
export type { KafkaKey, KafkaRecord } from './bridge/kafka/record.ts'
