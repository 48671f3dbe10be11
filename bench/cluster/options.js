import { parseArgs } from 'node:util'

const HELP = `node bench/cluster.js [options]
  --only WORDS     workloads whose name contains the words; may be repeated, then all must be there
  --list           their names, and nothing else
  --rounds N       how often all processes start anew (default 1); in each round the rows take nine turns
  --quick          one round with one turn: shows that it works, and no more
  --json           all figures, as JSON
  --markdown       tables for the documentation
  --beside FILE    compares with an earlier build as well: its dist/index.js
  --profile DIR    writes a CPU profile of each node, to read in a browser's developer tools or with node bench/shares.js DIR`

export function readOptions (args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean' },
      rounds: { type: 'string', default: '1' },
      quick: { type: 'boolean' },
      json: { type: 'boolean' },
      markdown: { type: 'boolean' },
      beside: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean' }
    }
  })
  if (values.help) {
    console.log(HELP)
    process.exit()
  }
  const rounds = values.quick ? 1 : Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a positive integer')
  return { ...values, rounds, turns: values.quick ? 1 : 9, milliseconds: 200 }
}
