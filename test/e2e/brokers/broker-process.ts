import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../support/free-port.ts'
import { listening } from '../../support/listening.ts'

/** An external broker, in a process and a folder of its own. */
export interface BrokerProcess {
  readonly name: string
  /** The port that speaks STOMP. */
  readonly port: number
  readonly pid: number
  /** SIGKILL, or another signal, to the process that does the work. */
  signal (signal: NodeJS.Signals): void
  /** Starts the same broker on the same port, after an end of the process. */
  restart (): Promise<void>
  stop (): Promise<void>
}

export interface BrokerProgram {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** The process that it leaves running beside itself. */
  readonly cleanUp?: () => Promise<unknown>
}

/** Runs a broker whose configuration `prepare` writes into a new folder. */
export async function startBroker (prepare: (folder: string, port: number) => Promise<BrokerProgram>): Promise<BrokerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'broker-'))
  const port = await freePort()
  const program = await prepare(folder, port)
  const end = async (child: ChildProcess | null): Promise<void> => {
    if (child !== null) await kill(child)
    await program.cleanUp?.()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  let child: ChildProcess
  try {
    child = await launch(program, port)
  } catch (error) {
    await end(null)
    throw error
  }
  return {
    name: program.name,
    port,
    get pid () { return child.pid! },
    signal (signal) { process.kill(-child.pid!, signal) },
    async restart () {
      await ended(child)
      child = await launch(program, port)
    },
    stop: () => end(child)
  }
}

/** Starts a process group of its own. Brokers have children, and a signal must reach them all. */
async function launch ({ name, command, args, env }: BrokerProgram, port: number): Promise<ChildProcess> {
  const output: string[] = []
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => { if (output.length < 200) output.push(String(text)) })
  const failed = once(child, 'exit').then(([code]) => { throw new Error(`${name} ended with ${String(code)}:\n${output.join('')}`) })
  try {
    await Promise.race([failed, listening(name, port)])
  } catch (error) {
    await kill(child)
    throw error
  } finally {
    failed.catch(() => {})
  }
  return child
}

async function kill (child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL')
  await ended(child)
}

async function ended (child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
