import type { EngineLogGroup, EngineLogs, LogRule } from '../../logs.ts'
import type { NatsLink } from '../link.ts'
import type { Subscriptions } from '../subscriptions.ts'
import type { JetStream } from './jetstream.ts'
import { NatsLogGroup } from './log-group.ts'
import type { JetStreamSettings } from './options.ts'
import type { Requests } from './requests.ts'
import { NANOSECONDS, NatsStream, REMEMBERED } from './stream.ts'

/** The logs of the engine: one stream for each group, with a subject for each log. */
export class NatsLogs implements EngineLogs {
  readonly #link: NatsLink
  readonly #requests: Requests
  readonly #subscriptions: Subscriptions
  readonly #jetStream: JetStream
  readonly #settings: JetStreamSettings

  constructor (link: NatsLink, requests: Requests, subscriptions: Subscriptions, jetStream: JetStream, settings: JetStreamSettings) {
    this.#link = link
    this.#requests = requests
    this.#subscriptions = subscriptions
    this.#jetStream = jetStream
    this.#settings = settings
  }

  group (name: string, rule: LogRule): EngineLogGroup {
    const { subjects } = this.#link
    const all = subjects.log(name, '>')
    const stream = new NatsStream(this.#link, this.#requests, subjects.logStream(name), {
      subjects: [all],
      retention: 'limits',
      storage: this.#settings.storage,
      num_replicas: this.#settings.replicas,
      // One more than the rule has. While a message before a position is there, all behind the position are there, because the oldest go first.
      max_msgs_per_subject: rule.messages + 1,
      // JetStream remembers no id for longer than it keeps messages.
      max_age: Math.max(rule.ttl, REMEMBERED) * NANOSECONDS,
      duplicate_window: REMEMBERED * NANOSECONDS,
      discard: 'old',
      max_consumers: -1,
      max_msgs: -1,
      max_bytes: -1,
      republish: { src: all, dest: subjects.live(name, '>') }
    })
    this.#jetStream.add(stream, [`$JS.API.STREAM.MSG.GET.${stream.name}`])
    return new NatsLogGroup(name, rule, this.#link, this.#subscriptions, stream)
  }
}
