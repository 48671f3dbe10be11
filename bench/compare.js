import { LOADS } from './loads/index.js'
import { ServerProcess } from './server-process.js'
import { median, spread } from './statistics.js'

/** Runs further apart than this say nothing about a goal. */
const WORTHLESS = 0.15

async function measure (workload, participant, { milliseconds, profile }) {
  const { run, mode } = LOADS[workload.load]
  const server = await ServerProcess.start(participant.server, mode, profile && { folder: profile, name: `${workload.name}, ${participant.name}` })
  const message = 'x'.repeat(workload.size)
  try {
    return await run(server, { ...workload, ...participant, milliseconds }, { port: server.port, message, transport: workload.transport, dialect: participant.dialect })
  } finally {
    await server.stop()
  }
}

/** Rivals and candidate take turns, so that all see the same machine. */
export async function compare (workload, options, progress) {
  const runs = workload.participants.map(() => [])
  for (let round = 1; round <= options.rounds; round++) {
    for (const [i, participant] of workload.participants.entries()) {
      progress(`${participant.name}, round ${round} of ${options.rounds}`)
      runs[i].push(await measure(workload, participant, options))
    }
  }
  const rows = workload.participants.map(({ name }, i) => summary(name, runs[i]))
  const [ours] = rows
  for (const row of rows.slice(1)) Object.assign(row, verdict(ours, row, workload.goals[row.name]))
  return { name: workload.name, unit: LOADS[workload.load].unit, rows }
}

function summary (name, runs) {
  const of = (key) => runs[0][key] === undefined ? undefined : median(runs.map((run) => run[key]))
  return { name, cost: of('cost'), spread: spread(runs.map(({ cost }) => cost)), rate: of('rate'), p50: of('p50'), p99: of('p99') }
}

function verdict (ours, peer, goal) {
  const ratio = ours.cost / peer.cost
  if (goal === undefined) return { ratio }
  const doubtful = [ours, peer].find((row) => row.spread > WORTHLESS)
  if (doubtful !== undefined) return { ratio, goal, verdict: `none: runs of ${doubtful.name} differ by ${Math.round(doubtful.spread * 100)} %` }
  return { ratio, goal, verdict: ratio <= goal ? 'met' : 'missed' }
}
