import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { catalogue } from '../catalogue.ts'
import { expectedCases } from './run.ts'
import type { Fault, Outcome } from './types.ts'

/** What a worker is asked; without a fault it is the control run. */
export interface Job {
  fault?: string
  /** Suites or cases to run, where not only those that should notice. */
  scope?: readonly string[]
}

/** What it says. */
export interface Report {
  outcome?: Outcome
  control?: string[]
}

/** Nearly all of a run is waiting: a process has several at the same time, and a machine a process for each core. */
const processes = 2
const jobsPerProcess = 4

interface Work {
  faults: readonly Fault[]
  /** Suites or cases of the control run. */
  control: readonly string[]
  /** Suites of which every case runs with each fault. */
  scope?: readonly string[] | undefined
  onOutcome: (outcome: Outcome, running: readonly string[]) => void
}

export interface Results {
  outcomes: Outcome[]
  /** Cases that fail without any fault. */
  control: string[]
}

function patience (fault: Fault): number {
  const expected = new Set(expectedCases(fault))
  return Math.max(...catalogue.filter(({ id }) => expected.has(id)).map((entry) => entry.patience ?? 0))
}

/** Runs the faults in processes of their own, those first that wait longest, and the control run beside them. */
export async function runAll ({ faults, control: controlled, scope, onOutcome }: Work): Promise<Results> {
  const jobOf = (id: string): Job => scope === undefined ? { fault: id } : { fault: id, scope }
  const slowFirst = [...faults].sort((left, right) => patience(right) - patience(left))
  const queue: Job[] = [{ scope: controlled }, ...slowFirst.map(({ id }) => jobOf(id))]
  const outcomes = new Map<string, Outcome>()
  const running = new Set<string>()
  let control: string[] = []

  const work = async (worker: Worker, job: Job): Promise<void> => {
    const name = job.fault ?? 'control'
    running.add(name)
    const report = await worker.run(job)
    running.delete(name)
    control = report.control ?? control
    if (report.outcome === undefined) return
    if (!outcomes.has(name)) onOutcome(report.outcome, [...running])
    outcomes.set(name, report.outcome)
  }

  const first = new Worker()
  const workers = [first, ...Array.from({ length: processes - 1 }, () => new Worker())]
  try {
    await Promise.all(workers.flatMap((worker) => Array.from({ length: jobsPerProcess }, async () => {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) await work(worker, job)
    })))
    // So many at once keep the machine busy, which can blur what is a matter of milliseconds: surprises are tried again, alone.
    if (control.length > 0) await work(first, { scope: control })
    for (const { id } of [...outcomes.values()].filter(({ caught }) => caught.length === 0)) await work(first, jobOf(id))
  } finally {
    for (const worker of workers) worker.stop()
  }
  return { outcomes: faults.flatMap(({ id }) => outcomes.get(id) ?? []), control }
}

interface Waiting {
  resolve: (report: Report) => void
  reject: (error: Error) => void
}

class Worker {
  private readonly child: ChildProcess
  private readonly waiting = new Map<number, Waiting>()
  private last = 0

  constructor () {
    this.child = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)))
    this.child.on('message', (message) => {
      const [number, report] = message as [number, Report]
      this.waiting.get(number)?.resolve(report)
      this.waiting.delete(number)
    })
    this.child.on('exit', (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`a worker ended with ${code ?? 'a signal'}`))
    })
  }

  async run (job: Job): Promise<Report> {
    this.last += 1
    const number = this.last
    return await new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject })
      this.child.send([number, job])
    })
  }

  stop (): void {
    this.child.kill()
  }
}
