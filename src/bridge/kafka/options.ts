import { boolean, called, checkOptions, count, either, expected, fields, func, type Hints, integer, list, milliseconds, oneOf, text } from '../../core/check.ts'
import type { Clock } from '../../core/clock.ts'
import type { Broker, OutgoingMessage } from '../../stomp/broker/broker.ts'
import { DestinationParser, matchesPattern, patternProblem } from '../../stomp/destinations.ts'
import type { KafkaClient } from './client.ts'
import { kafkaErrors } from './errors.ts'
import type { KafkaKey, KafkaRecord } from './record.ts'

/** A topic of Kafka whose records go to subscribers. */
export interface KafkaIn {
  /** The topic. */
  readonly topic: string
  /** The destination of the records at the broker: a text, or a function that finds it for each record. A function returns `null` to leave a record out. */
  readonly to: string | ((record: KafkaRecord) => string | null)
  /** The content type of records that name none in a header. Default: that of a text, or of octets where the value is not UTF-8. */
  readonly contentType?: string
}

/** Destinations of STOMP whose messages go to a topic of Kafka. */
export interface KafkaOut {
  /** The destinations, as a pattern: `*` stands for one segment, `**` at the end for the rest. */
  readonly from: string
  /** The topic. */
  readonly topic: string
  /** Finds the key of a message. Messages with one key keep their order. Default: the destination. */
  readonly key?: (message: OutgoingMessage) => KafkaKey
  /**
   * True to hold the answer to the publisher until all in-sync replicas of Kafka have the message. Default false.
   *
   * The answer is the RECEIPT of a SEND, or the promise of `publish()`.
   */
  readonly confirm?: boolean
}

/** The bounds of the messages that wait for Kafka on this node, all topics together. */
export interface KafkaOutboxOptions {
  /** The most messages. Default 10,000. */
  readonly messages?: number
  /** The most octets. Default 16 MiB. */
  readonly bytes?: number
}

/** The options of the bridge. */
export interface KafkaBridgeOptions {
  /** The client, made by `kafkajs()` or `platformatic()`. */
  readonly client: KafkaClient
  /** The consumer group. All nodes of a cluster have the same one, so that each record comes in once. Needed with `in`. */
  readonly group?: string
  /** The topics that come in. */
  readonly in?: readonly KafkaIn[]
  /** The destinations that go out. */
  readonly out?: readonly KafkaOut[]
  /** The topic for records that cannot be published. Without it, they are logged and counted. */
  readonly deadLetters?: string
  /** The first record of a group that has committed no offset: the oldest one, or the next one that comes. Default `latest`. */
  readonly begin?: 'earliest' | 'latest'
  /** The number of partitions whose records this node publishes at a time, 1 to 1,000. Default 8. */
  readonly concurrency?: number
  /** The bounds of the messages that wait for Kafka. */
  readonly outbox?: KafkaOutboxOptions
  /** The time after which a message with `confirm` is reported as not confirmed, in milliseconds. Default 10,000. */
  readonly confirmTimeout?: number
  /** The clock. Default: that of the system. Tests give one that they move. */
  readonly clock?: Clock
}

/** The options with their defaults. */
export interface ResolvedKafkaOptions {
  readonly client: KafkaClient
  readonly group: string
  readonly in: readonly KafkaIn[]
  readonly out: readonly KafkaOut[]
  readonly deadLetters: string | null
  readonly begin: 'earliest' | 'latest'
  readonly concurrency: number
  readonly outbox: Required<KafkaOutboxOptions>
  readonly confirmTimeout: number
}

const TOPIC = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/
const topic = expected((value) => typeof value === 'string' && TOPIC.test(value), 'the name of a topic: 1 to 249 letters, digits, ., _ or -')
const destination = expected((value) => typeof value === 'string' && /^\/[^*]*$/.test(value), 'a destination that begins with / and holds no *')

const IN: Readonly<Record<keyof KafkaIn, ReturnType<typeof expected>>> = {
  topic,
  to: either('a destination that begins with / and holds no *, or a function', destination, func),
  contentType: text
}
const OUT: Readonly<Record<keyof KafkaOut, ReturnType<typeof expected>>> = { from: text, topic, key: func, confirm: boolean }
const IN_HINTS: Hints = { from: called('topic'), destination: called('to') }
const OUT_HINTS: Hints = { to: called('topic'), destination: called('from') }

const CLIENT = ['openProducer', 'openConsumer'] as const
const CLOCK = ['now', 'date', 'start', 'stop', 'hold'] as const
const has = (value: unknown, names: readonly string[]): boolean => typeof value === 'object' && value !== null &&
  names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')

