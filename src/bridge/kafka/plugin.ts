import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { SystemClock } from '../../core/clock.ts'
import { STOMP_REPORTS, type StompReports } from '../../telemetry/reports.ts'
import { observeBridge } from './metrics.ts'
import { KafkaBridge, type KafkaFacade } from './bridge.ts'
import { KafkaContext } from './context.ts'
import { kafkaErrors } from './errors.ts'
import { type KafkaBridgeOptions, resolveKafkaOptions } from './options.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The bridge between STOMP and Kafka. */
    readonly kafka: KafkaFacade
  }
}

async function registerKafka (app: FastifyInstance, given: KafkaBridgeOptions): Promise<void> {
  if (!app.hasDecorator('stomp')) throw new kafkaErrors.NeedsStomp()
  if (app.hasDecorator('kafka')) throw new kafkaErrors.AlreadyRegistered()
  const { broker } = app.stomp
  const options = resolveKafkaOptions(given, broker)
  const clock = given.clock ?? new SystemClock((error) => app.log.error({ err: error }, 'a timer of the Kafka bridge failed'))
  const bridge = new KafkaBridge(new KafkaContext(clock, app.log), options, broker)
  for (const rule of options.out) app.stomp.tap(rule.from, (message) => bridge.outflow.send(rule, message))
  app.decorate('kafka', bridge as KafkaFacade)
  observeBridge((app as unknown as { readonly [STOMP_REPORTS]: StompReports })[STOMP_REPORTS].telemetry, bridge, options.in.map(({ topic }) => topic))
  // The broker has started before, because the hooks run in the order of their plugins.
  app.addHook('onReady', async () => bridge.start())
  app.addHook('preClose', () => bridge.stopReading())
  // Hooks of this kind run in the opposite order, so that the broker still runs.
  app.addHook('onClose', () => bridge.close())
}

/** The plugin. Register it after fastify-sockjs/stomp: `await app.register(kafkaBridge, { client, group, in, out })`. */
export const kafkaBridge = fp(registerKafka, { fastify: '5.x', name: 'fastify-sockjs/kafka' })
