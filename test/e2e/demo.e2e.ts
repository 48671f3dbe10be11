import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { type Browser, chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { buildDemo } from '../../src/cli/demo.ts'
import { startRefusingProxy } from './refusing-proxy.ts'
import { toolPath } from './tools.ts'

/** Where the pictures go, for somebody to look at. */
const PICTURES = fileURLToPath(new URL('../../.tap/pictures/', import.meta.url))
/** The picture of README.md, written with `E2E_WRITE=1`. */
const FALLBACK = fileURLToPath(new URL('../../docs/fallback.png', import.meta.url))
const MARKUP = '<img src=x onerror="window.harmed = true"> & "quoted"'

let browser: Browser
let app: FastifyInstance
let url: string

t.before(async () => {
  mkdirSync(PICTURES, { recursive: true })
  browser = await chromium.launch({ executablePath: toolPath('Chromium'), args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'] })
  app = await buildDemo({ logLevel: 'silent' })
  url = await app.listen({ port: 0, host: '127.0.0.1' })
})
t.teardown(async () => {
  await browser.close()
  await app.close()
})

interface Look { width: number, height: number, colorScheme: 'light' | 'dark' }

/** A page of its own; the test fails for whatever goes wrong in it, and for every request to another server. */
async function open (t: Test, path: string, { width, height, colorScheme }: Look = { width: 1280, height: 860, colorScheme: 'light' }): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme })
  page.setDefaultTimeout(20_000)
  page.on('pageerror', ({ message }) => {
    // sockjs-client takes its callback away when it is closed while a poll is out; the answer finds none.
    if (!/^_jp\.\w+ is not a function$/.test(message)) t.fail(message)
  })
  page.on('request', (request) => {
    const { host } = new URL(request.url())
    if (host !== new URL(url).host && host !== 'node1.example') t.fail(`asked ${request.url()}`)
  })
  t.teardown(() => page.close())
  await page.goto(url + path)
  return page
}

/** Waits until an element says so. */
async function says (page: Page, selector: string, words: string | RegExp): Promise<void> {
  await page.locator(selector).filter({ hasText: words }).first().waitFor()
}

async function connected (page: Page): Promise<void> {
  await page.click('#connect')
  await says(page, '#headline', /^Connected by /)
}

t.test('a session: what was picked and why, /info, messages, frames, round trips', async (t) => {
  const page = await open(t, '/')
  await connected(page)
  t.equal(await page.textContent('#headline'), 'Connected by websocket')
  await says(page, '#explanation', 'The first that this browser and this endpoint have in common.')
  t.same(await page.locator('#info dt').allTextContents(), ['websocket', 'origins', 'cookie_needed', 'entropy'])
  await says(page, '#latest', / ms$/)
  t.ok(await page.locator('.curve').getAttribute('d'), 'a line of round trips')

  await page.fill('#message', MARKUP)
  await page.press('#message', 'Enter')
  await says(page, '[data-kind=in][data-view=messages] .text', MARKUP)
  await says(page, '#received', '1')
  await page.check('[value=frames]')
  await says(page, '[data-kind=in][data-view=frames] .text', `a[${JSON.stringify(MARKUP)}]`)
  t.equal(await page.locator('#log img').count(), 0, 'markup is shown as text')
})

t.test('a transport that was chosen is the one in use', async (t) => {
  const page = await open(t, '/?endpoint=disabled_websocket_echo&transport=xhr-polling')
  await connected(page)
  t.equal(await page.textContent('#headline'), 'Connected by xhr-polling')
  await says(page, '#explanation', 'As you chose.')
  await page.click('#connect')
  await says(page, '#explanation', 'You closed the session.')
})

const FAILURES: Readonly<Record<string, string>> = {
  '/?endpoint=base_url': 'The endpoint sends its clients to https://node1.example/base_url, and nobody answers there.',
  '/?endpoint=disabled_websocket_echo&transport=websocket': 'This endpoint has WebSocket switched off.'
}

for (const [path, words] of Object.entries(FAILURES)) {
  t.test(`why it cannot connect: ${path}`, async (t) => {
    const page = await open(t, path)
    await page.click('#connect')
    await says(page, '#headline', 'Cannot connect')
    t.equal(await page.textContent('#explanation'), words)
  })
}

