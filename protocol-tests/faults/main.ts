import { writeFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { faults, faultSuites } from './index.ts'
import { runAll } from './pool.ts'
import { expectedCases } from './run.ts'
import { progress, reporters } from './report.ts'
import { scoreOf } from './score.ts'

/** The smallest share of caught faults, in percent, with which the run succeeds. */
const demanded = 95

interface Flags {
  only?: string[]
  full?: boolean
  reporter: keyof typeof reporters
  output?: string
}

async function score (flags: Flags): Promise<number> {
  const wanted = (flags.only ?? []).flatMap((text) => text.split(','))
  const suites = faultSuites.map(({ suite }) => suite)
  const chosen = faults.filter(({ id, row }) => wanted.length === 0 || wanted.some((name) =>
    name.endsWith('*') ? id.startsWith(name.slice(0, -1)) : name === id || name === row))
  if (chosen.length === 0) {
    process.stderr.write(`no fault is named ${wanted.join(' or ')}\n`)
    return 2
  }
  const terminal = progress(process.stderr, chosen.length)
  const started = Date.now()
  const { outcomes, control } = await runAll({
    faults: chosen,
    control: wanted.length === 0 || flags.full === true ? suites : [...new Set(chosen.flatMap(expectedCases))],
    scope: flags.full === true ? suites : undefined,
    onOutcome: ({ id, caught }, running) => terminal.show(id, caught.length > 0, running)
  })
  terminal.clear()
  const result = scoreOf(chosen, outcomes, control, suites)
  const complete = wanted.length === 0
  const text = reporters[flags.reporter](result, { complete, milliseconds: Date.now() - started })
  if (flags.output === undefined) process.stdout.write(text)
  else writeFileSync(flags.output, text)
  return result.percent >= demanded && control.length === 0 && !(complete && result.unseen.length > 0) ? 0 : 1
}

await new Command('faults')
  .description('Break one rule at a time in a correct server, and check that the suite notices.')
  .option('--only <fault...>', 'run only these faults: ids, rows, or a beginning of an id with *')
  .option('--full', 'run every case with each fault, not only the cases that should notice it')
  .addOption(new Option('--reporter <name>', 'the format of the report').choices(Object.keys(reporters)).default('human'))
  .option('--output <file>', 'write the report to this file, not to the standard output')
  .action(async (flags: Flags) => { process.exitCode = await score(flags) })
  .parseAsync()
