import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Clock, SystemClock } from '../../src/core/clock.ts'
import type { EngineLog, EngineState } from '../../src/engine/engine.ts'
import { HubEngine } from '../../src/engine/hub/engine.ts'
import { HubServer, type HubServerOptions } from '../../src/engine/hub/server.ts'
import { until } from './wait.ts'

/** The clock of a test that waits for real sockets. */
export const systemClock = (): Clock => new SystemClock((error) => { throw error })

/** A path for a hub, in a directory that goes with the test. */
export function hubPath (t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'hub-test-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'hub')
}

/** A hub that listens, and closes with the test. */
export async function openHub (t: Test, path: string, own: Partial<HubServerOptions> = {}): Promise<HubServer> {
  const server = new HubServer({ path, namespace: 'test', clock: systemClock(), ...own })
  await server.listen()
  t.teardown(() => server.close().catch(() => {}))
  return server
}

/** The id of a node from a short name. */
export const nodeId = (name: string): string => name.padEnd(16, '_')

/** An engine, with all that it has told its node. */
export class HubNode {
  readonly engine: HubEngine
  readonly id: string
  readonly clock: Clock
  readonly states: EngineState[] = []
  readonly reasons: string[] = []
  readonly gaps: string[] = []
  readonly logged: string[] = []

  constructor (t: Test, path: string, name: string, { clock = systemClock(), namespace = 'test' } = {}) {
    this.engine = new HubEngine(path, namespace)
    this.id = nodeId(name)
    this.clock = clock
    t.teardown(() => this.engine.stop())
  }

  get state (): EngineState | undefined { return this.states.at(-1) }

  async start (): Promise<this> {
    const note = (level: string) => (_facts: object, text: string): void => { this.logged.push(`${level}: ${text}`) }
    const log: EngineLog = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
    await this.engine.start({
      node: this.id,
      clock: this.clock,
      log,
      changed: (state, reason) => {
        this.states.push(state)
        this.reasons.push(reason)
      },
      gap: (reason) => { this.gaps.push(reason) }
    })
    return this
  }

  async reached (state: EngineState): Promise<void> {
    await until(() => this.state === state, `${this.id} is ${state}`)
  }

  /** Listens, and returns the texts that arrive. */
  async listen (channel: string): Promise<string[]> {
    const arrived: string[] = []
    await this.engine.channels.subscribe(channel, (data, from) => { arrived.push(`${from} ${Buffer.from(data).toString()}`) })
    return arrived
  }

  say (channel: string, text: string): void { this.engine.channels.publish(channel, Buffer.from(text)) }
}
