import type { IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { smuggled, smuggledBehindUpgrades } from '../security/smuggled.ts'
import { TcpPeer } from '../support/http.ts'
import { type Browser, BROWSERS, type Facts, tryOut } from './browsers.ts'
import { settle } from './compatibility.ts'
import { type ProxyProgram, startProxy } from './proxies/proxy.ts'
import { type Site, startSite } from './site.ts'

const TRANSPORTS = ['websocket', 'xhr-streaming', 'eventsource', 'htmlfile', 'xhr-polling', 'jsonp-polling'] as const

type Transport = typeof TRANSPORTS[number]

interface Proxy {
  readonly name: string
  readonly program: ProxyProgram
  /** Of this folder, or one of those that users get. */
  readonly configuration: string
  readonly picks: Transport
  /** Picked in its place at times: see below. */
  readonly orPicks?: string
  readonly stops?: readonly Transport[]
  /** Silence of more than three seconds is cut. */
  readonly impatient?: true
  /** Lets bodies of more than a mebibyte through. */
  readonly large?: true
}

const STREAMS = ['xhr-streaming', 'eventsource', 'htmlfile'] as const

const PROXIES: readonly Proxy[] = [
  { name: 'nginx, examples/proxies/nginx.conf', program: 'nginx', configuration: '../../examples/proxies/nginx.conf', picks: 'websocket', large: true },
  { name: 'HAProxy, examples/proxies/haproxy.cfg', program: 'HAProxy', configuration: '../../examples/proxies/haproxy.cfg', picks: 'websocket', large: true },
  { name: 'nginx, nothing but proxy_pass', program: 'nginx', configuration: 'proxies/nginx-defaults.conf', picks: 'xhr-streaming', stops: ['websocket'] },
  { name: 'nginx, gzip', program: 'nginx', configuration: 'proxies/nginx-gzip.conf', picks: 'websocket' },
  {
    name: 'nginx, buffering although the server forbids it, gzip, no upgrades',
    program: 'nginx',
    configuration: 'proxies/nginx-buffering.conf',
    picks: 'xhr-polling',
    // The timer of the WebSocket that failed at once still runs, and ends one of the attempts that follow before its time.
    orPicks: 'iframe-xhr-polling',
    stops: ['websocket', ...STREAMS]
  },
  { name: 'nginx, no upgrades', program: 'nginx', configuration: 'proxies/nginx-no-upgrade.conf', picks: 'xhr-streaming', stops: ['websocket'] },
  { name: 'nginx, timeouts of 3 s', program: 'nginx', configuration: 'proxies/nginx-short-timeouts.conf', picks: 'websocket', impatient: true },
  { name: 'HAProxy, no upgrades, gzip', program: 'HAProxy', configuration: 'proxies/haproxy-no-upgrade.cfg', picks: 'xhr-streaming', stops: ['websocket'] },
  { name: 'HAProxy, timeouts of 3 s', program: 'HAProxy', configuration: 'proxies/haproxy-short-timeouts.cfg', picks: 'websocket', impatient: true }
]

/** A trial in a profile of its own, so that no other has the connections. */
async function tryAlone (browser: Browser, port: number, trial: string, options: object): Promise<Facts> {
  const page = await browser.open()
  try {
    return await tryOut(page, `http://127.0.0.1:${port}/e2e/`, trial, options)
  } finally {
    await page.close()
  }
}

const shown = ({ openMs, echoMs }: Facts): string => `${openMs!} / ${echoMs!} ms`

let browser: Browser
let sites: readonly [Site, Site]
const rows: string[][] = []

t.before(async () => {
  browser = await BROWSERS.Chromium()
  t.teardown(() => browser.close())
  sites = [await startSite(t), await startSite(t)]
})

for (const { name, program, configuration, picks, orPicks, stops = [], large, impatient } of PROXIES) {
  t.test(name, async (t) => {
    const file = fileURLToPath(new URL(configuration, import.meta.url))
    const port = await startProxy(t, program, file, [sites[0].port, sites[1].port])
    const url = `http://127.0.0.1:${port}`
    const sizes = large ? ['awkward', 'large', 'small'] : ['awkward', 'small']
    const echo = (options: object): Promise<Facts> => tryAlone(browser, port, 'echo', { url: `${url}/rolling`, sizes, ...options })

    const automatic = await echo({})
    const forced: Facts[] = []
    for (const transport of TRANSPORTS) forced.push(await echo({ transports: [transport] }))
    t.ok(automatic.transport === picks || automatic.transport === orPicks, `picks ${picks}`, { found: automatic })
    t.equal(automatic.problem, undefined, 'loses nothing')
    for (const [i, transport] of TRANSPORTS.entries()) {
      const facts = forced[i]!
      if (stops.includes(transport)) t.equal(facts.problem, 'closed with 2000 All transports failed', `${transport} does not get through`)
      else t.same([facts.transport, facts.problem], [transport, undefined], `${transport} loses nothing`)
    }
    rows.push([name, `${[picks, orPicks].filter(Boolean).join(' or ')}, ${automatic.openMs ?? '–'} ms`, ...forced.map((facts) => facts.problem === undefined ? shown(facts) : '–')])

    if (!impatient) return
    const survivors = await Promise.all(TRANSPORTS.map((transport) =>
      tryAlone(browser, port, 'survive', { url: `${url}/brisk`, transports: [transport], heartbeats: 16 })))
    for (const [i, transport] of TRANSPORTS.entries()) {
      t.same([survivors[i]!.transport, survivors[i]!.problem], [transport, undefined], `${transport}: heartbeats keep a silent session`)
    }
    const cut = await tryAlone(browser, port, 'endOf', { url: `${url}/rolling`, transports: [picks] })
    t.same([cut.transport, cut.problem, cut.end?.code], [picks, undefined, 1006], 'without them the client is told of the cut')
  })
}

for (const { name, program, configuration } of PROXIES.filter(({ configuration }) => configuration.includes('examples'))) {
  t.test(`SEC-S72: ${name} passes on what it has read, and nothing hides behind it`, async (t) => {
    const port = await startProxy(t, program, fileURLToPath(new URL(configuration, import.meta.url)), [sites[0].port, sites[1].port])
    // Both name the client in every request that they read; one that was hidden in another goes without. HAProxy asks for health itself.
    const unread: string[] = []
    const watch = ({ url, headers }: IncomingMessage): void => { if (headers['x-forwarded-for'] === undefined && url !== '/health') unread.push(url ?? '') }
    for (const { app } of sites) app.server.on('request', watch)
    for (const [what, text] of Object.entries({ ...smuggled(), ...smuggledBehindUpgrades() })) {
      const peer = new TcpPeer(port)
      peer.write(text)
      t.match(await peer.see('\r\n\r\n'), /^HTTP\/1\.[01] [245]\d\d /, what)
      peer.abort()
    }
    t.equal((await fetch(`http://127.0.0.1:${port}/echo/info`)).status, 200, 'and the next is served')
    for (const { app } of sites) app.server.off('request', watch)
    t.same(unread, [])
  })
}

t.test('the page', async (t) => {
  settle(t, 'proxies', { head: ['proxy', 'picked', ...TRANSPORTS], rows })
})