t.test('a server that goes, and one that is not there', async (t) => {
  const other = await buildDemo({ logLevel: 'silent' })
  const page = await open(t, '/')
  t.teardown(() => other.close())
  const address = await other.listen({ port: 0, host: '127.0.0.1' })
  page.removeAllListeners('request')
  await page.goto(address)
  await connected(page)
  await other.close()
  await says(page, '#explanation', 'The server is shutting down.')
  await page.click('#connect')
  await says(page, '#headline', 'Cannot connect')
  await says(page, '#explanation', 'The server does not answer.')
})

for (const { width, height } of [{ width: 1400, height: 860 }, { width: 390, height: 844 }]) {
  t.test(`U27: the newest line stays in sight when the panel changes, ${width} px`, async (t) => {
    const page = await open(t, '/', { width, height, colorScheme: 'light' })
    await connected(page)
    for (let i = 0; i < 40; i++) {
      await page.fill('#message', `line ${i}`)
      await page.press('#message', 'Enter')
    }
    await says(page, '#received', '40')
    const gap = (): Promise<number> => page.evaluate("(() => { const log = document.getElementById('log'); return log.scrollHeight - log.scrollTop - log.clientHeight })()")
    t.ok(await gap() < 2, 'at the end')
    await page.click('#connect')
    await says(page, '#headline', /^Closed/)
    for (const endpoint of ['ticker', 'broadcast', 'tiny', 'echo']) {
      await page.selectOption('#endpoint', endpoint)
      // Two frames: the layout, and the observers of sizes.
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
      t.ok(await gap() < 2, `${endpoint}: ${await gap()} px are out of sight`)
      await connected(page)
      if (endpoint === 'ticker') await says(page, '[data-kind=in][data-view=messages] .text', 'tick!')
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
      t.ok(await gap() < 2, `${endpoint}, connected: ${await gap()} px are out of sight`)
      await page.click('#connect')
      await says(page, '#headline', /^Closed/)
    }
    t.match(await page.locator('#log p').last().textContent(), /close 1000/)
    await page.screenshot({ path: `${PICTURES}follow-${width}.png` })

    // A reader who has scrolled up stays there.
    await page.evaluate("document.getElementById('log').scrollTop = 20")
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
    await connected(page)
    t.equal(await page.evaluate("document.getElementById('log').scrollTop"), 20)
  })
}

t.test('U27: no transport is marked as in use when the session has closed', async (t) => {
  const page = await open(t, '/?endpoint=farewell')
  await page.click('#connect')
  await says(page, '#headline', /^Closed: /)
  t.equal(await page.locator('[data-mark=picked]').count(), 0, 'closed by the server')
  await page.selectOption('#endpoint', 'echo')
  await connected(page)
  t.equal(await page.locator('[data-mark=picked]').count(), 1)
  await page.click('#connect')
  await says(page, '#headline', /^Closed: /)
  t.equal(await page.locator('[data-mark=picked]').count(), 0, 'closed by the user')
  t.notMatch(await page.locator('.pills').first().textContent(), /in use/)
})

