import { parseArgs } from 'node:util'

/** The options of every benchmark: the form that `parseArgs` wants, and the two columns of the help. */
const COMMON = {
  only: { type: 'string', multiple: true, default: [], usage: '--only WORDS', help: 'workloads whose name contains the words; may be repeated, then all must be there' },
  list: { type: 'boolean', usage: '--list', help: 'their names, and nothing else' },
  rounds: { type: 'string', default: '1', usage: '--rounds N', help: 'how often all processes start anew (default 1); in each round the rows take nine turns' },
  quick: { type: 'boolean', usage: '--quick', help: 'one round with one turn: shows that it works, and no more' },
  json: { type: 'boolean', usage: '--json', help: 'all figures, as JSON' },
  markdown: { type: 'boolean', usage: '--markdown', help: 'tables for the documentation' },
  profile: {
    type: 'string',
    usage: '--profile DIR',
    help: 'writes a CPU profile of each server, to read in a browser\'s developer tools or with node bench/shares.js DIR'
  },
  help: { type: 'boolean', usage: '--help', help: 'this text' }
}

/** Reads the options of a benchmark, which `command` starts. `own` has those that the others do not have. */
export function readOptions (command, own, args = process.argv.slice(2)) {
  const options = { ...COMMON, ...own }
  const { values } = parseArgs({ args, options })
  if (values.help) {
    console.log([`${command} [options]`, ...Object.values(options).map(({ usage, help }) => `  ${usage.padEnd(16)} ${help}`)].join('\n'))
    process.exit()
  }
  const rounds = values.quick ? 1 : Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a positive integer')
  return { ...values, rounds, turns: values.quick ? 1 : 9, milliseconds: 200 }
}
