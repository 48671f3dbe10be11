import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { satisfies } from 'semver'
import t from 'tap'
import ts from 'typescript'
import { clientScript, clientVersion } from '../src/embedded/client-script.ts'
import { version } from '../src/embedded/version.ts'
import { type Lock, packagesOf, runtimeTree } from './support/package/runtime-tree.ts'

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
const MAKES = ['src', 'protocol-tests', 'examples', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'README.md', 'LICENSE', 'CHANGELOG.md']
const clone = t.testdir()
for (const name of MAKES) cpSync(join(ROOT, name), join(clone, name), { recursive: true })

/** Outside of the repository: no package is found there by accident. */
const outside = mkdtempSync(join(tmpdir(), 'fastify-sockjs-'))
t.teardown(() => rmSync(outside, { recursive: true, force: true }))

/** What `require()` leads to, beside the modules of the same names. */
const COMMONJS = ['index', 'stomp', 'conformance/index'].flatMap((name) => [`dist/${name}.cjs`, `dist/${name}.d.cts`])

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly version: string
  readonly engines: { readonly node: string }
}

const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock

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

/** Each way to look for declarations that an application may have chosen. */
const MODES: Readonly<Record<string, ts.CompilerOptions>> = {
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  node16: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }
}

t.test('U11: what a bundle takes with it is what is installed', async (t) => {
  const client = (name: string): string => readFileSync(join(ROOT, 'node_modules/sockjs-client', name), 'utf8')
  t.equal(version, manifest.version, 'the version of the package: npm run embed')
  t.equal(clientVersion, (JSON.parse(client('package.json')) as { version: string }).version, 'the version of the script: npm run embed')
  t.equal(clientScript, client('dist/sockjs.min.js'), 'the script, byte for byte: npm run embed')
  t.ok(readFileSync(join(ROOT, 'src/embedded/client-script.ts'), 'utf8').includes(client('LICENSE').trim()), 'its licence stands beside it')
})

t.test('U26: every package of the production tree runs on the oldest Node that this one supports', async (t) => {
  const oldest = ['20.19.0', '22.12.0']
  t.ok(oldest.every((node) => satisfies(node, manifest.engines.node)))
  const tree = packagesOf(lock)
  t.ok(tree.length > 10)
  t.same(tree.filter(({ engines }) => !oldest.every((node) => satisfies(node, engines?.node ?? '*'))).map(({ name }) => name), [])
})

t.test('the package', { timeout: 0 }, async (t) => {
  const { stdout } = await run('npm', ['pack', '--json', '--foreground-scripts=false', '--pack-destination', outside], { cwd: clone, env, maxBuffer: 2 ** 26 })
  const [packed] = Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, Packed>)
  const tarball = join(outside, packed!.filename)

  t.test('holds what is needed, and nothing else', async (t) => {
    const page = readdirSync(join(ROOT, 'examples/demo')).map((name) => `examples/demo/${name}`)
    const expected = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', ...page, ...built('src', 'dist'), ...built('protocol-tests', 'dist/conformance'), ...COMMONJS]
    t.same(packed!.files.map(({ path }) => path).sort(), expected.sort())
  })

  t.test('is as large as docs/package.md says, within a tenth', async (t) => {
    for (const [what, size] of [['packed', packed!.size], ['unpacked', packed!.unpackedSize]] as const) {
      const stated = Number(new RegExp(`\\| ${what} \\| ([\\d,]+) kB`).exec(STATED)?.[1]?.replaceAll(',', ''))
      t.ok(Math.abs(size / 1000 - stated) <= stated / 10, `${what}: ${Math.round(size / 1000)} kB, stated: ${stated} kB`)
    }
  })

  t.test('brings the packages that docs/package.md lists', async (t) => {
    const listed = [.../```text\n([^`]*)```/.exec(STATED)![1]!.matchAll(/^(\S+) +(\S+)$/gm)].map(([, name, license]) => ({ name, license }))
    t.same(listed, runtimeTree(lock))
    t.equal(Number(/\| packages \| (\d+)/.exec(STATED)?.[1]), listed.length)
  })

  for (const [name, program] of [['esm', 'index.js'], ['commonjs', 'index.js']] as const) {
    t.test(`works in an empty project: ${name}`, async (t) => {
      const folder = await project(name, tarball, 'sockjs-client')
      const { stdout } = await run(process.execPath, [program], { cwd: folder, env, timeout: PATIENCE })
      t.same(JSON.parse(stdout), { websocket: 'hello', 'xhr-polling': 'hello', stomp: { content: 'Hello, kim!' }, cases: true })
    })
  }

  t.test('U25: works in an empty project: typescript', async (t) => {
    const folder = await project('typescript', tarball, '@types/node')
    const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), ts.sys.readFile) as { config: object }
    const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, folder)
    t.equal(fileNames.length, 3, 'a module and two CommonJS files')
    for (const [mode, changed] of Object.entries(MODES)) {
      const isBundler = changed.moduleResolution === ts.ModuleResolutionKind.Bundler
      const program = ts.createProgram(fileNames.filter((name) => !isBundler || name.endsWith('.mts')), { ...options, ...changed })
      t.same(ts.getPreEmitDiagnostics(program).map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n')), [], mode)
      const foreign = program.getSourceFiles().map(({ fileName }) => fileName).filter((name) => /\/@types\/ws\/|\/@fastify\/websocket\//.test(name))
      t.same(foreign, [], `${mode}: no declarations that an application would have to install`)
    }
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
