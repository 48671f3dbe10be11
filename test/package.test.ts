import { execFile, fork } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { satisfies } from 'semver'
import t, { type Test } from 'tap'
import ts from 'typescript'
import { asyncapiPage } from '../src/embedded/asyncapi-page.ts'
import { clientScript, clientVersion } from '../src/embedded/client-script.ts'
import { inspectorPage } from '../src/embedded/inspector-page.ts'
import { version } from '../src/embedded/version.ts'
import { blocksOf, linksOf } from './support/docs/markdown.ts'
import { build, ENV, pack, type Packed, Project } from './support/package/packing.ts'
import { licencesOf, type Lock, packagesOf } from './support/package/runtime-tree.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PROJECTS = join(ROOT, 'test/support/package/projects')
const STATED = readFileSync(join(ROOT, 'docs/package.md'), 'utf8')

/** The most packages that an application gets with this one and would not have with Fastify alone. */
const MOST_PACKAGES = 15

const run = promisify(execFile)

interface Manifest {
  readonly name: string
  readonly version: string
  readonly engines: { readonly node: string }
}

const read = (path: string): unknown => JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
const manifest = read('package.json') as Manifest
const lock = read('package-lock.json') as Lock

/** The packages that Fastify brings, itself included. */
const FASTIFY = [{ ...lock.packages['node_modules/fastify']!, name: 'fastify', place: 'node_modules/fastify' }, ...packagesOf(lock, 'node_modules/fastify')]

/** A folder outside of the repository: no package is found there by accident. */
const outside = mkdtempSync(join(tmpdir(), 'fastify-sockjs-'))
t.teardown(() => rmSync(outside, { recursive: true, force: true }))

/** The files below a folder, with the folder in their names. */
function filesBelow (folder: string, left = /^$/): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name))).filter((path) => !left.test(path))
}

/** The files of `dist/` that sources become. */
function built (folder: string, left = /^$/): string[] {
  return filesBelow(folder, left).filter((path) => /(?<!\.d)\.ts$/.test(path))
    .flatMap((path) => ['.js', '.d.ts'].map((ending) => join('dist', relative(folder, path).replace(/\.ts$/, ending))))
}

/** The files that `require()` leads to, beside the modules of the same names. */
const commonjs = (...names: string[]): string[] => names.flatMap((name) => [`dist/${name}.cjs`, `dist/${name}.d.cts`])

/** Each way to look for declarations that an application may have chosen. */
const MODES: Readonly<Record<string, ts.CompilerOptions>> = {
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  node16: { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }
}

t.test('U11: a bundle contains the versions that are installed', async (t) => {
  const client = (name: string): string => readFileSync(join(ROOT, 'node_modules/sockjs-client', name), 'utf8')
  t.equal(version, manifest.version, 'the version of the package: npm run embed')
  t.equal(clientVersion, (JSON.parse(client('package.json')) as { version: string }).version, 'the version of the script: npm run embed')
  t.equal(clientScript, client('dist/sockjs.min.js'), 'the script, byte for byte: npm run embed')
  const page = join(ROOT, 'src/inspector/page')
  t.same(inspectorPage, Object.fromEntries(readdirSync(page).map((name) => [name, readFileSync(join(page, name), 'utf8')])), 'the page of the inspector: npm run embed')
  const documentPage = join(ROOT, 'src/stomp/asyncapi/page')
  for (const name of readdirSync(documentPage)) t.equal(asyncapiPage[name], readFileSync(join(documentPage, name), 'utf8'), `${name} of the page of AsyncAPI: npm run embed`)
  t.ok(readFileSync(join(ROOT, 'src/embedded/client-script.ts'), 'utf8').includes(client('LICENSE').trim()), 'its licence stands beside it')
})

t.test('U26: every package of the production trees runs on the oldest Node that this one supports', async (t) => {
  const oldest = ['20.19.0', '22.12.0']
  t.ok(oldest.every((node) => satisfies(node, manifest.engines.node)))
  const tree = [...packagesOf(lock, ''), ...packagesOf(lock, 'protocol-tests')]
  t.ok(tree.length > 10)
  t.same(tree.filter(({ engines }) => !oldest.every((node) => satisfies(node, engines?.node ?? '*'))).map(({ name }) => name), [])
})

t.test('the packages of the repository have one version, and need the same Node', async (t) => {
  for (const folder of ['protocol-tests', 'examples/demo']) {
    const { version, engines } = read(`${folder}/package.json`) as Manifest
    t.same({ version, engines }, { version: manifest.version, engines: manifest.engines }, folder)
    t.equal(lock.packages[folder]?.version, version, `${folder}: package-lock.json`)
  }
})

