import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { TYPESCRIPT } from '../support/typescript.ts'
import { within } from '../support/wait.ts'
import type { Restartable } from './engines.ts'
import { Process, type Processes } from './processes.ts'

const HUB = fileURLToPath(new URL('../support/engines/hub-process.ts', import.meta.url))

/** A hub in a process of its own, which can be killed while its nodes live on. */
export class HubProcess implements Restartable {
  /** The path of its socket. */
  readonly path: string
  readonly #processes: Processes
  #process: Process | null = null

  private constructor (processes: Processes, folder: string) {
    this.#processes = processes
    this.path = join(folder, 'hub')
  }

  static async start (processes: Processes, folder: string): Promise<HubProcess> {
    const hub = new HubProcess(processes, folder)
    await hub.revive()
    return hub
  }

  async revive (): Promise<void> {
    const child = fork(HUB, [this.path, 'hub'], { execArgv: [TYPESCRIPT], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    const started = this.#process = this.#processes.add(new Process('hub', child))
    const failed = started.ended.then(() => { throw new Error(`the hub has ended: ${started.output}`) })
    failed.catch(() => {})
    await within(Promise.race([failed, new Promise((resolve) => { child.once('message', resolve) })]), 'the hub')
  }

  signal (signal: NodeJS.Signals): void { this.#process?.signal(signal) }

  async kill (): Promise<void> { await this.#process?.kill() }

  async close (): Promise<void> { await this.kill() }
}