t.test('U27: the chat comes back when the server does, and NUL is readable', { timeout: 120_000 }, async (t) => {
  let other = await buildDemo({ logLevel: 'silent' })
  t.teardown(() => other.close())
  const page = await open(t, '/')
  page.removeAllListeners('request')
  const address = await other.listen({ port: 0, host: '127.0.0.1' })
  await page.goto(`${address}/#chat`)
  for (const pane of [1, 2]) await says(page, `.pane:nth-child(${pane}) [data-part=state]`, /^Connected/)
  await page.click('.pane:nth-child(1) .rooms li:has-text("kitchen") button')
  await page.click('.pane:nth-child(1) .wire summary')
  await says(page, '.pane:nth-child(1) .log .text', /CONNECTED[^]*\^@/)
  t.notMatch(await page.locator('.pane:nth-child(1) .log').textContent(), /[\0\u2400]/)
  await page.screenshot({ path: `${PICTURES}chat-frames.png`, fullPage: true })

  await other.close()
  for (const pane of [1, 2]) await says(page, `.pane:nth-child(${pane}) [data-part=state]`, /The next attempt is in \d+ s\./)
  t.equal(await page.textContent('.pane:nth-child(1) [data-part=connect]'), 'Stop')
  await page.screenshot({ path: `${PICTURES}chat-away.png`, fullPage: true })
  await page.click('.pane:nth-child(2) [data-part=connect]')
  await says(page, '.pane:nth-child(2) [data-part=state]', 'You left.')
  // One attempt fails before the server is there again.
  await says(page, '.pane:nth-child(1) [data-part=state]', /The next attempt is in [24] s\./)
  other = await buildDemo({ logLevel: 'silent' })
  await other.listen({ port: Number(new URL(address).port), host: '127.0.0.1' })
  await says(page, '.pane:nth-child(1) [data-part=state]', /^Connected/)
  await page.fill('.pane:nth-child(1) [data-part=text]', 'back again')
  await page.press('.pane:nth-child(1) [data-part=text]', 'Enter')
  await says(page, '.pane:nth-child(1) .own .what', 'back again')
  t.equal(await page.textContent('.pane:nth-child(2) [data-part=state]'), 'You left.', 'a person who left is not brought back')
})

/** The rows of the table of trials: transport, result, time to open, round trip. */
async function rowsOf (page: Page): Promise<string[][]> {
  return await page.locator('#results tr').evaluateAll((rows) => (rows as unknown as { children: { textContent: string }[] }[])
    .map(({ children }) => Array.from(children, ({ textContent }) => textContent)))
}

const ALL = ['websocket', 'xhr-streaming', 'eventsource', 'iframe-eventsource', 'htmlfile', 'iframe-htmlfile', 'xhr-polling', 'iframe-xhr-polling', 'jsonp-polling']
const MS = /^[\d.]+ ms$/

t.test('all transports, behind a proxy that refuses WebSockets', { timeout: 120_000 }, async (t) => {
  const proxied = await startRefusingProxy(t, url)
  const page = await open(t, '/', { width: 1000, height: 880, colorScheme: 'light' })
  page.removeAllListeners('request')
  await page.goto(`${proxied}/#fallback`)
  await page.click('#try-all')
  await says(page, '#results tr:nth-child(1) td', 'Opens by xhr-streaming. Before: websocket, without success.')
  await says(page, '#trials-status', '8 of 9 transports work.')
  const [auto, websocket, ...others] = await rowsOf(page)
  t.match(auto, ['the client chooses', /^Opens/, MS, MS])
  t.same(websocket, ['websocket', 'HTTP passes, the upgrade to WebSocket does not.', '–', '–'])
  t.match(others, ALL.slice(1).map((name) => [name === 'xhr-streaming' ? 'xhr-streamingthe client’s choice' : name, 'Opens.', MS, MS]))
  await page.evaluate('document.activeElement.blur()')
  await page.screenshot({ path: process.env['E2E_WRITE'] === '1' ? FALLBACK : `${PICTURES}fallback.png` })
})

