/** The hooks of docs/client.md for React and Vue, in a page that Vite builds. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import t from 'tap'
import { blocksOf } from '../support/docs/markdown.ts'
import { until } from '../support/wait.ts'
import { BROWSERS } from './browsers.ts'
import { execute, Workshop } from './loading/workshop.ts'
import { startSite } from './site.ts'

const workshop = await Workshop.open(t)

const GUIDE = blocksOf('docs/client.md', readFileSync(new URL('../../docs/client.md', import.meta.url), 'utf8'))

t.test('the hooks of docs/client.md for React and Vue', { timeout: 300_000 }, async (t) => {
  const project = await workshop.project('frameworks', 'frameworks', 'vite@7', 'react@19', 'react-dom@19', 'vue@3')
  for (const [file, library] of [['react.jsx', 'react'], ['vue.js', 'vue']] as const) {
    writeFileSync(join(project, 'src', file), GUIDE.find(({ code }) => code.includes(`from '${library}'`))!.code)
  }
  // The development build of React runs each effect twice.
  const { ok, text } = await execute(project, join(project, 'node_modules/.bin/vite'), ['build', '--mode', 'development', '--base', './'], { NODE_ENV: 'development' })
  t.ok(ok, 'it builds', ok ? {} : { printed: text.slice(-4000) })
  const { port } = await startSite(t, (app) => app.register(fastifyStatic, { root: join(project, 'dist'), prefix: '/bundled/', decorateReply: false }))
  const browser = await BROWSERS.Chromium()
  t.teardown(() => browser.close())
  const page = await browser.open()
  await page.goto(`http://127.0.0.1:${port}/bundled/index.html`)
  await until(async () => await page.evaluate('Boolean(window.sends?.react && window.sends?.vue)') === true, 'both are mounted')
  for (const library of ['react', 'vue']) {
    t.equal(await page.evaluate(`sends.${library}('hello from ${library}')`), true)
    await until(async () => await page.evaluate(`document.getElementById('${library}').textContent`) === `hello from ${library}`, `${library} shows the echo`)
  }
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const counts = metrics.split('\n').filter((line) => /^sockjs_server_active_sessions\{.*"\/echo"/.test(line)).map((line) => Number(line.split(' ').at(-1)))
  t.equal(counts.reduce((sum, count) => sum + count, 0), 2, 'the first stream of React is closed')
})
