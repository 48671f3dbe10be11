import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { HubReport } from '../../support/hub-workers.ts'
import { HubNode, hubPath, openHub } from '../../support/hub-nodes.ts'
import { until, within } from '../../support/wait.ts'

const PROGRAM = fileURLToPath(new URL('../../support/hub-workers.ts', import.meta.url))
const TYPESCRIPT = new URL('../../../scripts/typescript/register.js', import.meta.url).href

type About<A extends HubReport['about']> = Extract<HubReport, { about: A }>

/** A process with all that it and its workers report. */
function start (t: Test, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const child = fork(PROGRAM, args, { execArgv: [`--import=${TYPESCRIPT}`], env: { ...process.env, ...env } })
  const reports: HubReport[] = []
  child.on('message', (report: HubReport) => reports.push(report))
  const about = <A extends HubReport['about']>(about: A) => reports.filter((each): each is About<A> => each.about === about)
  t.teardown(() => {
    child.kill('SIGKILL')
    // A hub that is killed leaves its directory.
    for (const { path } of about('hub')) rmSync(dirname(path), { recursive: true, force: true })
  })
  return { child, about }
}

function isAlive (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

t.test('the workers of node:cluster find the hub of their primary, and end with it', async (t) => {
  const { child, about } = start(t)
  await until(() => about('worker').length === 2, 'both workers are there')
  const nodes = about('worker').map(({ node }) => node)
  child.send('hello')
  await until(() => about('heard').length === 4, 'each publication has reached both')
  const expected = nodes.flatMap((from) => nodes.map((node) => `${node}: ${from} hello`))
  t.strictSame(about('heard').map(({ node, text }) => `${node}: ${text}`).sort(), expected.sort())
  t.ok(existsSync(about('hub')[0]!.path))

  const [first, second] = about('worker')
  process.kill(first!.pid, 'SIGKILL')
  await until(() => about('exit').length === 1, 'the primary sees the end of a worker')
  child.send('alone')
  await until(() => about('heard').some(({ text }) => text.endsWith('alone')), 'the other goes on')

  child.kill('SIGTERM')
  await within(once(child, 'exit'), 'the end of the primary')
  await until(() => !isAlive(second!.pid), 'the worker ends with its primary')
})

t.test('a primary that ends without close() leaves no directory', async (t) => {
  const { child, about } = start(t)
  await until(() => about('worker').length === 2, 'both workers are there')
  const { path } = about('hub')[0]!
  child.disconnect()
  await within(once(child, 'exit'), 'the end of the primary')
  t.notOk(existsSync(dirname(path)))
})

t.test('a node whose process stands still is dropped by the hub, and reports a gap when it goes on', async (t) => {
  const path = hubPath(t)
  await openHub(t, path, { namespace: 'hub', maxQueue: 1024 * 1024 })
  const busy = await new HubNode(t, path, 'busy', { namespace: 'hub' }).start()
  const { child, about } = start(t, ['worker'], { FASTIFY_SOCKJS_HUB: path })
  await until(() => about('worker').length === 1, 'the worker is there')
  busy.say('all', 'before')
  await until(() => about('heard').length === 1, 'it listens')
  child.kill('SIGSTOP')
  for (let i = 0; i < 64; i++) {
    busy.engine.channels.publish('all', Buffer.alloc(64 * 1024))
    await busy.engine.channels.flushed()
  }
  child.kill('SIGCONT')
  await until(() => about('gap').length === 1, 'it reports a gap')
  await until(() => about('state').at(-1)?.text === 'available', 'it is back')
  t.strictSame(about('state').map(({ text }) => text), ['available', 'unavailable', 'available'])
  t.ok(about('heard').length < 65, 'some publications are missing')
  busy.say('all', 'after')
  await until(() => about('heard').at(-1)?.text === 'after', 'it listens again')
  t.strictSame(busy.states, ['available'])
})
