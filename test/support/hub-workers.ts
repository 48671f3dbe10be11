// A primary of node:cluster with a hub and two workers, for tests; with the argument `worker` one worker alone. Each process tells its test what it
// sees, and publishes the texts that it is sent.
import cluster from 'node:cluster'
import { randomBytes } from 'node:crypto'
import { SystemClock } from '../../src/core/clock.ts'
import { hubEngine, startHub } from '../../src/hub.ts'

interface Note<About> {
  readonly about: About
  readonly node: string
  readonly text: string
}

/** The reports of the primary and its workers. */
export type HubReport =
  | { readonly about: 'hub', readonly path: string }
  | { readonly about: 'worker', readonly node: string, readonly pid: number }
  | { readonly about: 'exit', readonly pid: number }
  | Note<'heard'> | Note<'state'> | Note<'gap'>

/** Tells the test. A report after the end of the test, or of the primary, does no harm. */
function report (each: HubReport): void {
  process.send?.(each, undefined, undefined, () => {})
}

async function runPrimary (): Promise<void> {
  const hub = await startHub()
  report({ about: 'hub', path: hub.path })
  for (let i = 0; i < 2; i++) {
    const worker = cluster.fork()
    const { pid } = worker.process
    worker.on('message', report)
    worker.on('exit', () => { report({ about: 'exit', pid: pid! }) })
  }
  process.on('message', (text: string) => {
    for (const worker of Object.values(cluster.workers!)) worker!.send(text)
  })
}

async function runWorker (): Promise<void> {
  const node = randomBytes(12).toString('base64url')
  const engine = hubEngine()
  const nothing = (): void => {}
  await engine.start({
    node,
    clock: new SystemClock((error) => { throw error }),
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    changed: (state) => report({ about: 'state', node, text: state }),
    gap: (reason) => report({ about: 'gap', node, text: reason })
  })
  await engine.channels.subscribe('all', (data) => report({ about: 'heard', node, text: Buffer.from(data).toString() }))
  process.on('message', (text: string) => engine.channels.publish('all', Buffer.from(`${node} ${text}`)))
  report({ about: 'worker', node, pid: process.pid })
}

await (cluster.isPrimary && process.argv[2] !== 'worker' ? runPrimary() : runWorker())
process.once('disconnect', () => process.exit())
