import type { Telemetry } from '../../telemetry/telemetry.ts'
import type { KafkaFacade, KafkaPartitionStats } from './bridge.ts'

/** Adds the numbers of the topics that the bridge reads. A topic without a partition at this node counts as zero. */
export function observeBridge (telemetry: Telemetry, bridge: KafkaFacade, topics: readonly string[]): void {
  const byTopic = (read: (partition: KafkaPartitionStats) => number) => {
    const { partitions } = bridge.stats()
    return [...new Set(topics)].map((topic) => ({
      attributes: { 'messaging.destination.name': topic },
      value: partitions.filter((partition) => partition.topic === topic).reduce((sum, partition) => sum + read(partition), 0)
    }))
  }
  telemetry.observe('stomp.kafka.lag', () => byTopic(({ lag }) => lag ?? 0))
  telemetry.observe('stomp.kafka.paused', () => byTopic(({ paused }) => paused ? 1 : 0))
}
