import { LOADS } from './loads/index.js'
import { ServerProcess } from './server-process.js'
import { between, median } from './statistics.js'
import { takeTurns } from './turns.js'

/** One workload for all who take part. Each round has servers of its own. */
export async function compare (workload, options, progress) {
  const measured = workload.participants.map(() => [])
  for (let round = 1; round <= options.rounds; round++) {
    progress(`round ${round} of ${options.rounds}`)
    const results = await (LOADS[workload.load].measure === undefined ? inTurns : oneByOne)(workload, options, progress)
    for (const [i, values] of results.entries()) measured[i].push(...values)
  }
  const rows = workload.participants.map(({ name }, i) => summary(name, measured[i]))
  for (const [i, row] of rows.entries()) if (i > 0) Object.assign(row, verdict(workload, measured[0], measured[i], workload.goals[row.name]))
  const { name, growing, value } = workload
  return { name, growing, value, unit: LOADS[workload.load].unit, rows }
}

/** All servers live side by side and one works at a time, so that all see the same machine. */
async function inTurns (workload, options) {
  const running = []
  try {
    for (const participant of workload.participants) {
      const server = await start(workload, participant, options)
      running.push({ server })
      running.at(-1).load = await LOADS[workload.load].start({ ...workload, ...participant }, clientOf(workload, participant, server))
    }
    return await takeTurns(running, options)
  } finally {
    for (const { server, load } of running) {
      load?.end()
      await server.stop()
    }
  }
}

async function oneByOne (workload, options, progress) {
  const results = []
  for (const participant of workload.participants) {
    progress(participant.name)
    const server = await start(workload, participant, options)
    try {
      results.push(await LOADS[workload.load].measure(server, { ...workload, ...participant }, clientOf(workload, participant, server)))
    } finally {
      await server.stop()
    }
  }
  return results
}

const start = ({ name, load }, participant, { profile }) =>
  ServerProcess.start(participant.server, LOADS[load].mode, profile && { folder: profile, name: `${name}, ${participant.name}` }, participant.settings, participant.runtime)

const clientOf = ({ size, message = 'x'.repeat(size), transport, tls }, { dialect }, { port }) => ({ port, message, transport, dialect, tls })

function summary (name, values) {
  const of = (key) => values[0][key] === undefined ? undefined : median(values.map((value) => value[key]))
  return { name, cost: of('cost'), rate: of('rate'), p50: of('p50'), p99: of('p99'), p999: of('p999'), inTime: of('inTime') }
}

/** With fewer turns nothing is likely; memory and heartbeats have one server at a time and need none. */
const ENOUGH = 6

/** Ratios are of turns of one lap: a machine that is slow for a while is so for both. */
function verdict ({ load }, ours, theirs, goal) {
  const ratios = ours.map(({ cost }, i) => cost / theirs[i].cost)
  const [low, high] = between(ratios)
  const doubtful = LOADS[load].measure === undefined && ratios.length < ENOUGH
  return { ratio: median(ratios), low, high, goal, verdict: goal === undefined ? undefined : doubtful ? 'none: too few turns' : judge(low, high, goal) }
}

function judge (low, high, goal) {
  if (high <= goal) return 'met'
  return low > goal ? 'missed' : 'none: the turns disagree'
}