const CHECKS: Readonly<Record<keyof KafkaBridgeOptions, ReturnType<typeof expected>>> = {
  client: expected((value) => has(value, CLIENT), 'a client such as kafkajs(new Kafka({ … }))'),
  group: text,
  in: list(fields(IN, IN_HINTS), 'a list of rules such as { topic, to }'),
  out: list(fields(OUT, OUT_HINTS), 'a list of rules such as { from, topic }'),
  deadLetters: topic,
  begin: oneOf('earliest', 'latest'),
  concurrency: integer(1, 1000),
  outbox: fields({ messages: count, bytes: count }),
  confirmTimeout: milliseconds,
  clock: expected((value) => has(value, CLOCK), 'a clock such as new ManualClock()')
}

const HINTS: Hints = { groupId: called('group'), consumer: called('in'), producer: called('out'), deadLetter: called('deadLetters'), deadLetterTopic: called('deadLetters') }

/**
 * Checks the options of the bridge, and adds the defaults.
 *
 * @throws FST_STOMP_KAFKA_INVALID_OPTION, FST_STOMP_KAFKA_LOOP
 */
export function resolveKafkaOptions (options: KafkaBridgeOptions, broker: Broker): ResolvedKafkaOptions {
  const destinations = new DestinationParser([], broker.separator)
  checkOptions(kafkaErrors.InvalidOption, 'options', options, CHECKS, { path: '', required: ['client'], hints: HINTS })
  const { client, group = '', in: incoming = [], out = [], deadLetters = null, begin = 'latest', concurrency = 8, outbox, confirmTimeout = 10_000 } = options
  if (incoming.length === 0 && out.length === 0) throw new kafkaErrors.InvalidOption('in', 'must have a rule, or out must have one')
  if (incoming.length > 0 && group === '') throw new kafkaErrors.InvalidOption('group', 'must name the consumer group, because in has rules')
  checkIn(incoming, broker)
  checkOut(out, destinations)
  checkLoops(incoming, out, deadLetters, destinations)
  return {
    client,
    group,
    in: incoming,
    out,
    deadLetters,
    begin,
    concurrency,
    confirmTimeout,
    outbox: { messages: outbox?.messages ?? 10_000, bytes: outbox?.bytes ?? 16 * 1024 * 1024 }
  }
}

function checkIn (incoming: readonly KafkaIn[], broker: Broker): void {
  const topics = new Set<string>()
  incoming.forEach((rule, i) => {
    for (const name of ['topic', 'to'] as const) if (rule[name] === undefined) throw new kafkaErrors.InvalidOption(`in[${i}].${name}`, 'is missing')
    if (topics.has(rule.topic)) throw new kafkaErrors.InvalidOption(`in[${i}].topic`, `is there twice: ${rule.topic}; one function decides about all records of a topic`)
    topics.add(rule.topic)
    if (typeof rule.to === 'string' && !broker.accepts(rule.to, 'send')) {
      throw new kafkaErrors.InvalidOption(`in[${i}].to`, `must be a destination of the broker, not ${rule.to}`)
    }
  })
}

function checkOut (out: readonly KafkaOut[], destinations: DestinationParser): void {
  out.forEach((rule, i) => {
    if (rule.topic === undefined) throw new kafkaErrors.InvalidOption(`out[${i}].topic`, 'is missing')
    const wrong = patternProblem(rule.from, destinations)
    if (wrong !== null) throw new kafkaErrors.InvalidOption(`out[${i}].from`, wrong)
    if (destinations.parse(rule.from).owner !== 'broker') throw new kafkaErrors.InvalidOption(`out[${i}].from`, `must be of destinations of the broker, not ${rule.from}`)
  })
}

/** Refuses rules that would carry a record back to its topic. A function of `to` cannot be judged here; its messages never go out. */
function checkLoops (incoming: readonly KafkaIn[], out: readonly KafkaOut[], deadLetters: string | null, destinations: DestinationParser): void {
  const topics = new Set(incoming.map((rule) => rule.topic))
  if (deadLetters !== null && topics.has(deadLetters)) throw new kafkaErrors.Loop(`the dead letters go to ${deadLetters}, which comes in`)
  for (const { to, topic: name } of incoming) {
    if (typeof to !== 'string') continue
    const { segments } = destinations.parse(to)
    const back = out.find((rule) => topics.has(rule.topic) && matchesPattern(destinations.parse(rule.from).segments, segments))
    if (back !== undefined) throw new kafkaErrors.Loop(`the topic ${name} goes to ${to}, and ${back.from} goes to the topic ${back.topic}, which comes in`)
  }
}
