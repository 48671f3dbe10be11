/** The client of this package in browsers, their workers, and other runtimes, against this server and sockjs 0.3.24. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { type Browser, BROWSERS, type BrowserPage, type Facts, tryOut } from './browsers.ts'
import { settle } from './compatibility.ts'
import { runtime, type RuntimeName, RUNTIMES } from './loading/runtimes.ts'
import { execute, Workshop } from './loading/workshop.ts'
import { PLACES, trialsPage } from './places.ts'
import { type Site, startSite } from './site.ts'

const TRANSPORTS = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling'] as const

/** A server that a client talks to. Only this server speaks STOMP. */
interface Target { readonly name: string, readonly echo: string, readonly stomp?: string }

/** Runs a trial somewhere. */
type Run = (trial: string, options: object) => Promise<Facts>

/** The rows of the table: the platform, the server, and a time for each transport. */
const rows: string[][] = []

/** Tries each transport against each server, and adds the rows. */
async function tryAll (t: Test, platform: string, targets: readonly Target[], run: Run): Promise<void> {
  for (const { name, echo, stomp } of targets) {
    const cells: string[] = []
    for (const transport of TRANSPORTS) {
      const options = { transports: [transport] }
      const facts = await run('echo', { ...options, url: echo, sizes: stomp === undefined ? ['awkward', 'small'] : ['awkward', 'large', 'small'] })
      t.same([facts.transport, facts.problem], [transport, undefined], `${platform}, ${name}, ${transport}: echo`)
      if (stomp !== undefined) {
        const chat = await run('chat', { ...options, url: stomp })
        t.same([chat.transport, chat.problem], [transport, undefined], `${platform}, ${name}, ${transport}: chat`)
        t.equal((await run('ownChat', { ...options, url: stomp })).problem, undefined, `${platform}, ${name}, ${transport}: chat by the client of this package`)
      }
      cells.push(facts.problem === undefined ? `${facts.openMs!} / ${facts.echoMs!} ms` : '–')
    }
    rows.push([platform, name, ...cells])
  }
}

/** Starts sockjs 0.3.24 in a process of its own. */
async function startPeer (t: Test): Promise<Target> {
  const peer = fork(fileURLToPath(new URL('../../protocol-tests/peers/sockjs-node.ts', import.meta.url)), { execArgv: ['--import=tsx'] })
  t.teardown(() => { peer.disconnect() })
  const [port] = await once(peer, 'message') as [number]
  return { name: 'sockjs 0.3.24, cross-origin', echo: `http://127.0.0.1:${port}/echo` }
}

function placesOf (own: Site, other: Site): Target[] {
  return PLACES.map(({ name, server }) => ({ name: `this server, ${name}`, echo: `${server(own, other)}/rolling`, stomp: `${server(own, other)}/stomp` }))
}

let own: Site
let other: Site
let peer: Target

t.before(async () => {
  own = await startSite(t)
  other = await startSite(t)
  peer = await startPeer(t)
})

const clientPage = (): string => `${trialsPage(own)}client.html`

const inPage = (page: BrowserPage): Run => (trial, options) => tryOut(page, clientPage(), trial, options)
const inWorker = (page: BrowserPage): Run => (trial, options) => tryOut(page, clientPage(), 'inWorker', { trial, ...options })

async function withBrowser (t: Test, launch: () => Promise<Browser>): Promise<Browser> {
  const browser = await launch()
  t.teardown(() => browser.close())
  return browser
}

for (const [name, launch] of Object.entries(BROWSERS)) {
  t.test(`${name}: a page and a worker`, { timeout: 600_000 }, async (t) => {
    const browser = await withBrowser(t, launch)
    const page = await browser.open()
    const targets = [...placesOf(own, other), peer]
    await tryAll(t, `${name} ${browser.version}, page`, targets, inPage(page))
    await tryAll(t, `${name} ${browser.version}, worker`, targets, inWorker(page))
    const { transport, problem } = await inPage(page)('echo', { url: `http://127.0.0.1:${own.port}/rolling`, sizes: ['small'] })
    t.same([transport, problem], ['websocket', undefined], 'the client chooses')
  })
}

/** How a runtime starts a program. */
const ARGUMENTS: Readonly<Partial<Record<RuntimeName, readonly string[]>>> = {
  Deno: ['run', '--allow-net', '--allow-read', '--allow-env', '--allow-sys']
}

t.test('runtimes', { timeout: 600_000 }, async (t) => {
  const workshop = await Workshop.open(t)
  const project = await workshop.project('client', 'client', '@stomp/stompjs@7')
  copyFileSync(new URL('page/trials.js', import.meta.url), join(project, 'trials.mjs'))
  for (const name of RUNTIMES) {
    await t.test(name, async (t) => {
      const command = await runtime(t, workshop, name)
      if (command === undefined) return
      const [here] = placesOf(own, other)
      const messages = `${trialsPage(own)}messages.json`
      await tryAll(t, name, [{ ...here!, name: 'this server' }, { ...peer, name: 'sockjs 0.3.24' }], async (trial, options) => {
        const { text } = await execute(project, command, [...ARGUMENTS[name] ?? [], 'run.mjs', JSON.stringify({ trial, messages, ...options })])
        const facts = /^facts (.*)$/m.exec(text)?.[1]
        return facts === undefined ? { problem: text.slice(-2000) } : JSON.parse(facts) as Facts
      })
    })
  }
})

t.test('the page', async (t) => {
  settle(t, 'client', { head: ['platform', 'server', ...TRANSPORTS], rows })
})
