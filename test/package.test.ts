import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import ts from 'typescript'
import { type Lock, runtimeTree } from './support/package/runtime-tree.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PROJECTS = join(ROOT, 'test/support/package/projects')
const STATED = readFileSync(join(ROOT, 'docs/package.md'), 'utf8')
const PATIENCE = 100_000

const run = promisify(execFile)
const env = { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '' }

interface Packed {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

/** What a clone has that makes the package; built and packed apart, so that nothing old is in it and nobody else's build is touched. */
const MAKES = ['src', 'protocol-tests', 'examples', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'README.md', 'LICENSE', 'CHANGELOG.md']
const clone = t.testdir()
for (const name of MAKES) cpSync(join(ROOT, name), join(clone, name), { recursive: true })

/** Outside of the repository: no package is found there by accident. */
const outside = mkdtempSync(join(tmpdir(), 'fastify-sockjs-'))
t.teardown(() => rmSync(outside, { recursive: true, force: true }))

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly version: string
}

/** The sources of everything in dist/, by the name that each file has there. */
function built (folder: string, into: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?<!\.d)\.ts$/.test(name) && !/^(faults|peers)\//.test(name))
    .flatMap((name) => ['.js', '.d.ts'].map((ending) => join(into, name.replace(/\.ts$/, ending))))
}

/** A project as `npm install fastify <tarball>` leaves it: the package itself, and of others only what it asks for. */
function project (name: string, tarball: string, ...more: string[]): Promise<string> {
  const folder = join(outside, name)
  cpSync(join(PROJECTS, name), folder, { recursive: true })
  for (const each of [...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }), ...more]) {
    const place = join(folder, 'node_modules', each)
    mkdirSync(dirname(place), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', each), place)
  }
  const ours = join(folder, 'node_modules/fastify-sockjs')
  mkdirSync(ours)
  return run('tar', ['-xzf', tarball, '-C', ours, '--strip-components=1']).then(() => folder)
}

t.test('the package', { timeout: 0 }, async (t) => {
  const { stdout } = await run('npm', ['pack', '--json', '--foreground-scripts=false', '--pack-destination', outside], { cwd: clone, env, maxBuffer: 2 ** 26 })
  const [packed] = Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, Packed>)
  const tarball = join(outside, packed!.filename)

  t.test('holds what is needed, and nothing else', async (t) => {
    const page = readdirSync(join(ROOT, 'examples/demo')).map((name) => `examples/demo/${name}`)
    const expected = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', ...page, ...built('src', 'dist'), ...built('protocol-tests', 'dist/conformance')]
    t.same(packed!.files.map(({ path }) => path).sort(), expected.sort())
  })

  t.test('is as large as docs/package.md says, within a tenth', async (t) => {
    for (const [what, size] of [['packed', packed!.size], ['unpacked', packed!.unpackedSize]] as const) {
      const stated = Number(new RegExp(`\\| ${what} \\| ([\\d,]+) kB`).exec(STATED)?.[1]?.replaceAll(',', ''))
      t.ok(Math.abs(size / 1000 - stated) <= stated / 10, `${what}: ${Math.round(size / 1000)} kB, stated: ${stated} kB`)
    }
  })

  t.test('brings the packages that docs/package.md lists', async (t) => {
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock
    const listed = [.../```text\n([^`]*)```/.exec(STATED)![1]!.matchAll(/^(\S+) +(\S+)$/gm)].map(([, name, license]) => ({ name, license }))
    t.same(listed, runtimeTree(lock))
    t.equal(Number(/\| packages \| (\d+)/.exec(STATED)?.[1]), listed.length)
  })

  for (const [name, program] of [['esm', 'index.js'], ['commonjs', 'index.js']] as const) {
    t.test(`works in an empty project: ${name}`, async (t) => {
      const folder = await project(name, tarball)
      const { stdout } = await run(process.execPath, [program], { cwd: folder, env, timeout: PATIENCE })
      t.same(JSON.parse(stdout), { websocket: 'hello', 'xhr-polling': 'hello', stomp: { content: 'Hello, kim!' }, cases: true })
    })
  }

  t.test('works in an empty project: typescript', async (t) => {
    const folder = await project('typescript', tarball, '@types/node')
    const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), ts.sys.readFile) as { config: object }
    const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, folder)
    t.equal(fileNames.length, 2, 'a module and a CommonJS file')
    const program = ts.createProgram(fileNames, options)
    t.same(ts.getPreEmitDiagnostics(program).map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n')), [])
  })

  t.test('has a command that starts', async (t) => {
    const folder = await project('command', tarball)
    const bin = join(folder, 'node_modules/fastify-sockjs', (manifest as unknown as { bin: Record<string, string> }).bin['fastify-sockjs']!)
    const { stdout } = await run(process.execPath, [bin, '--version'], { cwd: folder, env, timeout: PATIENCE })
    t.equal(stdout.trim(), manifest.version)
    const { stdout: pages } = await run(process.execPath, ['index.js', bin], { cwd: folder, env, timeout: PATIENCE })
    t.same(JSON.parse(pages), { page: 200, script: 200, echo: 'Welcome to SockJS!\n', code: 0 })
  })
})
