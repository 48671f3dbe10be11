import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'
import { toolPath } from '../../e2e/tools.ts'
import { EngineServer } from '../engines/servers.ts'
import { freePort } from '../free-port.ts'

const VERSION = '4.0.0'
const ARTIFACT = `<groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version>`
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>test</artifactId>
<version>1</version><dependencies><dependency>${ARTIFACT}</dependency></dependencies></project>`

/** The folder of the jars. It is made once, and is not in the repository. */
const JARS = join(dirname(fileURLToPath(import.meta.url)), '../../../node_modules/.cache', `kafka-${VERSION}`)

/** Runs a program to its end, and throws its output if it fails. */
function run (command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000 })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${String(status ?? error)}\n${stdout}${stderr}`)
  return stdout
}

/** Gets Apache Kafka and the jars that it needs from Maven Central. */
function fetchJars (): void {
  if (existsSync(JARS)) return
  mkdirSync(dirname(JARS), { recursive: true })
  const folder = mkdtempSync(JARS + '-')
  writeFileSync(join(folder, 'pom.xml'), POM)
  run(toolPath('Maven'), ['-B', '-q', '-f', join(folder, 'pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${join(folder, 'lib')}`])
  renameSync(join(folder, 'lib'), JARS)
  rmSync(folder, { recursive: true })
}

const properties = (port: number, controller: number, folder: string): string => `
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${join(folder, 'data')}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
`

/** Apache Kafka in KRaft mode: broker and controller in one process, its data in a temporary folder. */
export class KafkaServer {
  readonly server: EngineServer
  readonly brokers: readonly string[]

  private constructor (server: EngineServer) {
    this.server = server
    this.brokers = [`127.0.0.1:${server.port}`]
  }

  static async start (): Promise<KafkaServer> {
    fetchJars()
    const controller = await freePort()
    const java = toolPath('Java')
    const classes = ['-cp', join(JARS, '*')]
    const server = await EngineServer.start('Kafka', java, (port, folder) => {
      const config = join(folder, 'server.properties')
      writeFileSync(config, properties(port, controller, folder))
      const id = run(java, [...classes, 'kafka.tools.StorageTool', 'random-uuid']).trim()
      run(java, [...classes, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', config])
      return ['-Xmx384m', '-XX:TieredStopAtLevel=1', ...classes, 'kafka.Kafka', config]
    })
    const kafka = new KafkaServer(server)
    await kafka.ready()
    return kafka
  }

  /** A client that says nothing about the failures that the tests make. */
  client (options: { readonly logLevel?: logLevel } = {}): Kafka {
    return new Kafka({ brokers: [...this.brokers], logLevel: logLevel.NOTHING, connectionTimeout: 1000, retry: { initialRetryTime: 100, retries: 5 }, ...options })
  }

  /** Waits until Kafka answers. It listens some time before that. */
  async ready (): Promise<void> {
    for (let tries = 0; ; tries++) {
      const admin = this.client().admin()
      try {
        await admin.connect()
        await admin.listTopics()
        return
      } catch (error) {
        if (tries > 60) throw error
        await delay(500)
      } finally {
        await admin.disconnect().catch(() => {})
      }
    }
  }

  async createTopics (topics: Readonly<Record<string, number>>): Promise<void> {
    const admin = this.client().admin()
    await admin.connect()
    await admin.createTopics({ waitForLeaders: true, topics: Object.entries(topics).map(([topic, numPartitions]) => ({ topic, numPartitions, replicationFactor: 1 })) })
    await admin.disconnect()
  }

  /** Ends Kafka as `kill -9` does, and starts it again after `ms` milliseconds. */
  async restart (ms: number): Promise<void> {
    await this.server.kill()
    await delay(ms)
    await this.server.revive()
    await this.ready()
  }

  async close (): Promise<void> { await this.server.close() }
}
