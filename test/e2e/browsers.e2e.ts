import t from 'tap'
import { type Browser, type BrowserName, BROWSERS, type Facts, tryOut } from './browsers.ts'
import { settle } from './compatibility.ts'
import { type Place, PLACES, trialsPage } from './places.ts'
import { type Site, startSite } from './site.ts'

/** Every transport of sockjs-client that a browser of today can be made to use. */
const TRANSPORTS = [
  'websocket', 'xhr-streaming', 'eventsource', 'iframe-eventsource', 'htmlfile', 'iframe-htmlfile', 'xhr-polling', 'iframe-xhr-polling', 'jsonp-polling'
] as const

/** What cannot be. The reasons are in docs/compatibility.md. */
const IMPOSSIBLE: readonly { transport: string, browsers: readonly BrowserName[], places: readonly Place['name'][] }[] = [
  // sockjs-client offers it to pages of the same origin alone: frames call functions of the page.
  { transport: 'htmlfile', browsers: ['Chromium', 'Firefox'], places: ['cross-origin', 'cross-site'] },
  // Its frame sets document.domain, as the protocol has it, and Firefox lets it reach a page that has done so too.
  { transport: 'htmlfile', browsers: ['Firefox'], places: ['same origin'] }
]

const isPossible = (browser: BrowserName, place: Place, transport: string): boolean =>
  !IMPOSSIBLE.some((row) => row.transport === transport && row.browsers.includes(browser) && row.places.includes(place.name))

interface Measured { readonly browser: Browser, readonly place: Place, readonly transport: string, readonly echo: Facts, readonly chat: Facts }

async function measure (browser: Browser, own: Site, other: Site): Promise<Measured[]> {
  const measured: Measured[] = []
  for (const place of PLACES) {
    const page = await browser.open()
    for (const transport of TRANSPORTS) {
      const options = { transports: [transport], sizes: ['awkward', 'large', 'small'] }
      const server = place.server(own, other)
      const echo = await tryOut(page, trialsPage(own), 'echo', { ...options, url: `${server}/rolling` })
      const chat = await tryOut(page, trialsPage(own), 'chat', { ...options, url: `${server}/stomp` })
      measured.push({ browser, place, transport, echo, chat })
    }
    await page.close()
  }
  return measured
}

t.test('every transport, wherever the page stands', async (t) => {
  const own = await startSite(t)
  const other = await startSite(t)
  const browsers = await Promise.all(Object.values(BROWSERS).map((launch) => launch()))
  t.teardown(() => Promise.all(browsers.map((browser) => browser.close())))
  const measured = (await Promise.all(browsers.map((browser) => measure(browser, own, other)))).flat()

  for (const { browser, place, transport, echo, chat } of measured) {
    const what = `${browser.name}, ${place.name}, ${transport}`
    const outcome = [echo.transport, echo.problem, chat.transport, chat.problem]
    if (isPossible(browser.name, place, transport)) {
      t.same(outcome, [transport, undefined, transport, undefined], `${what}: echo and chat lose nothing`)
    } else {
      t.match(outcome, [undefined, /All transports failed$/, undefined, /All transports failed$/], `${what}: cannot be`)
    }
  }

  settle(t, 'browsers', {
    head: ['transport', ...browsers.flatMap(({ name, version }) => PLACES.map((place) => `${name} ${version}, ${place.name}`))],
    rows: TRANSPORTS.map((transport) => [transport, ...measured.filter((one) => one.transport === transport)
      .map(({ echo }) => echo.problem === undefined ? `${echo.openMs!} / ${echo.echoMs!} ms` : '–')])
  })
})

/** That document.domain is the reason, and nothing of ours. */
t.test('htmlfile in Firefox, from a page that has set document.domain', async (t) => {
  const site = await startSite(t)
  const browser = await BROWSERS.Firefox()
  t.teardown(() => browser.close())
  const page = await browser.open("document.addEventListener('DOMContentLoaded', () => { document.domain = document.domain })")
  const facts = await tryOut(page, trialsPage(site), 'echo', { url: `http://127.0.0.1:${site.port}/rolling`, transports: ['htmlfile'], sizes: ['awkward', 'small'] })
  t.same([facts.transport, facts.problem], ['htmlfile', undefined])
})
