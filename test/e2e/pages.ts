import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { toolPath } from './tools.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The folder of the pictures, which a person may look at. */
export const PICTURES = join(ROOT, '.tap/pictures/')

/** axe-core has the Mozilla Public License, so that it is no dependency of this repository. The suites install it for themselves. */
const AXE = { version: '4.14.1', folder: join(ROOT, 'node_modules/.cache/inspector-e2e') }

export const LOOKS = [
  { name: '1400-light', width: 1400, height: 900, colorScheme: 'light' },
  { name: '1400-dark', width: 1400, height: 900, colorScheme: 'dark' },
  { name: '390-light', width: 390, height: 844, colorScheme: 'light' },
  { name: '390-dark', width: 390, height: 844, colorScheme: 'dark' }
] as const

/** The size and the colours of a page. */
export type Look = (typeof LOOKS)[number]

/** Opens a page in Chromium. The test fails for each error in it, for each line that its policy refuses, and for each request to another server. */
export async function openChromium (t: Test, url: string, { width, height, colorScheme }: Look): Promise<Page> {
  const browser = await chromium.launch({ executablePath: toolPath('Chromium'), args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'] })
  t.teardown(() => browser.close())
  const page = await browser.newPage({ viewport: { width, height }, colorScheme })
  page.setDefaultTimeout(30_000)
  page.on('pageerror', ({ message }) => t.fail(message))
  page.on('console', (message) => { if (message.type() === 'error') t.fail(message.text()) })
  page.on('request', (request) => { if (new URL(request.url()).host !== new URL(url).host) t.fail(`asked ${request.url()}`) })
  await page.goto(url)
  return page
}

export function axeScript (): string {
  const path = join(AXE.folder, 'node_modules/axe-core/axe.min.js')
  if (!existsSync(path)) {
    mkdirSync(AXE.folder, { recursive: true })
    execFileSync('npm', ['install', '--prefix', AXE.folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', `axe-core@${AXE.version}`], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  return readFileSync(path, 'utf8')
}

/** An expression with the findings of axe, by the name of the rule and the first elements. */
export const FINDINGS = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 160)).slice(0, 3).join(' | ')))`

/** An expression that is true if the page must be scrolled to the side. */
export const IS_TOO_WIDE = 'document.documentElement.scrollWidth > innerWidth'
