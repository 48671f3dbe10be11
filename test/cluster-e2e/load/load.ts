import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { TYPESCRIPT } from '../../support/typescript.ts'
import { deferred, within } from '../../support/wait.ts'
import { Process, type Processes } from '../processes.ts'
import type { Plan } from './plan.ts'
import type { Record } from './talk.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

/** The sessions live for longer than a client waits for a busy machine, so that a session that ends was ended by a fault. */
const DEFAULTS = { path: '/patient', client: 'own', parallel: 100, messages: 10, every: 0, reopenAfter: [], patience: 120_000, giveUp: null } as const satisfies Partial<Plan>

/** Sessions that a process of its own holds. */
export class Load {
  readonly plan: Plan
  readonly #process: Process
  readonly #open = deferred<void>()
  readonly #records = deferred<readonly Record[]>()

  constructor (processes: Processes, plan: Pick<Plan, 'port' | 'transport' | 'sessions'> & Partial<Plan>) {
    this.plan = { ...DEFAULTS, ...plan }
    const child = fork(MAIN, [JSON.stringify(this.plan)], { execArgv: [TYPESCRIPT], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.#process = processes.add(new Process(`load over ${plan.transport}`, child))
    child.on('message', (word) => {
      if (word === 'open') this.#open.resolve()
      else this.#records.resolve(word as Record[])
    })
    // A process may be over before its last message has been read, and before its last output.
    const end = Promise.all([once(child, 'disconnect'), once(child, 'close')]).then(([, [code, signal]]) => {
      throw new Error(`${this.#process.name} has ended early with ${code ?? signal}: ${this.#process.output}`)
    })
    end.catch(this.#open.reject)
    end.catch(this.#records.reject)
  }

  /** Resolves when all sessions are open. */
  opened (): Promise<void> { return within(this.#open.promise, `the sessions over ${this.plan.transport}`, this.plan.patience + 60_000) }

  /** Lets the sessions finish, if they talk without end. Resolves with a record for each session. */
  async finish (): Promise<readonly Record[]> {
    // A process whose sessions have all ended is through already.
    if (this.plan.messages === 'until-told-to-stop' && this.#process.child.connected) this.#process.child.send('stop')
    return await within(this.#records.promise, `the records over ${this.plan.transport}`, 600_000)
  }

  /** Ends the process with all its sessions. */
  kill (): Promise<void> { return this.#process.kill() }
}
