/**
 * The packed package, installed into empty projects and loaded in every way that docs/package.md lists.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { runtime } from './loading/runtimes.ts'
import { startsAndServes } from './loading/server.ts'
import { execute, type Output, type ToolName, Workshop } from './loading/workshop.ts'

// Two at a time: installing waits for the disk, bundling and checking types for a core.
t.jobs = 2

const workshop = await Workshop.open(t)
const node = process.execPath

/** Says what a program printed where it failed. */
function succeeds (t: Test, { ok, text }: Output, name: string): boolean {
  return t.ok(ok, name, ok ? {} : { printed: text.slice(-4000) })
}

/** A project as an application has it: the package, Fastify, the types of Node, nothing else. */
const plain = await workshop.project('plain', 'server', '@types/node@20')

t.test('U26: npm install --engine-strict refuses nothing of ours', async (t) => {
  const folder = workshop.empty('strict', 'server')
  // Of Fastify itself: light-my-request 6.8 brings a package for Node 22.
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, overrides: { 'light-my-request': '~6.6.0' } }))
  succeeds(t, await execute(folder, 'npm', ['install', '--engine-strict', '--no-audit', '--no-fund', 'fastify@5', workshop.tarball]), 'npm install')
})

t.test('Node', async (t) => {
  for (const file of ['server.mjs', 'server.cjs']) {
    await t.test(file, (t) => startsAndServes(t, plain, node, [file]))
  }
})

t.test('Node with its permission model: it may read the project', async (t) => {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission'
  await startsAndServes(t, plain, node, [flag, `--allow-fs-read=${plain}/*`, 'server.mjs'])
})

const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"

t.test('U11: one file, made by esbuild', async (t) => {
  const tools = await workshop.tool(t, 'esbuild')
  if (tools === undefined) return
  for (const [from, format] of [['server.mjs', 'esm'], ['server.mjs', 'cjs'], ['server.cjs', 'cjs']] as const) {
    await t.test(`${from}, ${format}`, async (t) => {
      const file = `${basename(from, '.mjs')}-${format}.${format === 'esm' ? 'mjs' : 'cjs'}`
      const alone = join(workshop.folder, `esbuild-${file}`)
      const banner = format === 'esm' ? [`--banner:js=${REQUIRE}`] : []
      const args = [from, '--bundle', '--platform=node', `--format=${format}`, `--outfile=${join(alone, file)}`, '--log-level=warning', ...banner]
      if (succeeds(t, await execute(plain, join(tools, '.bin/esbuild'), args), 'esbuild')) await startsAndServes(t, alone, node, [file])
    })
  }
})

t.test('U11: one file, made by @vercel/ncc', async (t) => {
  const tools = await workshop.tool(t, 'ncc')
  if (tools === undefined) return
  for (const [from, file] of [['server.mjs', 'index.mjs'], ['server.cjs', 'index.cjs']] as const) {
    await t.test(from, async (t) => {
      const alone = join(workshop.folder, `ncc-${file}`)
      const { ok, text } = await execute(plain, join(tools, '.bin/ncc'), ['build', from, '-o', join(alone, 'built')])
      if (!succeeds(t, { ok, text }, 'ncc')) return
      // Without the workers that the bundler puts beside it.
      cpSync(join(alone, 'built', file), join(alone, file))
      mkdirSync(join(alone, 'empty'))
      await startsAndServes(t, join(alone, 'empty'), node, [`../${file}`])
    })
  }
})

const MODES: Readonly<Record<string, readonly string[]>> = {
  nodenext: ['--module', 'nodenext', 'index.mts', 'index.cts', 'named.cts'],
  node16: ['--module', 'node16', 'index.mts', 'index.cts', 'named.cts'],
  bundler: ['--module', 'esnext', '--moduleResolution', 'bundler', 'index.mts']
}

