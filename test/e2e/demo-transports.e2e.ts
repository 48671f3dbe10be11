import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import t from 'tap'
import { buildDemo } from '../../examples/demo/src/demo.ts'
import { connected, PICTURES, says, useDemo } from './demo-site.ts'
import { startRefusingProxy } from './refusing-proxy.ts'

/** The picture of README.md, written with `E2E_WRITE=1`. */
const FALLBACK = fileURLToPath(new URL('../../docs/fallback.png', import.meta.url))

const site = useDemo()

/** The rows of the table of trials: transport, result, time to open, round trip. */
async function rowsOf (page: Page): Promise<string[][]> {
  return await page.locator('#results tr').evaluateAll((rows) => (rows as unknown as { children: { textContent: string }[] }[])
    .map(({ children }) => Array.from(children, ({ textContent }) => textContent)))
}

const ALL = ['websocket', 'xhr-streaming', 'eventsource', 'iframe-eventsource', 'htmlfile', 'iframe-htmlfile', 'xhr-polling', 'iframe-xhr-polling', 'jsonp-polling']
const MS = /^[\d.]+ ms$/

t.test('all transports, behind a proxy that refuses WebSockets', { timeout: 120_000 }, async (t) => {
  const proxied = await startRefusingProxy(t, site.url)
  const page = await site.open(t, '/', { width: 1000, height: 905, colorScheme: 'light' })
  page.removeAllListeners('request')
  await page.goto(`${proxied}/#fallback`)
  await page.click('#try-all')
  await says(page, '#results tr:nth-child(1) td', 'Opens by xhr-streaming. Before it, the client tried websocket without success.')
  await says(page, '#trials-status', '8 of 9 transports work.')
  const [auto, websocket, ...others] = await rowsOf(page)
  t.match(auto, ['the client chooses', /^Opens/, MS, MS])
  t.same(websocket, ['websocket', 'HTTP works, but a proxy or the network stops the upgrade to WebSocket.', '–', '–'])
  t.match(others, ALL.slice(1).map((name) => [name === 'xhr-streaming' ? 'xhr-streamingthe client’s choice' : name, 'Opens.', MS, MS]))
  await page.evaluate('document.activeElement.blur()')
  await page.screenshot({ path: process.env['E2E_WRITE'] === '1' ? FALLBACK : `${PICTURES}fallback.png` })
})

t.test('all transports: stopped, and tried again without a reload', { timeout: 120_000 }, async (t) => {
  const page = await site.open(t, '/#fallback', { width: 390, height: 844, colorScheme: 'dark' })
  await page.focus('#try-all')
  await page.keyboard.press('Enter')
  await says(page, '#results th', 'xhr-streaming')
  t.equal(await page.textContent('#try-all'), 'Stop')
  await page.keyboard.press('Enter')
  await says(page, '#trials-status', /^Stopped\. \d of \d transports work\.$/)
  t.ok((await rowsOf(page)).length < 10, 'the rest is not tried')

  await page.keyboard.press('Enter')
  await says(page, '#trials-status', /^9 of 9 transports work\.$/)
  const [auto, ...rows] = await rowsOf(page)
  t.match(auto, ['the client chooses', 'Opens by websocket.', MS, MS])
  t.match(rows, ALL.map((name) => [name === 'websocket' ? 'websocketthe client’s choice' : name, 'Opens.', MS, MS]))
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), 390)
  await page.screenshot({ path: `${PICTURES}fallback-narrow.png`, fullPage: true })

  await page.selectOption('#trials-endpoint', 'disabled_websocket_echo')
  await page.click('#try-all')
  await says(page, '#results tr:nth-child(2) td', 'This endpoint has WebSocket switched off.')
  await page.click('#try-all')
  await says(page, '#trials-status', /^Stopped/)
})

t.test('all transports: the server goes away in the middle', { timeout: 120_000 }, async (t) => {
  const other = await buildDemo({ logLevel: 'silent' })
  t.teardown(() => other.close())
  const page = await site.open(t, '/')
  page.removeAllListeners('request')
  await page.goto(`${await other.listen({ port: 0, host: '127.0.0.1' })}/#fallback`)
  await page.click('#try-all')
  await says(page, '#results th', 'websocket')
  await other.close()
  await says(page, '#trials-status', /^\d of 9 transports work\.$/)
  t.match((await rowsOf(page)).at(-1), ['jsonp-polling', 'The server did not answer to /info.', '–', '–'])
  await page.click('#try-all')
  await says(page, '#trials-status', 'The server does not answer.')
  t.same(await rowsOf(page), [])
})

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'"

t.test('the page works under a strict content security policy', { timeout: 120_000 }, async (t) => {
  const strict = await buildDemo({ logLevel: 'silent' })
  strict.addHook('onSend', async (request, reply) => { if (request.url === '/') reply.header('content-security-policy', POLICY) })
  t.teardown(() => strict.close())
  const address = await strict.listen({ port: 0, host: '127.0.0.1' })
  const page = await site.open(t, '/')
  page.removeAllListeners('request')
  page.on('console', (message) => { if (/Content Security Policy/.test(message.text())) t.fail(message.text()) })
  const response = await page.goto(address)
  t.equal(response?.headers()['content-security-policy'], POLICY)
  await connected(page)
  await says(page, '#latest', / ms$/)
  await page.click('.views [href="#chat"]')
  await says(page, '.pane:nth-child(1) [data-part=state]', /^Connected/)
  await page.click('.views [href="#fallback"]')
  await page.click('#try-all')
  await says(page, '#trials-status', /^9 of 9 transports work\.$/)
})

t.test('all transports, with the client of this package', { timeout: 120_000 }, async (t) => {
  const proxied = await startRefusingProxy(t, site.url)
  for (const [width, height, url] of [[1400, 900, `${site.url}/#fallback`], [390, 844, `${proxied}/#fallback`]] as const) {
    const page = await site.open(t, '/#fallback', { width, height, colorScheme: 'light' })
    page.removeAllListeners('request')
    await page.goto(url)
    await page.selectOption('#trials-client', 'fastify-sockjs/client')
    await page.click('#try-all')
    const isRefused = width === 390
    await says(page, '#trials-status', isRefused ? '3 of 4 transports work.' : '4 of 4 transports work.')
    const [auto, websocket, ...others] = await rowsOf(page)
    t.match(auto, ['the client chooses', isRefused ? 'Opens by xhr-streaming. Before it, the client tried websocket without success.' : 'Opens by websocket.', MS, MS])
    t.match(websocket![1], isRefused ? 'HTTP works, but a proxy or the network stops the upgrade to WebSocket.' : 'Opens.')
    t.same(others.map(([, result]) => result), ['Opens.', 'Opens.', 'Opens.'])
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), width)
    await page.screenshot({ path: `${PICTURES}own-client-${width}.png`, fullPage: true })
    // Both clients set the same global. The other one works still.
    await page.selectOption('#trials-client', 'sockjs-client')
    await page.click('#try-all')
    await says(page, '#trials-status', isRefused ? '8 of 9 transports work.' : '9 of 9 transports work.')
    await page.screenshot({ path: `${PICTURES}sockjs-client-${width}.png`, fullPage: true })
  }
})
