import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { within } from '../wait.ts'
import type { EngineFaults } from './world.ts'

const PROGRAM = fileURLToPath(new URL('engine-node.ts', import.meta.url))
const TYPESCRIPT = new URL('../../../scripts/typescript/register.js', import.meta.url).href

/** The tasks of a node in a process of its own. */
export interface ChildTask {
  readonly claim: readonly string[]
  /** The channel on which it says hello, after its claims. */
  readonly publish: string
  /** The queue of which it holds messages. It pushes that many before. */
  readonly hold?: { readonly queue: string, readonly messages: number }
}

/** A node in a process of its own. */
export interface Child {
  readonly node: string
  /** Ends the process with SIGKILL. */
  kill (): void
}

/** Starts a node in a process of its own. Resolves when its tasks are done. The process ends with the test. */
export async function startChild (t: Test, { module, settings }: Required<EngineFaults>['child'], task: ChildTask): Promise<Child> {
  const child = fork(PROGRAM, [module.href, JSON.stringify(settings), JSON.stringify(task)], { execArgv: [`--import=${TYPESCRIPT}`] })
  t.teardown(() => child.kill('SIGKILL'))
  const failed = once(child, 'exit').then(([code, signal]) => { throw new Error(`the process of the node ended with ${String(code ?? signal)}`) })
  failed.catch(() => {})
  const [node] = await within(Promise.race([once(child, 'message'), failed]), 'the tasks of a node in its own process')
  return { node: String(node), kill () { child.kill('SIGKILL') } }
}
