import { mkdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import puppeteer from 'puppeteer-core'
import t, { type Test } from 'tap'
import { until } from '../support/wait.ts'
import { buildSite, HOSTILE } from './asyncapi-site.ts'
import { axeScript, FINDINGS, IS_TOO_WIDE, type Look, LOOKS, openChromium, PICTURES } from './pages.ts'
import { toolPath } from './tools.ts'

const OPERATIONS = ['receive.app.rooms.room', 'receive.app.trees', 'receive.app.add', 'send.topic.rooms.room', 'receive.app.hostile'] as const

async function listen (t: Test, options = {}): Promise<string> {
  const app = await buildSite(options)
  t.teardown(() => app.close())
  return app.listen({ port: 0, host: '127.0.0.1' })
}

/** Opens the page of a new site in Chromium. */
async function openPage (t: Test, hash = '', { look = LOOKS[0] as Look, options = {} } = {}): Promise<Page> {
  const page = await openChromium(t, `${await listen(t, options)}/docs/asyncapi/${hash}`, look)
  await page.locator('h1').waitFor()
  return page
}

const PICTURE = fileURLToPath(new URL('../../docs/asyncapi.png', import.meta.url))

const SEND = '.panel button[type=submit]'

t.before(() => { mkdirSync(PICTURES, { recursive: true }) })

for (const look of LOOKS) {
  t.test(`the overview and each kind of operation in Chromium at ${look.name}: axe finds nothing, and the width fits`, async (t) => {
    const page = await openPage(t, '', { look })
    await page.evaluate(axeScript())
    const judge = async (name: string): Promise<void> => {
      t.strictSame(await page.evaluate(FINDINGS), [], `axe: ${name}`)
      t.equal(await page.evaluate(IS_TOO_WIDE), false, `${name} fits`)
      await page.screenshot({ path: `${PICTURES}asyncapi-${name}-${look.name}.png` })
    }
    await judge('overview')
    for (const id of OPERATIONS) {
      await page.evaluate(`location.hash = '#/${id}'`)
      await page.locator('.panel').waitFor()
      await page.click(SEND)
      await page.locator('.entry').first().waitFor()
      await judge(id)
    }
  })
}

t.test('try it: a message, its answer, and a message that does not fit the schema', async (t) => {
  const page = await openPage(t, '#/receive.app.rooms.room')
  await page.selectOption('#parameter-room', 'kitchen')
  await page.selectOption('#example', { label: 'Example 2' })
  await page.click(SEND)
  await page.locator('.entry.in', { hasText: '/topic/rooms/kitchen' }).locator('pre', { hasText: '"text": "Good night"' }).waitFor()
  await page.locator('.entry.done', { hasText: 'has processed the message' }).waitFor()
  t.equal(await page.locator('#state').innerText(), 'Connected')
  await page.fill('#body', '{"text": ""}')
  await page.click(SEND)
  await page.locator('.entry.problem', { hasText: 'FST_STOMP_VALIDATION' }).waitFor()
  await page.locator('.entry.out').nth(1).waitFor()
  t.equal(await page.locator('.entry.done', { hasText: 'has processed the message' }).count(), 1, 'an error is not called processed')
})

t.test('try it: the answer to reply-to, an answer to the sender alone, and a subscription', async (t) => {
  const page = await openPage(t, '#/receive.app.add')
  await page.click(SEND)
  await page.locator('.entry.in pre', { hasText: /^3$/ }).waitFor()
  await page.evaluate("location.hash = '#/receive.app.whoami'")
  await page.locator('h1', { hasText: 'Tells who the sender is' }).waitFor()
  await page.click(SEND)
  await page.locator('.entry.in', { hasText: '/user/queue/whoami' }).locator('pre', { hasText: 'null' }).waitFor()
  await page.evaluate("location.hash = '#/send.app.rooms'")
  await page.locator('h1', { hasText: 'The names of the rooms' }).waitFor()
  await page.click(SEND)
  await page.locator('.entry.in pre', { hasText: 'kitchen' }).waitFor()
  await page.locator(SEND, { hasText: 'Unsubscribe' }).click()
  await page.locator(SEND, { hasText: /^Subscribe$/ }).waitFor()
})

t.test('a login: refused with a wrong passcode, accepted with the right one', async (t) => {
  const page = await openPage(t, '#/receive.app.whoami', { options: { requireLogin: true } })
  await page.click(SEND)
  await page.evaluate(axeScript())
  t.strictSame(await page.evaluate(FINDINGS), [], 'axe: the dialog')
  await page.screenshot({ path: `${PICTURES}asyncapi-login.png` })
  await page.fill('#login-0', 'ada')
  await page.fill('#login-1', 'wrong')
  await page.keyboard.press('Enter')
  await page.locator('.entry.problem', { hasText: 'STOMP_AUTHENTICATION_FAILED' }).waitFor()
  await page.click(SEND)
  await page.fill('#login-0', 'ada')
  await page.fill('#login-1', 'secret')
  await page.keyboard.press('Enter')
  await page.locator('.entry.in pre', { hasText: '"user": "ada"' }).waitFor()
  await page.click('#connect')
  await page.locator('.entry.problem', { hasText: 'The connection has ended' }).waitFor()
  await page.click('#connect')
  await page.keyboard.press('Escape')
  await page.locator('#connect', { hasText: /^Connect$/ }).waitFor()
})

t.test('markup in the document and in messages stays text', async (t) => {
  const page = await openPage(t, '#/receive.app.hostile')
  page.on('dialog', () => t.fail('a script of the document has run'))
  await page.click(SEND)
  await page.locator('.entry.in pre', { hasText: HOSTILE }).waitFor()
  t.equal(await page.evaluate('document.querySelectorAll("img:not([src=\\"mark.svg\\"])").length'), 0)
  t.equal(await page.locator('h1').innerText(), HOSTILE)
})

t.test('a schema that refers to itself opens level by level', async (t) => {
  const page = await openPage(t, '#/receive.app.trees')
  const depth = (): Promise<unknown> => page.evaluate('Math.max(...[...document.querySelectorAll(".schema details")].map((each) => { let count = 0; for (let at = each; at !== null; at = at.parentElement.closest("details")) count++; return count }))')
  t.equal(await depth(), 2)
  for (let level = 3; level < 7; level++) {
    await page.locator('.schema details:not([open]) > summary', { hasText: level % 2 === 1 ? '[ ]' : 'children' }).last().click()
    await until(async () => await depth() === level, `level ${level}`)
  }
})

t.test('by the keyboard alone: find an operation, open it, send', async (t) => {
  const page = await openPage(t)
  const focused = async (): Promise<string> => String(await page.evaluate('document.activeElement.id || document.activeElement.textContent'))
  const tabTo = async (wanted: RegExp): Promise<void> => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab')
      if (wanted.test(await focused())) return
    }
    t.fail(`the keyboard does not reach ${String(wanted)}`)
  }
  await tabTo(/^Skip to the content$/)
  await tabTo(/^find$/)
  await page.keyboard.type('add')
  await page.locator('#groups .item', { hasText: '/app/add' }).waitFor()
  await until(async () => await page.locator('#groups .item').count() < 5, 'the search to cut the list')
  await tabTo(/^SEND\/app\/add/)
  t.equal(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'solid', 'the focus can be seen')
  await page.keyboard.press('Enter')
  await page.locator('h1', { hasText: 'Adds two numbers' }).waitFor()
  t.equal(await focused(), 'content')
  await tabTo(/^body$/)
  await tabTo(/^Send$/)
  await page.keyboard.press('Enter')
  await page.locator('.entry.in pre', { hasText: /^3$/ }).waitFor()
})

