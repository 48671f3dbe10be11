import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { type Browser, chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { buildDemo } from '../../examples/demo/src/demo.ts'
import { toolPath } from './tools.ts'

/** The folder of the pictures, which a person may look at. */
export const PICTURES = fileURLToPath(new URL('../../.tap/pictures/', import.meta.url))

export interface Look { readonly width: number, readonly height: number, readonly colorScheme: 'light' | 'dark' }

/** The demo server with a browser, while a suite runs. */
export class DemoSite {
  url = ''
  #browser: Browser | null = null
  #app: FastifyInstance | null = null

  async start (): Promise<void> {
    mkdirSync(PICTURES, { recursive: true })
    this.#browser = await chromium.launch({ executablePath: toolPath('Chromium'), args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-background-networking'] })
    this.#app = await buildDemo({ logLevel: 'silent' })
    this.url = await this.#app.listen({ port: 0, host: '127.0.0.1' })
  }

  async stop (): Promise<void> {
    await this.#browser?.close()
    await this.#app?.close()
  }

  /** Opens a page of its own. The test fails for each error in it, and for each request to another server. */
  async open (t: Test, path: string, { width, height, colorScheme }: Look = { width: 1280, height: 860, colorScheme: 'light' }): Promise<Page> {
    const page = await this.#browser!.newPage({ viewport: { width, height }, colorScheme })
    page.setDefaultTimeout(20_000)
    page.on('pageerror', ({ message }) => {
      // sockjs-client takes its callback away when it is closed while a poll is out; the answer finds none.
      if (!/^_jp\.\w+ is not a function$/.test(message)) t.fail(message)
    })
    page.on('request', (request) => {
      const { host } = new URL(request.url())
      if (host !== new URL(this.url).host && host !== 'node1.example') t.fail(`asked ${request.url()}`)
    })
    t.teardown(() => page.close())
    await page.goto(this.url + path)
    return page
  }
}

/** Starts the demo server and a browser before the tests of a suite, and stops both after them. */
export function useDemo (): DemoSite {
  const site = new DemoSite()
  t.before(() => site.start())
  t.teardown(() => site.stop())
  return site
}

/** Waits until an element has the words. */
export async function says (page: Page, selector: string, words: string | RegExp): Promise<void> {
  await page.locator(selector).filter({ hasText: words }).first().waitFor()
}

export async function connected (page: Page): Promise<void> {
  await page.click('#connect')
  await says(page, '#headline', /^Connected by /)
}
