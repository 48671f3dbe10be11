import { readFileSync } from 'node:fs'
import t from 'tap'
import { type Browser, type BrowserName, BROWSERS, type Facts, tryOut } from './browsers.ts'
import { settle } from './compatibility.ts'
import { type Place, PLACES, trialsPage } from './places.ts'
import { type Site, startSite } from './site.ts'

/** A browser of today that has lost what an old one did not have. */
interface Profile {
  readonly name: string
  /** Scripts of legacy/ that run in every frame before anything else. */
  readonly scripts: readonly string[]
  /** What sockjs-client picks, by place; one name where it is the same everywhere. */
  readonly picks: string | Readonly<Record<Place['name'], string>>
}

const PROFILES: readonly Profile[] = [
  { name: 'as it is', scripts: [], picks: 'websocket' },
  { name: 'no WebSocket', scripts: ['no-websocket'], picks: 'xhr-streaming' },
  { name: 'no WebSocket, no XHR streaming', scripts: ['no-websocket', 'no-xhr-streaming'], picks: 'eventsource' },
  { name: 'no WebSocket, no XHR streaming, no EventSource', scripts: ['no-websocket', 'no-xhr-streaming', 'no-eventsource'], picks: { 'same origin': 'htmlfile', 'cross-origin': 'iframe-htmlfile', 'cross-site': 'iframe-htmlfile' } },
  { name: 'the same, no postMessage', scripts: ['no-websocket', 'no-xhr-streaming', 'no-eventsource', 'no-postmessage'], picks: 'xhr-polling' },
  { name: 'the same, no CORS', scripts: ['no-websocket', 'no-xhr-streaming', 'no-eventsource', 'no-postmessage', 'no-cors'], picks: { 'same origin': 'xhr-polling', 'cross-origin': 'jsonp-polling', 'cross-site': 'jsonp-polling' } },
  { name: 'no WebSocket, no EventSource, no CORS, XDomainRequest', scripts: ['no-websocket', 'no-eventsource', 'no-cors', 'xdomainrequest'], picks: 'xdr-streaming' }
]

/** htmlfile cannot be in Firefox, see docs/compatibility.md: the next in order takes its place. */
const pickOf = (browser: BrowserName, { picks }: Profile, place: Place): string => {
  const pick = typeof picks === 'string' ? picks : picks[place.name]
  return browser === 'Firefox' && pick === 'htmlfile' ? 'iframe-htmlfile' : pick
}

const scriptOf = ({ scripts }: Profile): string =>
  scripts.map((name) => readFileSync(new URL(`legacy/${name}.js`, import.meta.url), 'utf8')).join('\n')

interface Measured { readonly browser: Browser, readonly profile: Profile, readonly place: Place, readonly echo: Facts, readonly chat: Facts }

async function measure (browser: Browser, own: Site, other: Site): Promise<Measured[]> {
  const measured: Measured[] = []
  for (const profile of PROFILES) {
    const page = await browser.open(scriptOf(profile))
    for (const place of PLACES) {
      const server = place.server(own, other)
      const echo = await tryOut(page, trialsPage(own), 'echo', { url: `${server}/rolling`, sizes: ['awkward', 'small'] })
      const chat = await tryOut(page, trialsPage(own), 'chat', { url: `${server}/stomp` })
      measured.push({ browser, profile, place, echo, chat })
    }
    await page.close()
  }
  return measured
}

t.test('what sockjs-client picks', async (t) => {
  const own = await startSite(t)
  const other = await startSite(t)
  const browsers = await Promise.all(Object.values(BROWSERS).map((launch) => launch()))
  t.teardown(() => Promise.all(browsers.map((browser) => browser.close())))
  const measured = (await Promise.all(browsers.map((browser) => measure(browser, own, other)))).flat()

  for (const { browser, profile, place, echo, chat } of measured) {
    const transport = pickOf(browser.name, profile, place)
    t.same([echo.transport, echo.problem, chat.transport, chat.problem], [transport, undefined, transport, undefined],
      `${browser.name}, ${profile.name}, ${place.name}: ${transport}, which loses nothing`)
  }
  settle(t, 'legacy', {
    head: ['browser', ...browsers.flatMap(({ name, version }) => PLACES.map((place) => `${name} ${version}, ${place.name}`))],
    rows: PROFILES.map((profile) => [profile.name, ...measured.filter((one) => one.profile === profile).map(({ echo }) => echo.transport ?? '–')])
  })
})
