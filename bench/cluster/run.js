import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { stayAwake } from '../awake.js'
import { readOptions } from '../options.js'
import { compare, measureRows } from './compare.js'
import { missing } from './engine-process.js'
import { markdown, text } from './report.js'
import { besideBuild, WORKLOADS } from './workloads.js'

const options = readOptions('node bench/cluster.js', { beside: { type: 'string', usage: '--beside FILE', help: 'compares with an earlier build as well: its dist/index.js' } })
const all = [...WORKLOADS, ...(options.beside === undefined ? [] : besideBuild(resolve(options.beside)))]
const chosen = all.filter(({ name }) => options.only.every((words) => name.includes(words)))
if (chosen.length === 0) throw new Error('no workload has such a name; --list shows them all')

if (options.list) {
  for (const { name } of chosen) console.log(name)
} else {
  if (options.profile !== undefined) await mkdir(options.profile, { recursive: true })
  const engines = new Set(chosen.flatMap(({ rows }) => rows.map(({ engine }) => engine)))
  const absent = new Map([...engines].map((engine) => [engine, missing(engine)]).filter(([, reason]) => reason !== null))
  for (const [engine, reason] of absent) console.error(`NOT MEASURED, everything with ${engine}: ${reason}`)
  const results = []
  for (const [i, workload] of chosen.entries()) {
    const rows = workload.rows.filter(({ engine }) => !absent.has(engine))
    // A first row alone compares nothing.
    if (rows.length < 2) continue
    const sleep = stayAwake()
    const progress = (words) => console.error(`[${i + 1}/${chosen.length}] ${workload.name}: ${words}`)
    const result = await (workload.load === undefined ? measureRows({ ...workload, rows }) : compare({ ...workload, rows }, options, progress))
    sleep()
    results.push(result)
    if (!options.json) console.log((options.markdown ? markdown : text)(result))
  }
  if (options.json) console.log(JSON.stringify(results, null, 2))
}
