/** The client of this package behind proxies, some of which obstruct it. */
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { BROWSERS, tryOut } from './browsers.ts'
import { type ProxyProgram, startProxy } from './proxies/proxy.ts'
import { startSite } from './site.ts'

/** The configurations, and the transport that the client finds. */
const PROXIES: readonly (readonly [program: ProxyProgram, configuration: string, transport: string])[] = [
  ['nginx', '../../examples/proxies/nginx.conf', 'websocket'],
  ['HAProxy', '../../examples/proxies/haproxy.cfg', 'websocket'],
  ['nginx', 'proxies/nginx-no-upgrade.conf', 'xhr-streaming'],
  ['nginx', 'proxies/nginx-gzip.conf', 'websocket'],
  // It holds back each response until the end, although the server forbids it.
  ['nginx', 'proxies/nginx-buffering.conf', 'xhr-polling'],
  ['HAProxy', 'proxies/haproxy-no-upgrade.cfg', 'xhr-streaming']
]

t.test('the client finds the transport that gets through, and loses nothing', { timeout: 300_000 }, async (t) => {
  const sites = [await startSite(t), await startSite(t)] as const
  const browser = await BROWSERS.Chromium()
  t.teardown(() => browser.close())
  for (const [program, configuration, transport] of PROXIES) {
    const port = await startProxy(t, program, fileURLToPath(new URL(configuration, import.meta.url)), [sites[0].port, sites[1].port])
    const page = await browser.open()
    const facts = await tryOut(page, `http://127.0.0.1:${port}/e2e/client.html`, 'echo', { url: `http://127.0.0.1:${port}/rolling`, sizes: ['awkward', 'small'] })
    t.same([facts.transport, facts.problem], [transport, undefined], `${program}, ${configuration}: ${transport}, open in ${facts.openMs ?? '–'} ms`)
    await page.close()
  }
})
