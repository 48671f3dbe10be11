import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { blocksOf } from './support/docs/markdown.ts'
import { installPackage } from './support/docs/package.ts'
import { freePort } from './support/free-port.ts'
import { until, within } from './support/wait.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Sends a request on a connection of its own, so that any worker may serve it. */
async function request (url: string, body?: string): Promise<{ status: number, text: string }> {
  const response = await fetch(url, { method: 'POST', headers: { connection: 'close' }, ...(body === undefined ? {} : { body }) })
  return { status: response.status, text: await response.text() }
}

t.test('the hub of docs/cluster.md connects the workers of one machine', async (t) => {
  const block = blocksOf('docs/cluster.md', textOf('docs/cluster.md')).find(({ code }) => code.includes('startHub()'))!
  const project = t.testdir({})
  const port = await freePort()
  installPackage(ROOT, join(project, 'node_modules/fastify-sockjs'))
  const file = join(project, 'server.mjs')
  // Two workers, also on a machine with one processor.
  writeFileSync(file, block.code.replace('3000', String(port)).replace('availableParallelism()', '2').replace('logger: true', 'logger: false'))
  // The path of a socket must be short.
  const temporary = mkdtempSync(join(tmpdir(), 'docs-'))
  t.teardown(() => rmSync(temporary, { recursive: true }))
  const child = fork(file, [], { cwd: project, execArgv: [], env: { ...process.env, TMPDIR: temporary, NODE_V8_COVERAGE: '', NODE_OPTIONS: '' } })
  // The primary ends by itself, once this process lets its channel go.
  child.disconnect()
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>
  t.teardown(async () => {
    child.kill('SIGKILL')
    await within(exit, 'the end of the primary')
  })
  const url = `http://127.0.0.1:${port}/echo`
  await until(async () => await fetch(`${url}/info`, { headers: { connection: 'close' } }).then(({ ok }) => ok, () => false), 'the workers listen')
  const answers = await Promise.all(Array.from({ length: 5 }, async (_, i) => {
    const session = `${url}/000/hub${i}`
    const texts = [(await request(`${session}/xhr`)).text]
    for (const text of ['one', 'two', 'three', 'four', 'five']) {
      texts.push(String((await request(`${session}/xhr_send`, JSON.stringify([text]))).status), (await request(`${session}/xhr`)).text)
    }
    return texts
  }))
  const wanted = ['o\n', ...['one', 'two', 'three', 'four', 'five'].flatMap((text) => ['204', `a["${text}"]\n`])]
  for (const texts of answers) t.same(texts, wanted)
  t.equal(readdirSync(temporary).length, 1, 'the hub has a directory')
  child.kill('SIGTERM')
  t.same(await within(exit, 'the end of the workers and the primary'), [0, null])
  t.same(readdirSync(temporary), [], 'the hub has removed its directory')
})

t.test('the log lines of a cluster in docs/troubleshooting.md are those of the sources', (t) => {
  const page = textOf('docs/troubleshooting.md')
  const section = page.slice(page.indexOf('\n## A cluster\n'), page.indexOf('\n## Memory grows\n'))
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    .map((name) => textOf(join('src', name))).join('\n')
  const quoted = [...section.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) => [...cell!.matchAll(/`([^`]+)`/g)]).map(([, text]) => text!)
  // A value stands for each ellipsis, and some texts are put together from parts.
  const parts = quoted.filter((text) => /[a-z] [a-z]/.test(text)).flatMap((text) => text.split('…')).map((part) => part.trim()).filter((part) => part.length > 3)
  t.ok(parts.length >= 10, 'there are lines')
  for (const part of parts) t.ok(sources.includes(part), part)
  t.end()
})
