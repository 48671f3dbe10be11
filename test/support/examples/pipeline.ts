import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FastifyInstance } from 'fastify'
import type { MemoryNetwork } from '../../../src/index.ts'
import type { KafkaClient } from '../../../src/kafka.ts'
import { FakeKafka } from '../kafka/fake-client.ts'

/** A message of the example, as its store and its topic have it. */
export interface PipelineMessage {
  readonly id: string
  readonly from: string
  readonly text: string
  readonly node: string
}

/** The parts that the example `pipeline` needs, in memory. */
export class PipelineWorld {
  readonly kafka = new FakeKafka()
  readonly stored: PipelineMessage[] = []
  /** The error of the store, or `null`. */
  storeError: Error | null = null
  readonly #network: MemoryNetwork
  readonly #folder: string

  /** The example comes from `folder`, where it finds the package by its name. Its engine must come from the same package. */
  constructor (folder: string, Network: typeof MemoryNetwork) {
    this.#folder = folder
    this.#network = new Network()
  }

  async import (file: string): Promise<Record<string, (...args: unknown[]) => unknown>> {
    return await import(pathToFileURL(join(this.#folder, file)).href) as Record<string, (...args: unknown[]) => unknown>
  }

  /** Starts a node, and gives its URL. */
  async node (name: string, kafka: KafkaClient | null = this.kafka): Promise<{ readonly app: FastifyInstance, readonly url: string }> {
    const { buildNode } = await this.import('app.js')
    const store = {
      add: async (_room: string, message: PipelineMessage) => {
        if (this.storeError !== null) throw this.storeError
        this.stored.push(message)
      },
      last: async () => this.stored,
      count: async () => null
    }
    const app = await buildNode!({ name, engine: this.#network.engine(), store, kafka, secret: 'only for this test', logger: false }) as FastifyInstance
    return { app, url: await app.listen({ port: 0, host: '127.0.0.1' }) }
  }
}

/** Runs `start.js` where no program can be found, to its end. */
export async function startWithout (folder: string, env: Readonly<Record<string, string>>): Promise<{ readonly code: number, readonly text: string }> {
  const child = fork(join(folder, 'start.js'), { silent: true, execArgv: [], env: { PATH: '/nowhere', ...env } })
  let text = ''
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
  const [code] = await once(child, 'close') as [number]
  return { code, text }
}
