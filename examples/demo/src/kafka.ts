import { type KafkaBridgeOptions, kafkajs } from 'fastify-sockjs/kafka'
import { Kafka, logLevel } from 'kafkajs'

/** The rules of the bridge: records of `orders` come in by their keys, and messages of `/topic/audit/**` go out. */
export const KAFKA_RULES: Pick<KafkaBridgeOptions, 'in' | 'out'> = {
  in: [{ topic: 'orders', to: ({ key }) => key === null ? null : `/topic/orders/${key}` }],
  out: [{ from: '/topic/audit/**', topic: 'audit' }]
}

/**
 * Reads the brokers of `KAFKA`, which is written `host:port[,host:port]`.
 *
 * @throws an Error with a text for the user of the command line
 */
export function parseKafka (text: string): string[] {
  const brokers = text.split(',')
  const isAddress = (broker: string): boolean => URL.canParse(`tcp://${broker}`) && /^[^/@?#]+:\d+$/.test(broker)
  if (!brokers.every(isAddress)) throw new Error('the address of Kafka is written host:port[,host:port]')
  return brokers
}

/** Makes the options of the bridge. All nodes of a namespace are one consumer group. */
export function demoKafka (brokers: readonly string[], namespace: string, node: string): KafkaBridgeOptions {
  const kafka = new Kafka({ clientId: node, brokers: [...brokers], logLevel: logLevel.NOTHING })
  return { client: kafkajs(kafka), group: `sockjs-${namespace}`, ...KAFKA_RULES }
}
