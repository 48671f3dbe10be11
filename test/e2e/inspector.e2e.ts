import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import { chromium, type Page } from 'playwright-core'
import puppeteer from 'puppeteer-core'
import t, { type Test } from 'tap'
import sockjs, { MemoryNetwork } from '../../src/index.ts'
import inspector from '../../src/inspector.ts'
import { openMany } from '../inspector/support.ts'
import { until } from '../support/wait.ts'
import { InspectedSite, LARGE } from './inspector-site.ts'
import { axeScript, FINDINGS, IS_TOO_WIDE, type Look, LOOKS, openChromium, PICTURES } from './pages.ts'
import { toolPath } from './tools.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The most elements of a view. It does not depend on the number of rows. */
const MOST_ELEMENTS = 1_500

const VIEWS = ['overview', 'sessions', 'topics', 'queues', 'users', 'presence', 'letters', 'routes', 'nodes'] as const

/** Expressions of a page that both browsers evaluate. */
const ELEMENTS = 'document.querySelectorAll("*").length'
const ROWS = '[...document.querySelectorAll(".body .row")].map((row) => row.innerText).join("\\n")'

const site = new InspectedSite()
t.before(async () => {
  mkdirSync(PICTURES, { recursive: true })
  await site.start(LARGE)
})
t.teardown(() => site.stop())

/** Opens a page of an inspector in Chromium. */
async function openPage (t: Test, path: string, look: Look = LOOKS[0], url: string = site.url): Promise<Page> {
  const page = await openChromium(t, `${url}/inspector/${path}`, look)
  await page.locator('.state.open').waitFor()
  return page
}

/** Waits until an expression is true. The policy of the page allows no polling inside it. */
const becomes = (page: Page, expression: string): Promise<void> => until(async () => Boolean(await page.evaluate(expression)), expression)

/** Waits until a view has its content. */
async function filled (page: Page, view: string): Promise<void> {
  const shown: Record<string, string> = { overview: '.legend .value', routes: 'td:has-text("/app/")', nodes: 'td:has-text("this process")' }
  await page.locator(shown[view] ?? '.body .row .text').first().waitFor()
}

for (const look of LOOKS) {
  t.test(`every view in Chromium at ${look.name}: axe finds nothing, the width fits, the number of elements is bounded`, async (t) => {
    const page = await openPage(t, '', look)
    await page.evaluate(axeScript())
    for (const view of VIEWS) {
      await page.evaluate(`location.hash = '#/${view}'`)
      await filled(page, view)
      t.strictSame(await page.evaluate(FINDINGS), [], `axe: ${view}`)
      t.equal(await page.evaluate(IS_TOO_WIDE), false, `${view} fits`)
      t.ok(Number(await page.evaluate(ELEMENTS)) < MOST_ELEMENTS, `${view} has few elements`)
      await page.screenshot({ path: `${PICTURES}inspector-${view}-${look.name}.png` })
    }
    await page.evaluate('location.hash = "#/sessions"')
    await page.locator('.body .row .link').first().click()
    await page.locator('dialog[open] dd').first().waitFor()
    await page.click('text=Watch messages')
    await page.locator('.messages-head button[aria-pressed=true]').waitFor()
    t.strictSame(await page.evaluate(FINDINGS), [], 'axe: panel')
    t.equal(await page.evaluate(IS_TOO_WIDE), false, 'the panel fits')
    await page.screenshot({ path: `${PICTURES}inspector-panel-${look.name}.png` })
  })
}

t.test('50,000 rows: scrolling, filter and order', async (t) => {
  const page = await openPage(t, '#/sessions')
  await page.locator('.summary', { hasText: /^50,0\d\d sessions$/ }).waitFor()
  for (const share of [0.5, 1, 0]) {
    await page.evaluate(`{ const scroller = document.querySelector('.scroller'); scroller.scrollTop = scroller.scrollHeight * ${share} }`)
    await becomes(page, `(${ROWS}).length > 200 && [...document.querySelectorAll('.body .row')].every((row) => row.querySelector('.link').textContent !== '')`)
    t.ok(Number(await page.evaluate(ELEMENTS)) < MOST_ELEMENTS)
  }
  await page.fill('.search', 'grace-8')
  await page.locator('.summary', { hasText: / of 50,0\d\d sessions$/ }).waitFor()
  await becomes(page, `(${ROWS}).split('\\n').filter((line) => line.startsWith('grace-8')).length > 5`)
  await page.click('[data-key=ip]')
  await page.locator('[aria-sort=ascending] [data-key=ip]').waitFor()
  await page.click('[data-key=ip]')
  await page.locator('[aria-sort=descending] [data-key=ip]').waitFor()
  await page.fill('.search', 'no such session')
  await page.locator('.body.empty').waitFor()
})

