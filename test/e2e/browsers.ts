import { chromium } from 'playwright-core'
import puppeteer from 'puppeteer-core'
import { within } from '../support/wait.ts'
import { type ToolName, toolPath } from './tools.ts'

/** Longer than any trial of a page takes, see page/trials.js. */
const PATIENCE = 180_000

/** A page of a profile of its own: no connection, cookie or cache is shared with another. */
export interface BrowserPage {
  goto (url: string): Promise<unknown>
  /** The value of an expression, awaited. */
  evaluate (expression: string): Promise<unknown>
  close (): Promise<void>
}

export interface Browser {
  readonly name: BrowserName
  readonly version: string
  /** A page in whose frames a script runs before everything else. */
  open (script?: string): Promise<BrowserPage>
  close (): Promise<void>
}

export type BrowserName = Extract<ToolName, 'Chromium' | 'Firefox'>

const major = (version: string): string => /\d+/.exec(version)?.[0] ?? version

/** Debian's Chromium, by the DevTools protocol. */
async function launchChromium (): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: toolPath('Chromium'),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    // Users have the back/forward cache.
    ignoreDefaultArgs: ['--disable-back-forward-cache']
  })
  return {
    name: 'Chromium',
    version: major(browser.version()),
    async open (script = '') {
      const context = await browser.newContext()
      await context.addInitScript({ content: script })
      const page = await context.newPage()
      return {
        goto: (url) => page.goto(url),
        evaluate: (expression) => page.evaluate(expression),
        close: () => context.close()
      }
    },
    close: () => browser.close()
  }
}

/** Debian's Firefox, by WebDriver BiDi: playwright-core drives only a Firefox of its own. */
async function launchFirefox (): Promise<Browser> {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: toolPath('Firefox'),
    headless: true,
    protocolTimeout: PATIENCE,
    // Users have the back/forward cache.
    extraPrefsFirefox: { 'fission.bfcacheInParent': true }
  })
  return {
    name: 'Firefox',
    version: major(await browser.version()),
    async open (script = '') {
      const context = await browser.createBrowserContext()
      const page = await context.newPage()
      if (script !== '') await page.evaluateOnNewDocument(script)
      return {
        goto: (url) => page.goto(url),
        evaluate: (expression) => page.evaluate(expression),
        close: () => context.close()
      }
    },
    close: () => browser.close()
  }
}

export const BROWSERS: Readonly<Record<BrowserName, () => Promise<Browser>>> = { Chromium: launchChromium, Firefox: launchFirefox }

/** What a trial of page/trials.js found out. */
export interface Facts {
  readonly transport?: string
  readonly openMs?: number
  readonly echoMs?: number
  readonly end?: { readonly code: number, readonly reason: string, readonly wasClean: boolean }
  /** What went wrong, in words. */
  readonly problem?: string
}

/** Runs a trial of page/trials.js in a page just loaded. */
export async function tryOut (page: BrowserPage, pageUrl: string, trial: string, options: object): Promise<Facts> {
  await page.goto(pageUrl)
  // Text, because a compiled function brings helpers along that a page does not have.
  return await within(page.evaluate(`trials.${trial}(${JSON.stringify(options)})`), `${trial} ${JSON.stringify(options)}`, PATIENCE) as Facts
}