t.test('all transports: stopped, and tried again without a reload', { timeout: 120_000 }, async (t) => {
  const page = await open(t, '/#fallback', { width: 390, height: 844, colorScheme: 'dark' })
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
  const page = await open(t, '/')
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

t.test('a chat: two people, rooms, and nothing but text', async (t) => {
  const page = await open(t, '/#chat')
  await says(page, '.pane:nth-child(1) [data-part=state]', 'Connected by websocket, STOMP 1.2.')
  await says(page, '.pane:nth-child(2) [data-part=state]', 'Connected by xhr-polling, STOMP 1.2.')

  await page.fill('.pane:nth-child(1) [data-part=text]', MARKUP)
  await page.press('.pane:nth-child(1) [data-part=text]', 'Enter')
  await says(page, '.pane:nth-child(1) .own .what', MARKUP)
  await says(page, '.pane:nth-child(2) .what', MARKUP)

  await page.fill('.pane:nth-child(2) [name=room]', 'Cellar')
  await page.press('.pane:nth-child(2) [name=room]', 'Enter')
  await says(page, '.pane:nth-child(2) .event', 'lee came in')
  await says(page, '.pane:nth-child(1) .event', 'lee left')
  await page.click('.pane:nth-child(1) .rooms li:has-text("cellar") button')
  await says(page, '.pane:nth-child(2) .event', 'kim came in')

  await page.selectOption('.pane:nth-child(1) [data-part=transport]', 'eventsource')
  await says(page, '.pane:nth-child(1) [data-part=state]', 'Connected by eventsource, STOMP 1.2.')
  await page.click('.pane:nth-child(1) [data-part=connect]')
  await says(page, '.pane:nth-child(1) [data-part=state]', 'You left.')
  await says(page, '.pane:nth-child(2) .event', 'kim left')
  t.equal(await page.evaluate('window.harmed'), undefined)
})

t.test('a chat by every transport', async (t) => {
  const page = await open(t, '/#chat')
  const [mine, other] = ['.pane:nth-child(1)', '.pane:nth-child(2)']
  await says(page, `${other} [data-part=state]`, /^Connected/)
  const transports = await page.locator(`${mine} [data-part=transport] option`).evaluateAll((options) => options.map((option) => (option as unknown as { value: string }).value))
  t.equal(transports.length, 11)
  for (const transport of transports) {
    await page.selectOption(`${mine} [data-part=transport]`, transport)
    await says(page, `${mine} [data-part=state]`, `Connected by ${transport === 'auto' ? 'websocket' : transport}, STOMP 1.2.`)
    await page.fill(`${mine} [data-part=text]`, `by ${transport}!`)
    await page.press(`${mine} [data-part=text]`, 'Enter')
    await says(page, `${other} .what`, `by ${transport}!`)
    t.pass(transport)
  }
})

t.test('by keyboard alone', async (t) => {
  const page = await open(t, '/')
  const focused = (): Promise<string> => page.evaluate('document.activeElement.id || document.activeElement.value || document.activeElement.textContent')
  async function tabTo (id: string): Promise<void> {
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab')
      if (await focused() === id) return
    }
    t.fail(`Tab comes to ${id}`)
  }
  await tabTo('auto')
  await page.keyboard.press('ArrowDown')
  t.equal(await focused(), 'websocket', 'transports are one group of choices')
  await tabTo('connect')
  await page.keyboard.press('Enter')
  await says(page, '#headline', 'Connected by websocket')
  await tabTo('message')
  await page.keyboard.type('typed')
  await page.keyboard.press('Enter')
  await says(page, '[data-kind=in][data-view=messages] .text', 'typed')
})

const LOOKS: Readonly<Record<string, Look>> = {
  wide: { width: 1280, height: 860, colorScheme: 'light' },
  'wide-dark': { width: 1280, height: 860, colorScheme: 'dark' },
  narrow: { width: 390, height: 844, colorScheme: 'light' },
  'narrow-dark': { width: 320, height: 640, colorScheme: 'dark' }
}

for (const [name, look] of Object.entries(LOOKS)) {
  t.test(`pictures, ${name}`, async (t) => {
    const page = await open(t, '/', look)
    const picture = async (view: string): Promise<void> => {
      await page.screenshot({ path: `${PICTURES}${view}-${name}.png`, fullPage: true })
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), look.width, `${view} fits the window`)
    }
    await connected(page)
    await page.fill('#message', 'x'.repeat(200))
    await page.press('#message', 'Enter')
    await says(page, '#received', '1')
    await says(page, '#latest', / ms$/)
    await picture('session')
    await page.click('.views [href="#chat"]')
    for (const pane of [1, 2]) {
      await says(page, `.pane:nth-child(${pane}) [data-part=state]`, /^Connected/)
      await page.fill(`.pane:nth-child(${pane}) [data-part=text]`, `hello from ${pane}: ${'y'.repeat(100)}`)
      await page.press(`.pane:nth-child(${pane}) [data-part=text]`, 'Enter')
      await says(page, `.pane:nth-child(1) .what >> nth=${pane - 1}`, `hello from ${pane}`)
    }
    await picture('chat')
  })
}