t.test('by the keyboard alone: tabs, order, a session, its messages, and the way back', async (t) => {
  const page = await openPage(t, '')
  const focused = () => page.evaluate('document.activeElement.dataset.view ?? document.activeElement.dataset.key ?? document.activeElement.textContent')
  /** Presses Tab until the focus is where the test wants it. */
  const tabTo = async (wanted: string | RegExp): Promise<void> => {
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press('Tab')
      const words = String(await focused())
      if (typeof wanted === 'string' ? words === wanted : wanted.test(words)) return
    }
    t.fail(`the keyboard does not reach ${String(wanted)}`)
  }
  await tabTo('Skip to the content')
  await tabTo('Pause')
  await page.keyboard.press('Enter')
  await page.locator('#state', { hasText: 'Paused' }).waitFor()
  await page.keyboard.press('Enter')
  await page.locator('#state', { hasText: 'Live' }).waitFor()
  await tabTo('sessions')
  const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')
  t.equal(outline, 'solid', 'the focus can be seen')
  await page.keyboard.press('Enter')
  await filled(page, 'sessions')
  await tabTo('user')
  await page.keyboard.press('Enter')
  await page.locator('[aria-sort=ascending] [data-key=user]').waitFor()
  t.equal(await focused(), 'user', 'the focus stays on the heading')
  await page.keyboard.press('Enter')
  await page.locator('[aria-sort=descending] [data-key=user]').waitFor()
  await tabTo(/^[0-9a-f]{8}$/)
  const session = String(await focused())
  await page.keyboard.press('Enter')
  await page.locator('dialog[open] dd', { hasText: session }).waitFor()
  await tabTo('Watch messages')
  await page.keyboard.press('Space')
  await page.locator('button', { hasText: 'Stop watching' }).waitFor()
  await page.keyboard.press('Escape')
  await becomes(page, '!document.querySelector("dialog").open')
  t.match(await focused(), /^[0-9a-f]{8}$/, 'the focus is back in the table')
})

t.test('suspended sessions: a word and a sign in the table, and a number in the overview and of each node', async (t) => {
  const page = await openPage(t, '#/sessions')
  await page.fill('.search', 'trader')
  await page.locator('.summary', { hasText: /^3 of/ }).waitFor()
  await page.click('[data-key=state]')
  await page.locator('[aria-sort=ascending] [data-key=state]').waitFor()
  const shown = '[...document.querySelectorAll(".body .row .marked")].map((cell) => cell.textContent).join()'
  await becomes(page, `${shown} === '●open,‖suspended,‖suspended'`)
  await page.evaluate(axeScript())
  t.strictSame(await page.evaluate(FINDINGS), [])
  await page.fill('.search', 'suspended')
  await page.locator('.summary', { hasText: /^2 of/ }).waitFor()
  await page.locator('.body .row .link').first().click()
  await page.locator('dialog[open] dd', { hasText: 'suspended' }).waitFor()
  await page.click('text=Done')
  await page.click('[data-view=overview]')
  await page.locator('.detail', { hasText: /requests, 2 suspended$/ }).waitFor()
  await page.click('[data-view=nodes]')
  await page.locator('th', { hasText: 'Suspended' }).waitFor()
})

t.test('messages of a session, and its end', async (t) => {
  const page = await openPage(t, '#/sessions')
  await page.fill('.search', 'speaker')
  await page.locator('.summary', { hasText: /^1 of/ }).waitFor()
  await page.locator('.body .row .link').first().click()
  await page.click('text=Watch messages')
  await page.locator('.messages .kind', { hasText: 'SEND' }).first().waitFor()
  await page.locator('.messages pre', { hasText: 'destination:/app/' }).first().waitFor()
  await page.click('text=Done')
  await page.fill('.search', 'worker')
  await page.locator('.body .row', { hasText: 'worker' }).waitFor()
  await becomes(page, 'document.querySelectorAll(".body .row").length === 1')
  await page.locator('.body .row .link').first().click()
  await page.click('text=Close session')
  await page.click('text=Close it')
  await page.locator('.closing', { hasText: 'was told to close' }).waitFor()
  await page.locator('.problem', { hasText: 'has ended' }).waitFor()
  await page.click('text=Done')
  await page.locator('.body.empty').waitFor()
})