/** Checks that the relative links of the pages of an installed package lead to files of the package. */
function judgeLinks (t: Test, folder: string, pages: readonly string[]): void {
  for (const page of pages) {
    for (const { line, target } of linksOf(page, readFileSync(join(folder, page), 'utf8'))) {
      const [path = ''] = target.split('#')
      if (path === '' || /^(?:https?|mailto):/.test(target)) continue
      const found = resolve(folder, dirname(page), path)
      t.ok(existsSync(found) && !relative(folder, found).startsWith('..'), `${page}:${line}: ${target} is in the package`)
    }
  }
}

/** The complaints of the compiler about the files of a project, in one mode, and all files that it read. */
function check (folder: string, changed: ts.CompilerOptions): { complaints: string[], files: string[] } {
  const { config } = ts.readConfigFile(join(folder, 'typescript/tsconfig.json'), ts.sys.readFile) as { config: object }
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, join(folder, 'typescript'))
  const isBundler = changed.moduleResolution === ts.ModuleResolutionKind.Bundler
  const program = ts.createProgram(fileNames.filter((name) => !isBundler || name.endsWith('.mts')), { ...options, ...changed })
  // The declarations of Node and Fastify are read and not judged: that would take most of the time.
  const ours = program.getSourceFiles().filter(({ fileName }) => !fileName.includes('/node_modules/') || /\/node_modules\/(?:fastify-sockjs|sockjs-conformance)\//.test(fileName))
  const found = [...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics(), ...ours.flatMap((file) => ts.getPreEmitDiagnostics(program, file))]
  return {
    complaints: found.map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n')),
    files: program.getSourceFiles().map(({ fileName }) => fileName)
  }
}

