// A STOMP server on a node in a process of its own, for tests: `main.ts <module of the engine> <settings of the engine> <name>`. Every login is a user.
import Fastify from 'fastify'
import type { AddressInfo } from 'node:net'
import type { Engine } from '../../../src/engine/engine.ts'
import sockjs from '../../../src/index.ts'
import stomp, { clusterBroker } from '../../../src/stomp.ts'
import { memoryInUse } from '../heap.ts'
import { until } from '../wait.ts'
import { Crowd } from './crowd.ts'
import type { Answered, Answers, Asked, StompTask } from './task.ts'

/** More messages than any test lets wait. */
const MOST = 2_000_000
const GIB = 1024 ** 3

const [module, settings, name] = process.argv.slice(2) as [string, string, string]
const { engine } = await import(module) as { engine (settings: unknown): Promise<Engine> }

const app = Fastify()
await app.register(sockjs, { origins: '*', engine: await engine(JSON.parse(settings)), node: name, maxSessions: MOST })
await app.register(stomp, {
  path: '/stomp',
  presence: [{ pattern: '/topic/rooms/**' }],
  broker: clusterBroker({ maxQueueMessages: MOST, maxQueueBytes: GIB, maxBytes: GIB })
})
app.stomp.addHook('onConnect', ({ login = '' }, session) => { if (login !== '') session.user = { name: login } })
await app.listen({ port: 0, host: '127.0.0.1' })

const crowd = new Crowd(app.stomp)

async function answer (task: StompTask): Promise<Answers[keyof Answers]> {
  if (task.task === 'tally') return crowd.tally()
  if (task.task === 'memory') return await memoryInUse()
  await crowd.join(task.topic, task.clients)
  return null
}

process.on('message', ({ number, task }: Asked) => {
  answer(task).then((answer) => { process.send!({ number, answer } satisfies Answered) }, (error: unknown) => { throw error })
})
await until(() => app.sockjs.node!.state === 'available', 'the node has its engine')
process.send!((app.server.address() as AddressInfo).port)
// The channel to the test holds the process.
process.once('disconnect', () => process.exit())
