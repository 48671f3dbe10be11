import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { EngineFaults } from '../engines/world.ts'
import { TYPESCRIPT } from '../typescript.ts'
import { type Deferred, deferred, within } from '../wait.ts'
import type { Answered, Answers, Asked, StompTask } from './task.ts'

const PROGRAM = fileURLToPath(new URL('main.ts', import.meta.url))

/** The time for one task, in milliseconds. Many clients take long on a busy machine. */
const PATIENCE = 300_000

/** A STOMP server on a node in a process of its own. */
export class StompProcess {
  readonly child: ChildProcess
  /** Resolves with the port when the server listens and has its engine. */
  readonly port: Promise<number>
  readonly #waiting = new Map<number, Deferred<Answers[keyof Answers]>>()
  #asked = 0

  constructor ({ module, settings }: Required<EngineFaults>['child'], name: string) {
    const port = deferred<number>()
    this.port = within(port.promise, `the server of ${name}`)
    this.port.catch(() => {})
    this.child = fork(PROGRAM, [module.href, JSON.stringify(settings), name], { execArgv: [TYPESCRIPT], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.child.on('message', (word: number | Answered) => {
      if (typeof word === 'number') return port.resolve(word)
      this.#waiting.get(word.number)?.resolve(word.answer)
      this.#waiting.delete(word.number)
    })
    this.child.once('exit', (code, signal) => {
      const error = new Error(`the process of ${name} ended with ${String(code ?? signal)}`)
      port.reject(error)
      for (const each of this.#waiting.values()) each.reject(error)
    })
  }

  /** Gives the process a task. Resolves with the answer. */
  async do<T extends StompTask> (task: T): Promise<Answers[T['task']]> {
    const number = ++this.#asked
    const answer = deferred<Answers[keyof Answers]>()
    this.#waiting.set(number, answer)
    this.child.send({ number, task } satisfies Asked)
    return await within(answer.promise, task.task, PATIENCE) as Answers[T['task']]
  }
}