t.test('U25: TypeScript, without skipLibCheck', async (t) => {
  const folder = await workshop.project('typescript', 'typescript', '@types/node@20')
  // The newest in every mode is tried by test/package.test.ts.
  for (const [name, modes] of [['TypeScript 5.4', Object.keys(MODES)], ['TypeScript 6.0', ['nodenext']]] satisfies [ToolName, string[]][]) {
    const tools = await workshop.tool(t, name)
    if (tools === undefined) continue
    for (const mode of modes) {
      const args = MODES[mode]!
      const strict = ['--noEmit', '--strict', '--target', 'es2022', '--skipLibCheck', 'false', '--types', 'node', '--ignoreConfig']
      const known = name === 'TypeScript 6.0' ? strict : strict.slice(0, -1)
      succeeds(t, await execute(folder, node, [join(tools, 'typescript/bin/tsc'), ...known, ...args]), `${name}, ${mode}`)
    }
  }
})

t.test('node --test', async (t) => {
  const folder = workshop.empty('node-test', 'node-test')
  cpSync(join(plain, 'node_modules'), join(folder, 'node_modules'), { recursive: true })
  succeeds(t, await execute(folder, node, ['--test']), 'the test passes')
})

t.test('Vitest', async (t) => {
  const folder = await workshop.projectWith(t, 'Vitest', 'vitest')
  if (folder === undefined) return
  succeeds(t, await execute(folder, join(folder, 'node_modules/.bin/vitest'), ['run']), 'the test passes')
})

t.test('U12: Jest as docs/testing.md says', async (t) => {
  for (const [fixture, variables] of [['jest-modules', { NODE_OPTIONS: '--experimental-vm-modules' }], ['jest-commonjs', {}]] as const) {
    await t.test(fixture, async (t) => {
      const folder = await workshop.projectWith(t, 'Jest', fixture)
      if (folder === undefined) return
      succeeds(t, await execute(folder, join(folder, 'node_modules/.bin/jest'), [], variables), 'the test passes')
    })
  }
})

t.test('pnpm', async (t) => {
  const tools = await workshop.tool(t, 'pnpm')
  if (tools === undefined) return
  const folder = workshop.empty('pnpm', 'server')
  const store = join(workshop.folder, 'pnpm-store')
  const args = ['add', '--ignore-scripts', '--store-dir', store, 'fastify@5', workshop.tarball]
  if (succeeds(t, await execute(folder, join(tools, '.bin/pnpm'), args), 'pnpm add')) await startsAndServes(t, folder, node, ['server.mjs'])
})

t.test('Yarn, Plug and Play', async (t) => {
  const tools = await workshop.tool(t, 'Yarn')
  if (tools === undefined) return
  const folder = workshop.empty('yarn', 'server')
  writeFileSync(join(folder, '.yarnrc.yml'), 'enableGlobalCache: false\nenableTelemetry: false\nnodeLinker: pnp\n')
  writeFileSync(join(folder, 'yarn.lock'), '')
  const yarn = join(tools, '@yarnpkg/cli-dist/bin/yarn.js')
  const added = await execute(folder, node, [yarn, 'add', 'fastify@5', `fastify-sockjs@file:${workshop.tarball}`])
  if (!succeeds(t, added, 'yarn add')) return
  await startsAndServes(t, folder, node, ['--require', './.pnp.cjs', '--loader', './.pnp.loader.mjs', 'server.mjs'])
})

t.test('Bun', async (t) => {
  const bun = await runtime(t, workshop, 'Bun')
  if (bun === undefined) return
  for (const file of ['server.mjs', 'server.cjs']) await t.test(file, (t) => startsAndServes(t, plain, bun, [file]))
})

t.test('Deno', async (t) => {
  const deno = await runtime(t, workshop, 'Deno')
  if (deno === undefined) return
  const allowed = ['--allow-net', '--allow-read', '--allow-env', '--allow-sys']
  for (const file of ['server.mjs', 'server.cjs']) await t.test(file, (t) => startsAndServes(t, plain, deno, ['run', ...allowed, file]))
})
