import { parseArgs } from 'node:util'

const HELP = `npm run bench -- [options]
  --only WORDS     workloads whose name contains the words; may be repeated, then all must be there
  --list           their names, and nothing else
  --rounds N       how often all servers start anew (default 1); in each round they take nine turns
  --quick          one round with one turn: shows that it works, and no more
  --json           all figures, as JSON
  --markdown       tables for docs/performance.md
  --chart FILE     the ratios as a picture, SVG
  --profile DIR    writes a CPU profile of each server, to read in a browser's developer tools or with node bench/shares.js DIR`

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
      chart: { type: 'string' },
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
  const descriptors = Number(process.env.BENCH_DESCRIPTORS) || Infinity
  return { ...values, rounds, descriptors, turns: values.quick ? 1 : 9, milliseconds: 200 }
}