/** The picture of the documentation. `E2E_WRITE=1` makes it again. */
t.test('the picture of the documentation', { skip: process.env['E2E_WRITE'] === '1' ? false : 'E2E_WRITE=1 makes it' }, async (t) => {
  const lively = new InspectedSite()
  t.teardown(() => lively.stop())
  await lively.start({ ...LARGE, isLively: true })
  const browser = await chromium.launch({ executablePath: toolPath('Chromium'), args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  t.teardown(() => browser.close())
  const page = await browser.newPage({ viewport: { width: 1280, height: 620 } })
  await page.goto(`${lively.url}/inspector/`)
  await page.waitForTimeout(118_000)
  await page.screenshot({ path: join(ROOT, 'docs/inspector.png') })
  t.ok(statSync(join(ROOT, 'docs/inspector.png')).size < 160 * 1024, 'the picture is small')
})

t.test('a dead letter goes back to its queue', async (t) => {
  const page = await openPage(t, '#/letters')
  await page.locator('.summary', { hasText: /^5 letters$/ }).waitFor()
  await page.locator('text=Send back').first().click()
  await page.locator('.summary', { hasText: /^4 letters$/ }).waitFor()
})

t.test('the page comes back by itself when its connection was lost', async (t) => {
  const page = await openPage(t, '')
  for (const session of [...site.app.sockjs.endpoints.get('/inspector/live')!.sessions]) session.terminate()
  await page.locator('.state.lost').waitFor()
  await page.locator('.state.open').waitFor()
  await filled(page, 'overview')
})

t.test('a page that no one sees asks nothing', async (t) => {
  const page = await openPage(t, '')
  await filled(page, 'overview')
  await page.evaluate('Object.defineProperty(document, "hidden", { value: true }); document.dispatchEvent(new Event("visibilitychange"))')
  const read = (): number => site.app.sockjs.metrics().find(({ name }) => name === 'sockjs.server.messages')!.points
    .filter(({ attributes }) => attributes['sockjs.endpoint'] === '/inspector/live').reduce((sum, point) => sum + ('value' in point ? point.value : 0), 0)
  await page.waitForTimeout(1_000)
  const before = read()
  await page.waitForTimeout(2_000)
  t.equal(read(), before)
})

t.test('several nodes: all of them, and one', async (t) => {
  const network = new MemoryNetwork()
  const urls: string[] = []
  for (const node of ['berlin', 'oslo']) {
    const app = Fastify() as unknown as FastifyInstance
    t.teardown(() => app.close())
    await app.register(sockjs, { engine: network.engine(), node })
    const rooms = app.sockjs('/rooms', () => {})
    t.teardown(() => rooms.close())
    await app.register(inspector, { open: true, interval: 500 })
    urls.push(await app.listen({ port: 0, host: '127.0.0.1' }))
    openMany(rooms, 400, (i) => ({ userKey: `${node}-${i}` }))
  }
  const page = await openPage(t, '#/sessions', LOOKS[0], urls[0])
  await page.locator('.summary', { hasText: /^800 sessions$/ }).waitFor()
  await page.locator('.notes', { hasText: 'first 500 rows' }).waitFor()
  await page.locator('.chip', { hasText: 'Engine memory: available' }).waitFor()
  await page.selectOption('#node', { label: 'oslo' })
  await page.locator('.summary', { hasText: /^400 sessions$/ }).waitFor()
  await page.fill('.search', 'oslo-399')
  await becomes(page, 'document.querySelectorAll(".body .row").length === 1')
  await page.locator('.body .row .link').first().click()
  await page.locator('dialog[open] dd', { hasText: 'oslo-399' }).waitFor()
  await page.locator('.hint', { hasText: 'may only read' }).waitFor()
  await page.click('text=Done')
  await page.click('[data-view=nodes]')
  await page.locator('td', { hasText: 'oslo' }).waitFor()
  t.equal(await page.locator('td', { hasText: 'berlin' }).count(), 0, 'one node was chosen')
})

t.test('Firefox shows the same, and axe finds nothing', async (t) => {
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath: toolPath('Firefox'), headless: true })
  t.teardown(() => browser.close())
  const page = await browser.newPage()
  page.setDefaultTimeout(60_000)
  page.on('pageerror', (error) => t.fail(String(error)))
  for (const { width, height, name } of [LOOKS[0], LOOKS[2]]) {
    await page.setViewport({ width, height })
    await page.goto(`${site.url}/inspector/#/sessions`)
    await page.waitForSelector('.state.open')
    await page.waitForSelector('.body .row .text')
    await page.evaluate(axeScript())
    for (const view of ['overview', 'sessions', 'queues'] as const) {
      await page.evaluate(`location.hash = '#/${view}'`)
      await page.waitForSelector(view === 'overview' ? '.legend .value' : '.body .row .text')
      t.strictSame(await page.evaluate(FINDINGS), [], `axe: ${view} at ${width}`)
      t.equal(await page.evaluate(IS_TOO_WIDE), false, `${view} fits at ${width}`)
      t.ok(Number(await page.evaluate(ELEMENTS)) < MOST_ELEMENTS)
      await page.screenshot({ path: `${PICTURES}inspector-firefox-${view}-${name}.png` })
    }
  }
  await page.evaluate('location.hash = "#/sessions"')
  await page.waitForSelector('.body .row .link')
  await page.evaluate('document.querySelector(".body .row .link").click()')
  await page.waitForSelector('dialog[open] dd')
})
