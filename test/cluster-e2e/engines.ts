import { setTimeout as delay } from 'node:timers/promises'
import { type EngineServer, startJetStream, startRedis } from '../support/engines/servers.ts'
import { freePort } from '../support/free-port.ts'

export const ENGINE_NAMES = ['nats', 'redis', 'hub'] as const

export type EngineName = typeof ENGINE_NAMES[number]

/** A process of an engine that a bar kills or stops. */
export interface Restartable {
  /** Ends the process with SIGKILL. */
  kill (): Promise<void>
  /** Starts it again, at the same address. */
  revive (): Promise<void>
  signal (signal: 'SIGSTOP' | 'SIGCONT'): void
  close (): Promise<void>
}

/** The engines that are servers of their own. */
export type ServerName = Exclude<EngineName, 'hub'>

const STARTS = { nats: () => startJetStream(), redis: () => startRedis() } as const

/** Starts one server of an engine. */
export function startEngine (name: ServerName): Promise<EngineServer> {
  return STARTS[name]()
}

/** Starts three servers of NATS that are one cluster with JetStream, which the broker of the demo needs. */
export async function startNatsCluster (): Promise<EngineServer[]> {
  const routes = [await freePort(), await freePort(), await freePort()]
  const address = (port: number): string => `nats://127.0.0.1:${port}`
  return await Promise.all(routes.map((own) => startJetStream([
    '--cluster_name', 'bars', '--cluster', address(own), '--routes', routes.filter((route) => route !== own).map(address).join(',')
  ])))
}

/** Ends an engine with SIGKILL. It comes back without its claims; JetStream has kept its streams. */
export async function killFor (server: Restartable, milliseconds: number): Promise<void> {
  await server.kill()
  await delay(milliseconds)
  await server.revive()
}

/** Stops an engine for some time. */
export async function freezeFor (server: Restartable, milliseconds: number): Promise<void> {
  server.signal('SIGSTOP')
  await delay(milliseconds)
  server.signal('SIGCONT')
}