t.test('the search tells that nothing fits', async (t) => {
  const page = await openPage(t)
  await page.fill('#find', 'no such operation')
  await page.locator('#groups', { hasText: 'No operation fits.' }).waitFor()
})

/** The picture of the documentation. `E2E_WRITE=1` makes it again. */
t.test('the picture of the documentation', { skip: process.env['E2E_WRITE'] === '1' ? false : 'E2E_WRITE=1 makes it' }, async (t) => {
  const page = await openPage(t, '#/receive.app.rooms.room', { look: { name: '1400-light', width: 1400, height: 900, colorScheme: 'light' }, options: { isFriendly: true } })
  await page.setViewportSize({ width: 1280, height: 760 })
  await page.click(SEND)
  await page.locator('.entry.done', { hasText: 'has processed the message' }).waitFor()
  await page.screenshot({ path: PICTURE })
  t.ok(statSync(PICTURE).size < 160 * 1024, 'the picture is small')
})

t.test('Firefox shows the same, axe finds nothing, and try it works', async (t) => {
  const url = await listen(t)
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath: toolPath('Firefox'), headless: true })
  t.teardown(() => browser.close())
  const page = await browser.newPage()
  page.setDefaultTimeout(60_000)
  page.on('pageerror', (error) => t.fail(String(error)))
  for (const { width, height, name } of [LOOKS[0], LOOKS[2]]) {
    await page.setViewport({ width, height })
    for (const id of ['', ...OPERATIONS]) {
      await page.goto(`${url}/docs/asyncapi/#/${id}`)
      await page.reload()
      await page.waitForSelector(id === '' ? '.rows' : '.panel')
      if (id !== '') {
        await page.click(SEND)
        await page.waitForSelector('.entry')
      }
      await page.evaluate(axeScript())
      t.strictSame(await page.evaluate(FINDINGS), [], `axe: ${id} at ${width}`)
      t.equal(await page.evaluate(IS_TOO_WIDE), false, `${id} fits at ${width}`)
      await page.screenshot({ path: `${PICTURES}asyncapi-firefox-${id === '' ? 'overview' : id}-${name}.png` })
    }
  }
  await page.goto(`${url}/docs/asyncapi/#/receive.app.add`)
  await page.reload()
  await page.waitForSelector('.panel')
  await page.click(SEND)
  await until(async () => String(await page.evaluate('document.querySelector(".log").innerText')).includes('Received'), 'the answer')
})
