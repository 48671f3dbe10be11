/** Runs the SockJS suite against the npm package sockjs, and compares what deviates with the list of it. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runConformance } from '../runner/run.ts'
import { liveProgress } from '../reporters/human.ts'
import type { Report } from '../types.ts'
import { deviations } from './sockjs-node.deviations.ts'

/** A case about intervals that fails among two dozen others, or with a busy machine, is asked again on its own. */
const attempts = 3

const reasons = deviations.flatMap(([reason, cases]) => cases.map((pattern) => ({ reason, pattern })))
const matches = (id: string, pattern: string): boolean => pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern
const reasonFor = (id: string): string | undefined => reasons.find(({ pattern }) => matches(id, pattern))?.reason

/** The ids for which the list says something else than the report. */
function differences ({ results }: Report): string[] {
  return results.filter(({ verdict }) => verdict !== 'not applicable')
    .filter(({ id, verdict }) => (verdict !== 'passed') !== (reasonFor(id) !== undefined)).map(({ id }) => id)
}

const peer = fork(fileURLToPath(new URL('sockjs-node.ts', import.meta.url)), { execArgv: ['--import=tsx'] })
const [port] = await once(peer, 'message') as [number]
const url = `http://127.0.0.1:${port}`
const progress = liveProgress(process.stderr)
const report = await runConformance(url, { suite: 'sockjs', strict: true, onProgress: progress.show })
progress.clear()

let differing = differences(report)
for (let attempt = 1; attempt < attempts && differing.length > 0; attempt += 1) {
  differing = differences(await runConformance(url, { suite: 'sockjs', strict: true, only: differing, concurrency: 1 }))
}
peer.kill()

const failed = report.results.filter(({ failure }) => failure !== undefined).map(({ id }) => id)
for (const [reason, cases] of deviations) {
  process.stdout.write(`${reason}\n    ${failed.filter((id) => cases.some((pattern) => matches(id, pattern))).join(', ')}\n`)
}
const idle = reasons.map(({ pattern }) => pattern).filter((pattern) => !report.results.some(({ id }) => matches(id, pattern)))
const wrong = [
  ...differing.map((id) => reasonFor(id) === undefined ? `${id} fails, and is not in the list` : `${id} passes, and is in the list`),
  ...idle.map((pattern) => `${pattern} is in the list, and no case is named so`),
  ...(report.lost ? ['the server stopped answering'] : [])
]
const { passed, 'not applicable': inapplicable } = report.totals
process.stdout.write(`\nsockjs 0.3.24: ${passed} cases pass, ${failed.length} do not, ${inapplicable} are not applicable\n`)
process.stdout.write(wrong.length === 0 ? 'the list of deviations is right\n' : `${wrong.join('\n')}\n`)
process.exitCode = wrong.length === 0 ? 0 : 1
