import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { toolPath } from './tools.ts'

/** The folder of the pictures, which a person may look at. */
const PICTURES = fileURLToPath(new URL('../../.tap/pictures/', import.meta.url))

const LOOKS = [{ width: 1400, height: 860, colorScheme: 'light' }, { width: 390, height: 844, colorScheme: 'dark' }] as const

let browser: Browser

/** Starts a browser before the tests of a suite, and stops it after them. */
export function useBrowser (): void {
  t.before(async () => {
    mkdirSync(PICTURES, { recursive: true })
    browser = await chromium.launch({ executablePath: toolPath('Chromium'), args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'] })
  })
  t.teardown(() => browser?.close())
}

/** Opens a page of its own. The test fails for each error in it, and for each request to another server. */
export async function openPage (t: Test, url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 860 } })
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  page.on('pageerror', ({ message }) => { t.fail(message) })
  page.on('request', (request) => { if (new URL(request.url()).host !== new URL(url).host) t.fail(`asked ${request.url()}`) })
  t.teardown(() => context.close())
  await page.goto(url)
  return page
}

/** Takes pictures of a page, wide and narrow. No width makes it scroll sideways. */
export async function takePictures (t: Test, page: Page, name: string): Promise<void> {
  for (const { width, height, colorScheme } of LOOKS) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme })
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), width, `${name} fits ${width} px`)
    await page.screenshot({ path: `${PICTURES}/example-${name}-${width}.png` })
  }
}
