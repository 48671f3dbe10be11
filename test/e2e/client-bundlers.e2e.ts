/** The client of this package in pages that are bundled: no warning, and the page runs. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import t from 'tap'
import { BROWSERS } from './browsers.ts'
import { execute, type ToolName, Workshop } from './loading/workshop.ts'
import { startSite } from './site.ts'

interface Bundler {
  /** The folder of the finished page, below the project. */
  readonly output: string
  readonly command: readonly string[]
  /** The script of the page, if the bundler writes no page. */
  readonly script?: string
}

const BUNDLERS: Readonly<Partial<Record<ToolName, Bundler>>> = {
  Vite: { output: 'dist-vite', command: ['vite', 'build', '--outDir', 'dist-vite', '--base', './'] },
  esbuild: { output: 'dist-esbuild', command: ['esbuild', 'src/main.js', '--bundle', '--minify', '--outfile=dist-esbuild/main.js'], script: 'main.js' },
  webpack: { output: 'dist-webpack', command: ['webpack', './src/main.js', '--mode', 'production', '--output-path', 'dist-webpack'], script: 'main.js' },
  Angular: { output: 'dist-angular/browser', command: ['ng', 'build'] }
}

const workshop = await Workshop.open(t)

t.test('bundlers', { timeout: 600_000 }, async (t) => {
  const browser = await BROWSERS.Chromium()
  t.teardown(() => browser.close())
  for (const [name, { output, command: [program, ...args], script }] of Object.entries(BUNDLERS)) {
    await t.test(name, async (t) => {
      const project = await workshop.projectWith(t, name as ToolName, 'bundled')
      if (project === undefined) return
      const { ok, text } = await execute(project, join(project, 'node_modules/.bin', program!), args)
      t.ok(ok, 'it builds', ok ? {} : { printed: text.slice(-4000) })
      t.notMatch(text, /warn/i, 'without a warning')
      const folder = join(project, output)
      if (!t.ok(existsSync(folder))) return

      const { port } = await startSite(t, (app) => app.register(fastifyStatic, { root: folder, prefix: '/bundled/', decorateReply: false }))
      const page = await browser.open()
      await page.goto(`http://127.0.0.1:${port}/${script === undefined ? 'bundled/index.html' : 'echo'}`)
      if (script !== undefined) await page.evaluate(`new Promise((resolve, reject) => { const script = Object.assign(document.createElement('script'), { src: '/bundled/${script}', onload: resolve, onerror: reject }); document.head.append(script) })`)
      t.same(await page.evaluate('window.heard'), ['one connection', 'many connections', 'many sessions'], 'and the page runs')
      await page.close()
    })
  }
})
