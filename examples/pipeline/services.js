import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'
import { findProgram, freePort, HOST, startServer } from '../cluster/programs.js'
import { COUNTS, MESSAGES } from './topics.js'

const fileHere = (name) => fileURLToPath(new URL(name, import.meta.url))

/** The folder of Kafka's jars, if Maven has fetched them. */
const FETCHED = fileHere('../../node_modules/.cache/kafka-4.0.0')

/** A service is missing. The text says how to get it. */
export class MissingService extends Error {}

/** Makes a folder that is removed when this process ends. */
function temporaryFolder () {
  const folder = mkdtempSync(join(tmpdir(), 'pipeline-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function run (command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status ?? error}\n${stdout}${stderr}`)
  return stdout.trim()
}

/** Gives the URL of Redis: of the server in REDIS_URL, or of one that is started here. */
export async function redisUrl (supervisor) {
  if (process.env.REDIS_URL) return process.env.REDIS_URL
  const path = findProgram('redis-server')
  if (path === null) {
    throw new MissingService(`redis-server was not found. Install it, for example by apt-get install redis-server or brew install redis.
Or set REDIS_URL to a server that runs, for example to that of docker compose -f examples/pipeline/compose.yml up --wait`)
  }
  const port = await freePort()
  // A command is on the disk before its answer, so that a message which is stored outlives a crash of Redis.
  const args = ['--bind', HOST, '--port', String(port), '--dir', temporaryFolder(), '--save', '', '--appendonly', 'yes', '--appendfsync', 'always']
  await supervisor.keep('redis-server', () => startServer(path, args, port))
  return `redis://${HOST}:${port}`
}

/** Finds the jars of Kafka. Maven fetches them, once, if it is installed. */
function kafkaJars () {
  const { KAFKA_HOME } = process.env
  if (KAFKA_HOME) return join(KAFKA_HOME, 'libs')
  if (existsSync(FETCHED)) return FETCHED
  const maven = findProgram('mvn')
  if (maven === null) return null
  console.log('Maven fetches Apache Kafka 4.0.0, about 120 MB. This happens once.')
  mkdirSync(dirname(FETCHED), { recursive: true })
  const draft = mkdtempSync(`${FETCHED}-`)
  run(maven, ['-B', '-q', '-f', fileHere('kafka/pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${join(draft, 'libs')}`])
  renameSync(join(draft, 'libs'), FETCHED)
  rmSync(draft, { recursive: true })
  return FETCHED
}

/** Gives the brokers of Kafka: those in KAFKA_BROKERS, or one that is started here. The topics exist then. */
export async function kafkaBrokers (supervisor) {
  const brokers = process.env.KAFKA_BROKERS || await startKafka(supervisor)
  await createTopics(brokers)
  return brokers
}

async function startKafka (supervisor) {
  const java = findProgram('java')
  const jars = java === null ? null : kafkaJars()
  if (jars === null) {
    throw new MissingService(`Kafka was not found. Install Java 17 and Maven, for example by apt-get install default-jre-headless maven. The example then fetches Apache Kafka 4.
Or install Java 17, and set KAFKA_HOME to the folder of Apache Kafka 4.
Or set KAFKA_BROKERS to brokers that run, for example to that of docker compose -f examples/pipeline/compose.yml up --wait.
The option --without-kafka leaves Kafka out.`)
  }
  const [port, controller, folder] = [await freePort(), await freePort(), temporaryFolder()]
  const values = { BROKER_PORT: port, CONTROLLER_PORT: controller, DATA_FOLDER: join(folder, 'data') }
  const config = join(folder, 'server.properties')
  writeFileSync(config, readFileSync(fileHere('kafka/server.properties'), 'utf8').replace(/[A-Z]+_(?:PORT|FOLDER)/g, (name) => values[name]))
  const classes = ['-cp', join(jars, '*')]
  const id = run(java, [...classes, 'kafka.tools.StorageTool', 'random-uuid'])
  run(java, [...classes, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', config])
  await supervisor.keep('kafka', () => startServer(java, ['-Xmx384m', ...classes, 'kafka.Kafka', config], port))
  return `${HOST}:${port}`
}

/** Creates the topics, where they are missing. Kafka listens some time before it answers. */
async function createTopics (brokers) {
  const topics = [MESSAGES, COUNTS].map((topic) => ({ topic, numPartitions: 3 }))
  for (let tries = 1; ; tries++) {
    const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING, retry: { retries: 2 } }).admin()
    try {
      await admin.connect()
      await admin.createTopics({ topics, waitForLeaders: true })
      // The groups are ready some time later than the topics.
      await admin.fetchOffsets({ groupId: 'pipeline-counter', topics: [MESSAGES] })
      return
    } catch (error) {
      if (tries === 30) throw new Error(`Kafka at ${brokers} does not answer: ${error.message}`)
      await delay(1000)
    } finally {
      await admin.disconnect().catch(() => {})
    }
  }
}
