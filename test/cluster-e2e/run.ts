/**
 * `npm run test:cluster [-- routing|faults|rolling|stomp|kafka …] [--sessions N] [--engine nats|redis|hub] [--soak]`: three nodes of the demo server, real
 * engines and balancers. Each bar is a row of the table at the end. With `--bar TEXT` only the bars run whose names contain the text. `--soak` runs
 * random faults for 30 minutes on each engine; `--minutes N` makes it shorter. `stomp --soak` publishes a million
 * messages, or `--messages N`, and has 100,000 subscribers. `kafka` runs the suites of Kafka of `npm run test:e2e`; it runs only when it is named.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { howToInstall, installTools } from '../e2e/install.ts'
import { runnable } from '../e2e/tools.ts'
import { runBar } from './bar.ts'
import { BARS } from './bars/bars.ts'
import { ENGINE_NAMES, type EngineName } from './engines.ts'
import { Processes } from './processes.ts'
import { lineOf, type Row, tableOf } from './table.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sessions: { type: 'string', default: '1000' },
    engine: { type: 'string', multiple: true },
    bar: { type: 'string', default: '' },
    soak: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '30' },
    messages: { type: 'string', default: '1000000' }
  }
})

const say = (text: string): void => { process.stderr.write(`test:cluster: ${text}\n`) }

/** The bars that run at a time, of those that wait more than they work. */
const PATIENT_JOBS = 4

const GROUPS = ['routing', 'faults', 'rolling', 'stomp'] as const

/** The group whose suites are those of `npm run test:e2e`. Nothing of them may be left out. */
const KAFKA = 'kafka'

function fail (text: string): never {
  say(text)
  process.exit(1)
}

const sessions = Number(values.sessions)
if (!Number.isInteger(sessions) || sessions < 1) fail(`--sessions must be a number from 1 on, not ${values.sessions}`)
const soakMessages = Number(values.messages)
if (!Number.isInteger(soakMessages) || soakMessages < 1) fail(`--messages must be a number from 1 on, not ${values.messages}`)
const engines = (values.engine ?? ENGINE_NAMES) as EngineName[]
for (const engine of engines) if (!ENGINE_NAMES.includes(engine)) fail(`--engine must be ${ENGINE_NAMES.join(', ')}, not ${String(engine)}`)
const names: readonly string[] = [...GROUPS, KAFKA]
for (const group of positionals) if (!names.includes(group)) fail(`a group of bars is ${names.join(', ')}, not ${group}`)

if (positionals.includes(KAFKA)) {
  const { status } = spawnSync('npm', ['run', 'test:e2e', '--', KAFKA], { stdio: 'inherit', env: { ...process.env, E2E: 'required' } })
  if (status !== 0 || positionals.every((group) => group === KAFKA)) process.exit(status ?? 1)
}

const groups = new Set<string>(positionals.length > 0 ? positionals : values.soak ? ['soak'] : GROUPS)
const bars = BARS.filter(({ group, name }) => groups.has(group) && name.includes(values.bar))
if (bars.length === 0) fail(`no bar has the name ${values.bar}`)

const missing = installTools(['cluster'], say)
if (missing.length > 0) say(howToInstall(missing))
if (runnable(['cluster'], missing).length === 0) process.exit(1)

const processes = new Processes()
const begun = performance.now()
const jobs = bars.flatMap((bar) => bar.engines.filter((engine) => engine === 'none' || engines.includes(engine)).map((engine) => ({ bar, engine })))
const results = new Map<typeof jobs[number], Row[]>()
const settings = { sessions, engines, soak: values.soak, soakMinutes: Number(values.minutes), soakMessages }

/** Takes one job after the other. */
async function work (left: typeof jobs): Promise<void> {
  for (let job = left.shift(); job !== undefined; job = left.shift()) results.set(job, await runBar(job.bar, job.engine, processes, settings))
}

await work(jobs.filter(({ bar }) => bar.patient !== true))
const patient = jobs.filter(({ bar }) => bar.patient === true)
await Promise.all(Array.from({ length: PATIENT_JOBS }, () => work(patient)))
const rows = jobs.flatMap((job) => results.get(job)!)

const failed = rows.filter(({ ok }) => !ok)
const summary = `${rows.length} rows, ${failed.length} not ok, in ${((performance.now() - begun) / 1000).toFixed(0)} s`
// The rows that failed come once more, last: of a long output, often only the end is kept.
process.stdout.write(`\n${tableOf(rows)}\n\n${failed.map((row) => `${lineOf(row)}\n\n`).join('')}${summary}\n`)
process.exit(failed.length === 0 && rows.length > 0 ? 0 : 1)
