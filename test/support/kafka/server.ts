import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'
import { toolPath } from '../../e2e/tools.ts'
import { EngineServer } from '../engines/servers.ts'
import { freePort } from '../free-port.ts'
import { fetchJars, run } from '../maven.ts'

/** The files of an example that starts Kafka too: the version of Kafka, and its settings. */
const FILES = fileURLToPath(new URL('../../../examples/pipeline/kafka/', import.meta.url))

function properties (port: number, controller: number, folder: string): string {
  const values: Readonly<Record<string, string>> = { BROKER_PORT: String(port), CONTROLLER_PORT: String(controller), DATA_FOLDER: join(folder, 'data') }
  return readFileSync(join(FILES, 'server.properties'), 'utf8').replace(/[A-Z]+_(?:PORT|FOLDER)/g, (name) => values[name]!)
}

/** Apache Kafka in KRaft mode: broker and controller in one process, its data in a temporary folder. */
export class KafkaServer {
  readonly server: EngineServer
  readonly brokers: readonly string[]

  private constructor (server: EngineServer) {
    this.server = server
    this.brokers = [`127.0.0.1:${server.port}`]
  }

  static async start (): Promise<KafkaServer> {
    const jars = fetchJars('kafka-4.0.0', join(FILES, 'pom.xml'))
    const controller = await freePort()
    const java = toolPath('Java')
    const classes = ['-cp', join(jars, '*')]
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