t.test('the packages, packed and installed', { timeout: 0 }, async (t) => {
  const clone = t.testdir()
  await build(ROOT, clone)
  const [own, runner] = await Promise.all([pack(clone, outside), pack(join(clone, 'protocol-tests'), outside)])
  const project = new Project(ROOT, join(outside, 'project'))
  cpSync(PROJECTS, project.folder, { recursive: true })
  const modules = join(project.folder, 'node_modules')
  const pages = (packed: Packed): string[] => packed.files.map(({ path }) => path).filter((path) => path.endsWith('.md'))

  t.test('fastify-sockjs holds its build, documents and examples, and nothing else', async (t) => {
    const pages = ['README.md', 'LICENSE', 'CHANGELOG.md', 'CONTRIBUTING.md', 'PROTOCOL.md', 'SECURITY.md', ...filesBelow('docs', /^docs\/api\//)]
    const expected = ['package.json', ...pages, ...filesBelow('examples', /^examples\/demo\//), ...built('src'), ...commonjs('index', 'stomp', 'contract', 'client', 'stomp-client', 'hub', 'nats', 'redis', 'kafka', 'otel', 'inspector')]
    t.same(own.files.map(({ path }) => path).sort(), expected.sort())
  })

  t.test('sockjs-conformance holds its build and its commands, and nothing else', async (t) => {
    const sources = built('protocol-tests', /^protocol-tests\/(?:faults|peers|dist|node_modules)\//)
    t.same(runner.files.map(({ path }) => path).sort(), ['package.json', 'README.md', 'LICENSE', 'bin/sockjs-conformance.js', 'bin/sockjs-doctor.js', ...sources, ...commonjs('index')].sort())
  })

  t.test('they are as large as docs/package.md says, within a tenth', async (t) => {
    for (const [what, size] of [['packed', own.size], ['unpacked', own.unpackedSize]] as const) {
      const stated = Number(new RegExp(`\\| ${what} \\| ([\\d,]+) kB`).exec(STATED)?.[1]?.replaceAll(',', ''))
      t.ok(Math.abs(size / 1000 - stated) <= stated / 10, `${what}: ${Math.round(size / 1000)} kB, stated: ${stated} kB`)
    }
  })

  await t.test('fastify-sockjs brings the packages that docs/package.md lists', async (t) => {
    const tree = packagesOf(lock, '')
    project.provide([...FASTIFY, ...tree])
    await project.install(own.tarball)
    const listed = [.../```text\n([^`]*)```/.exec(STATED)![1]!.matchAll(/^(\S+) +(\S+)$/gm)].map(([, name, license]) => ({ name, license }))
    t.same(listed, licencesOf(tree))
    const fastify = new Set(FASTIFY.map(({ name }) => name))
    const added = new Set((await project.installed()).filter((name) => name !== manifest.name && !fastify.has(name)))
    t.same([...added].sort(), listed.map(({ name }) => name).filter((name) => !fastify.has(name!)))
    t.ok(added.size <= MOST_PACKAGES, `${added.size} packages, at most ${MOST_PACKAGES}`)
    const [, packages, shared, more] = /\| packages \| (\d+), of which Fastify brings (\d+) itself: (\d+) more/.exec(STATED) ?? []
    t.same([packages, shared, more].map(Number), [listed.length, listed.length - added.size, added.size])
  })

  await t.test('allowDrafts names the package that is missing, at boot', async (t) => {
    t.match(JSON.parse(await project.node('drafts/index.js')), {
      code: 'FST_SOCKJS_MISSING_PACKAGE',
      message: /^endpoint \/echo: the option allowDrafts needs the package websocket-driver; run: npm install websocket-driver \(it cannot be loaded: Cannot find /
    })
    t.same(JSON.parse(await project.node('drafts/index.js', 'without')), { code: null }, 'without the option the package is not asked for')
  })

  await t.test('sockjs-conformance brings its own', async (t) => {
    project.provide(packagesOf(lock, 'protocol-tests'))
    await project.install(runner.tarball)
    t.same(JSON.parse(await project.node('drafts/index.js')), { code: null }, 'websocket-driver is among them')
  })

  t.test('every relative link of their pages leads to a file of the package', async (t) => {
    t.ok(pages(own).includes('docs/package.md'))
    judgeLinks(t, join(modules, 'fastify-sockjs'), pages(own))
    judgeLinks(t, join(modules, 'sockjs-conformance'), pages(runner))
  })

  t.test('the command sockjs-conformance starts', async (t) => {
    const command = join(modules, '.bin/sockjs-conformance')
    const { stdout: help } = await run(command, ['--help'], { env: ENV })
    t.match(help, /^Usage: sockjs-conformance \[options\] \[url\]\n/)
    const { stdout } = await run(command, ['--version'], { env: ENV })
    t.equal(stdout.trim(), manifest.version)
  })

  // Packages that an application would install beside.
  for (const name of ['sockjs-client', '@stomp/stompjs', '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }

  t.test('the programs of the README start', async (t) => {
    const files = blocksOf('README.md', readFileSync(join(modules, 'fastify-sockjs/README.md'), 'utf8')).filter(({ marks }) => marks === 'run')
      .map(({ code, line }) => {
        const file = join(project.folder, `readme-${line}.mjs`)
        writeFileSync(file, code)
        return file
      })
    t.ok(files.length > 0)
    const child = fork(join(ROOT, 'test/support/docs/run-programs.js'), files, { cwd: project.folder, env: ENV, execArgv: [], silent: true })
    child.stdout!.resume()
    child.stderr!.resume()
    const problems = new Map<string, string | null>()
    child.on('message', ({ file, problem }: { file: string, problem: string | null }) => problems.set(file, problem))
    await new Promise((resolve) => child.on('exit', resolve))
    t.same([...problems], files.map((file) => [file, null]))
  })

  for (const program of ['esm/index.js', 'commonjs/index.js']) {
    t.test(`fastify-sockjs works in an empty project: ${program}`, async (t) => {
      t.same(JSON.parse(await project.node(program)), { websocket: 'hello', 'xhr-polling': 'hello', stomp: { content: 'Hello, kim!' } })
    })
  }

  for (const program of ['conformance/index.js', 'conformance/index.cjs']) {
    t.test(`sockjs-conformance works in an empty project: ${program}`, async (t) => {
      t.same(JSON.parse(await project.node(program)), { cases: true, reporters: ['human', 'tap', 'junit', 'json', 'html'] })
    })
  }

  t.test('U25: they work in an empty project: typescript', async (t) => {
    // Both packages in one program, because each reads the declarations of Node and Fastify.
    for (const name of ['types.mts', 'types.cts']) cpSync(join(PROJECTS, 'conformance', name), join(project.folder, 'typescript', name))
    for (const [mode, changed] of Object.entries(MODES)) {
      const { complaints, files } = check(project.folder, changed)
      t.same(complaints, [], mode)
      for (const name of ['fastify-sockjs', 'sockjs-conformance']) t.ok(files.some((file) => file.startsWith(join(modules, name))), `${mode}: ${name}`)
      t.same(files.filter((file) => /\/@types\/ws\/|\/@fastify\/websocket\//.test(file)), [], `${mode}: no declarations that an application would have to install`)
    }
  })
})
