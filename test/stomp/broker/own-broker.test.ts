import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t from 'tap'
import { ManualClock } from '../../../src/core/clock.ts'
import type { Broker } from '../../../src/stomp.ts'
import { testLog } from '../../support/broker.ts'
import { blocksOf } from '../../support/docs/markdown.ts'
import { brokerContract } from './contract.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const PAGE = 'docs/brokers.md'

/** Loads the broker as the page shows it. It uses the face of the package, and no other file. */
async function load (): Promise<() => Broker> {
  const [block] = blocksOf(PAGE, readFileSync(join(ROOT, PAGE), 'utf8'))
  const code = block!.code.replace("'fastify-sockjs/stomp'", `'${pathToFileURL(join(ROOT, 'src/stomp.ts')).href}'`)
  const folder = t.testdir({ 'topic-broker.ts': code })
  const { topicBroker } = await import(pathToFileURL(join(folder, 'topic-broker.ts')).href) as { topicBroker: () => Broker }
  return topicBroker
}

const topicBroker = await load()

brokerContract(PAGE, async (t) => {
  const broker = topicBroker()
  const clock = new ManualClock()
  await broker.start({ clock, log: testLog(), applicationPrefixes: ['/app'] })
  t.teardown(() => broker.stop())
  return { broker, pass: async (ms) => clock.advance(ms) }
})
