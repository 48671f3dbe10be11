import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { stayAwake } from './awake.js'
import { compare } from './compare.js'
import { readOptions } from './options.js'
import { missing } from './needs.js'
import { GROWTH } from './growth.js'
import { chart } from './report/chart.js'
import { growthChart } from './report/growth-chart.js'
import { markdown } from './report/markdown.js'
import { text } from './report/text.js'
import { besideBuild, WORKLOADS } from './workloads.js'

const options = readOptions('npm run bench --', {
  chart: { type: 'string', usage: '--chart FILE', help: 'the ratios as a picture, SVG' },
  growth: { type: 'boolean', usage: '--growth', help: 'how costs grow with sessions, subscribers and bytes, in place of the workloads' },
  beside: { type: 'string', usage: '--beside FILE', help: 'compares with an earlier build alone: its dist/index.js' }
})
/** The files that a process may open. */
const descriptors = Number(process.env.BENCH_DESCRIPTORS) || Infinity
/** Of one process, besides those for sessions. */
const SPARE_DESCRIPTORS = 100

const all = options.growth ? GROWTH : WORKLOADS
const workloads = options.beside === undefined ? all : besideBuild(all, resolve(options.beside))
/** Tells once why a participant cannot take part. */
function isHere (participant, told) {
  const reason = missing(participant)
  if (reason !== null && !told.has(reason)) console.error(`NOT MEASURED, ${participant.name}: ${reason}`)
  told.add(reason)
  return reason === null
}

/** Measures a workload. A session that fails throws in a listener of its own, and must not end the measurements of other workloads. */
async function measure (workload, progress) {
  let failure
  const keep = (error) => { failure ??= error }
  process.on('uncaughtException', keep)
  try {
    const result = await compare(workload, options, progress)
    if (failure !== undefined) throw failure
    return result
  } finally {
    process.off('uncaughtException', keep)
  }
}

const chosen = workloads.filter(({ name }) => options.only.every((words) => name.includes(words)))
if (chosen.length === 0) throw new Error('no workload has such a name; --list shows them all')

if (options.list) {
  for (const { name } of chosen) console.log(name)
} else {
  if (options.profile !== undefined) await mkdir(options.profile, { recursive: true })
  const print = options.markdown ? markdown : text
  const results = []
  const told = new Set()
  for (const [i, full] of chosen.entries()) {
    const workload = { ...full, participants: full.participants.filter((participant) => isHere(participant, told)) }
    // The first participant alone is compared with nothing.
    if (workload.participants.length < 2) continue
    if (workload.sessions + SPARE_DESCRIPTORS > descriptors) {
      console.error(`NOT MEASURED, ${workload.name}: a process may open only ${descriptors} files`)
      continue
    }
    const progress = (words) => console.error(`[${i + 1}/${chosen.length}] ${workload.name}: ${words}`)
    const sleep = stayAwake()
    try {
      const result = await measure(workload, progress)
      results.push(result)
      if (!options.json) console.log(print(result))
    } catch (error) {
      progress(`FAILED: ${error.stack}`)
      process.exitCode = 1
    } finally {
      sleep()
    }
  }
  if (options.json) console.log(JSON.stringify(results, null, 2))
  if (options.chart !== undefined) await writeFile(options.chart, (options.growth ? growthChart : chart)(results))
}
