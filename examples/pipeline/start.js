// The whole picture on real services, by one command. After `npm run build`: node examples/pipeline/start.js
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startBalancer } from '../cluster/balancer.js'
import { kafkaBrokers, MissingService, redisUrl } from './services.js'
import { openStore } from './store.js'
import { Supervisor } from './supervisor.js'

const NAMES = ['amber', 'blue', 'cyan']

const { values: options } = parseArgs({ options: { 'without-kafka': { type: 'boolean', default: false } } })

/** The ports of the nodes that run. */
const ports = []
const supervisor = new Supervisor()
const portOf = new Map()

function startChild (file, env) {
  return fork(fileURLToPath(new URL(file, import.meta.url)), { execArgv: [], env })
}

async function startNode (name, env) {
  const child = startChild('node.js', { ...env, NODE_NAME: name })
  const failed = once(child, 'exit').then(([code]) => { throw new Error(`it has ended with ${code}`) })
  failed.catch(() => {})
  const [{ port }] = await Promise.race([once(child, 'message'), failed])
  ports.push(port)
  portOf.set(child, port)
  return child
}

/** The balancer leaves a node out that has ended. */
const nodeEnded = (child) => { ports.splice(ports.indexOf(portOf.get(child)), 1) }

let stopping = false
async function stop (code) {
  if (stopping) return
  stopping = true
  await supervisor.stop()
  process.exit(code)
}
process.on('SIGTERM', () => stop(0))
process.on('SIGINT', () => stop(0))

try {
  const env = { ...process.env, JWT_SECRET: randomBytes(24).toString('hex'), NODE_SECRET: randomBytes(24).toString('hex'), KAFKAJS_NO_PARTITIONER_WARNING: '1' }
  env.REDIS_URL = await redisUrl(supervisor)
  env.KAFKA_BROKERS = options['without-kafka'] ? '' : await kafkaBrokers(supervisor)
  const store = openStore(env, (error) => console.error(`the store: ${error.message}`))
  await store.prepare()
  await store.close()
  await Promise.all(NAMES.map((name) => supervisor.keep(name, () => startNode(name, env), nodeEnded)))
  if (env.KAFKA_BROKERS !== '') await supervisor.keep('counter', async () => startChild('counter.js', env))
  const url = await startBalancer(ports, Number(process.env.PORT ?? 3000))
  console.log(`Redis: ${env.REDIS_URL}`)
  console.log(env.KAFKA_BROKERS === '' ? 'Kafka: LEFT OUT by --without-kafka. Nothing is counted.' : `Kafka: ${env.KAFKA_BROKERS}`)
  console.log(`The messages are stored in ${process.env.POSTGRES_URL ? 'PostgreSQL' : 'Redis'}.`)
  console.log(`Three nodes behind a random balancer: ${url}`)
} catch (error) {
  console.error(error instanceof MissingService ? error.message : error)
  await stop(1)
}
