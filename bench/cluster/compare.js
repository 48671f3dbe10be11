import { loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { LOADS } from '../loads/index.js'
import { between, median } from '../statistics.js'
import { takeTurns } from '../turns.js'
import { Deployment } from './deployment.js'

/** A workload whose rows are measured one after the other, once. */
export async function measureRows ({ name, unit, rows }) {
  const measured = []
  for (const { measure } of rows) measured.push(await measure())
  return { name, unit, loads: [loadavg()[0]], rows: measured }
}

/** One workload, all rows in turns. Each round has processes of its own. */
export async function compare (workload, options, progress) {
  const turns = workload.rows.map(() => [])
  const loads = []
  for (let round = 1; round <= options.rounds; round++) {
    progress(`round ${round} of ${options.rounds}`)
    for (const [i, results] of (await measure(workload, options)).entries()) turns[i].push(...results)
    loads.push(loadavg()[0])
  }
  return { name: workload.name, unit: LOADS[workload.load].unit, loads, rows: workload.rows.map((row, i) => summary(row, turns[i], turns[0], workload.load === 'paced echo')) }
}

async function measure (workload, options) {
  const deployments = new Map()
  const running = []
  try {
    for (const row of workload.rows) {
      const { mode = workload.mode, engine, nodes, build } = row
      const { server: kind } = workload
      const key = JSON.stringify([mode, engine, nodes, build])
      if (!deployments.has(key)) deployments.set(key, await Deployment.start({ name: `${workload.name}, ${row.name}`, server: kind, mode, engine, nodes, build }, options.profile))
      const server = deployments.get(key)
      running.push({ server, load: await LOADS[workload.load].start(workload, clientOf(workload, row, server.ports)) })
    }
    return await takeTurns(running, { turns: options.turns, milliseconds: workload.milliseconds ?? options.milliseconds }, measureTurn)
  } finally {
    for (const { load } of running) load.end()
    for (const deployment of deployments.values()) await deployment.stop()
  }
}

function clientOf ({ size, transport, dialect = 'sockjs' }, { to, spread = false }, ports) {
  const client = { message: 'x'.repeat(size), transport, dialect, receivePort: ports[to.receive], sendPort: ports[to.send] }
  let opened = 0
  // Sessions of a spread row open at both nodes in turn, and stay there.
  return Object.defineProperty(client, 'port', { enumerable: true, get: () => spread && opened++ % 2 === 1 ? ports.edge : ports.owner })
}

async function measureTurn (deployment, { count, latencies }, milliseconds) {
  latencies?.clear()
  const before = await deployment.work()
  const [started, from] = [performance.now(), count()]
  await delay(milliseconds)
  const [after, to, ended] = [await deployment.work(), count(), performance.now()]
  const messages = to - from
  if (messages === 0) throw new Error('nothing has arrived')
  const each = (part) => (after[part] - before[part]) / messages
  const [owner, edge, engine] = ['owner', 'edge', 'engine'].map(each)
  const [p50, p99, p999] = latencies?.quantiles(0.5, 0.99, 0.999) ?? []
  const publications = after.publications - before.publications
  return { owner, edge, engine, both: owner + (edge || 0), rate: messages / (ended - started) * 1000, perPublication: messages / publications, p50, p99, p999 }
}

const SHOWN = ['owner', 'edge', 'both', 'engine', 'rate', 'perPublication', 'p50', 'p99', 'p999']

/** What a row is compared in: CPU as a ratio to the first row, latency as the difference. */
const COMPARISONS = {
  owner: (turn, first) => turn.owner / first.owner,
  edge: (turn, first) => turn.edge / first.owner,
  both: (turn, first) => turn.both / first.both,
  p50: (turn, first) => turn.p50 - first.p50,
  p99: (turn, first) => turn.p99 - first.p99
}

/** Latencies are compared in light load only: where a node has no time to spare, they tell how long its queue is. */
function concerns (key, nodes, light) { return key === 'owner' || (key === 'edge' || key === 'both' ? nodes > 1 : light) }

function summary ({ name, nodes, goals = {} }, turns, firsts, light) {
  const row = { name, comparisons: {} }
  for (const key of SHOWN) row[key] = median(turns.map((turn) => turn[key]))
  if (turns === firsts) return row
  for (const [key, compared] of Object.entries(COMPARISONS)) {
    if (!concerns(key, nodes, light)) continue
    // Turns of one lap: a machine that is slow for a while is so for both.
    const values = turns.map((turn, i) => compared(turn, firsts[i]))
    const [low, high] = between(values)
    row.comparisons[key] = { value: median(values), low, high, goal: goals[key], verdict: verdict(low, high, goals[key], values.length) }
  }
  return row
}

/** With fewer turns nothing is likely. */
const ENOUGH = 6

function verdict (low, high, goal, turns) {
  if (goal === undefined) return ''
  if (turns < ENOUGH) return 'none: too few turns'
  if (high <= goal) return 'met'
  return low > goal ? 'missed' : 'none: the turns disagree'
}
