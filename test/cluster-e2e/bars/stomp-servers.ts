import { hubWorld } from '../../support/engines/hub-world.ts'
import { natsWorld } from '../../support/engines/nats-world.ts'
import { redisWorld } from '../../support/engines/redis-world.ts'
import { startJetStream } from '../../support/engines/servers.ts'
import type { EngineWorld } from '../../support/engines/world.ts'
import { StompProcess } from '../../support/stomp-process/index.ts'
import type { EngineName } from '../engines.ts'
import { Process, type Processes } from '../processes.ts'

const WORLDS: Readonly<Record<EngineName, () => Promise<EngineWorld>>> = {
  nats: async () => natsWorld('nats', [await startJetStream()]),
  redis: () => redisWorld('ioredis'),
  hub: hubWorld
}

/** A STOMP server whose process the bar can kill. */
export interface StompServer {
  readonly server: StompProcess
  readonly port: number
  readonly process: Process
}

/** Lets a bar work with so many STOMP servers on one engine. All processes end after it. */
export async function withServers (processes: Processes, engine: EngineName, count: number, work: (servers: readonly StompServer[], world: EngineWorld) => Promise<void>): Promise<void> {
  const world = await WORLDS[engine]()
  const started = Array.from({ length: count }, (_, i) => {
    const server = new StompProcess(world.faults.child!, `node-${i + 1}`)
    return { server, process: processes.add(new Process(`node-${i + 1}`, server.child)) }
  })
  try {
    await work(await Promise.all(started.map(async ({ server, process }) => ({ server, process, port: await server.port }))), world)
  } catch (error) {
    for (const { process: { name, output } } of started) process.stderr.write(`--- ${name}\n${output.slice(-4_000)}\n`)
    throw error
  } finally {
    await Promise.all(started.map(({ process }) => process.kill()))
    await world.close()
  }
}
