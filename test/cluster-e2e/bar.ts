import type { EngineName } from './engines.ts'
import type { Processes } from './processes.ts'
import { lineOf, type Row } from './table.ts'
import { World, type WorldOptions } from './world.ts'

/** The settings of a run. */
export interface RunOptions {
  /** The sessions of each routing bar. */
  readonly sessions: number
  readonly engines: readonly EngineName[]
  /** Makes the bars long that have a long form. */
  readonly soak: boolean
  /** The length of the soak. */
  readonly soakMinutes: number
  /** The messages of the long bars. */
  readonly soakMessages: number
}

/** A row that a bar reports. The runner adds the name of the bar. */
export type Result = Omit<Row, 'bar' | 'engine' | 'seconds'> & { readonly engine?: string }

/** The tools of one bar. */
export interface Bench {
  readonly processes: Processes
  readonly options: RunOptions
  /** Reports one row of the table. */
  row (result: Result): void
  /** Opens a world that closes with the bar. Its logs are printed if a row of the bar fails. */
  world (options: WorldOptions): Promise<World>
}

/** One bar: a property of the cluster, shown with real processes. */
export interface Bar {
  readonly name: string
  /** The sub-command that runs it. */
  readonly group: 'routing' | 'faults' | 'rolling' | 'stomp' | 'soak'
  /** The engines that it runs on. `none` runs it once. */
  readonly engines: readonly (EngineName | 'none')[]
  /** The bar waits more than it works, so that it runs beside others. */
  readonly patient?: true
  run (bench: Bench, engine: EngineName): Promise<void>
}

/** Runs one bar on one engine. An error is a row that fails. */
export async function runBar (bar: Bar, engine: EngineName | 'none', processes: Processes, options: RunOptions): Promise<Row[]> {
  const rows: Row[] = []
  const worlds: World[] = []
  let begun = performance.now()
  const row = ({ ...result }: Result): void => {
    const seconds = (performance.now() - begun) / 1000
    begun = performance.now()
    const made = { bar: bar.name, engine, seconds, ...result }
    rows.push(made)
    process.stderr.write(`${lineOf(made)}\n`)
  }
  try {
    await bar.run({
      processes,
      options,
      row,
      async world (worldOptions) {
        const world = await World.open(processes, worldOptions)
        worlds.push(world)
        return world
      }
    }, engine as EngineName)
  } catch (error) {
    row({ transport: '', figure: (error as Error).stack ?? String(error), wanted: 'no error', ok: false })
  }
  if (rows.some(({ ok }) => !ok)) for (const world of worlds) process.stderr.write(`${world.logs}\n`)
  for (const world of worlds) await world.close()
  return rows
}
