import { execFile, fork } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { catalogue } from '../protocol-tests/catalogue.ts'
import { faults } from '../protocol-tests/faults/index.ts'
import { list } from '../protocol-tests/reporters/list.ts'
import { anchorsOf, type Block, blocksOf, linksOf } from './support/docs/markdown.ts'
import { installPackage, typeErrors } from './support/docs/package.ts'
import { warningsIn } from './support/warnings.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const GUIDES = ['README.md', 'PROTOCOL.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)]
const PAGES = [...GUIDES, 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'examples/README.md', 'protocol-tests/README.md']
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const BLOCKS = GUIDES.flatMap((file) => blocksOf(file, textOf(file)))

/** The id of a rule. */
const ROW = /\b[A-Z]+(?:-[A-Z]+)*-\d+\b/g

/** What can be done with a block, and the name its file needs for that. */
const KINDS: Readonly<Record<string, string>> = { 'js run': '.mjs', 'js run cjs': '.cjs', 'js test': '.test.mjs', 'ts check': '.mts' }
const kindOf = ({ language, marks }: Block): string => `${language} ${marks}`.trim()
const nameOf = ({ file, line }: Block): string => `${file}:${line}`

/** Below the repository, so that all packages are there and nothing is installed; ours is the one made of the sources. */
const project = t.testdir({ 'package.json': '{"private":true}' })

function write (kind: string): Map<string, Block> {
  return new Map(BLOCKS.filter((block) => kindOf(block) === kind).map((block) => {
    const file = join(project, `${block.file.replaceAll(/\W/g, '-')}-${block.line}${KINDS[kind]!}`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, block.code)
    return [file, block]
  }))
}

/** Children do not count in the coverage of this test. */
const env = { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '' }

t.test('marks', async (t) => {
  for (const block of BLOCKS.filter(({ marks }) => marks !== '')) {
    t.ok(Object.hasOwn(KINDS, kindOf(block)), `${nameOf(block)}: ${kindOf(block)} is a mark that CONTRIBUTING names`)
  }
})

t.test('links', async (t) => {
  for (const { file, line, target } of PAGES.flatMap((file) => linksOf(file, textOf(file)))) {
    if (/^(?:https?|mailto):/.test(target)) continue
    const [path = '', anchor] = target.split('#')
    const page = path === '' ? file : relative(ROOT, resolve(ROOT, dirname(file), path))
    t.ok(existsSync(join(ROOT, page)), `${file}:${line}: ${target} leads somewhere`)
    if (anchor === undefined || !existsSync(join(ROOT, page))) continue
    t.ok(anchorsOf(textOf(page)).has(anchor), `${file}:${line}: ${target} is a heading there`)
  }
})

t.test('rules', async (t) => {
  const known = new Set(textOf('docs/conformance-cases.md').match(ROW))
  for (const id of new Set(textOf('PROTOCOL.md').match(ROW))) t.ok(known.has(id), `PROTOCOL.md: ${id} is a rule of docs/conformance-cases.md`)
})

t.test('pages that the conformance runner writes', async (t) => {
  t.equal(textOf('docs/conformance-cases.md'), list(catalogue, 'markdown'), 'docs/conformance-cases.md lists the cases as they are')
  const named = [...textOf('docs/conformance-faults.md').matchAll(/^\| ([\w.-]+) \| [A-Z]/gm)].map(([, id]) => id)
  t.same(named, faults.map(({ id }) => id), 'docs/conformance-faults.md has the faults as they are')
})

t.test('types', async (t) => {
  const files = write('ts check')
  for (const [file, problems] of typeErrors(ROOT, [...files.keys()])) {
    t.same(problems, [], `${nameOf(files.get(file)!)} passes the type checker`)
  }
})

t.test('programs', async (t) => {
  installPackage(ROOT, join(project, 'node_modules/fastify-sockjs'))

  t.test('start and listen', async (t) => {
    const files = new Map([...write('js run'), ...write('js run cjs')].map(([file, block]) => [file, nameOf(block)]))
    const child = fork(join(ROOT, 'test/support/docs/run-programs.js'), [...files.keys()], { cwd: project, env, execArgv: [], silent: true })
    child.stdout!.resume()
    let errors = ''
    child.stderr!.on('data', (chunk: Buffer) => { errors += String(chunk) })
    const left = new Set(files.keys())
    child.on('message', ({ file, problem }: { file: string, problem: string | null }) => {
      left.delete(file)
      t.equal(problem, null, `${files.get(file)!} listens`)
    })
    await new Promise((resolve) => child.on('exit', resolve))
    t.same([...left], [], 'all of them were run')
    t.same(warningsIn(errors), [], 'none of them gives a warning (K1)')
  })

  t.test('tests pass', async (t) => {
    await Promise.all([...write('js test')].map(([file, block]) => new Promise<void>((resolve) => {
      execFile(process.execPath, ['--test-reporter=spec', file], { cwd: project, env, timeout: 120_000 }, (error, stdout, stderr) => {
        t.equal(error, null, `${nameOf(block)} passes`, error === null ? {} : { output: stdout.slice(-3000) + stderr.slice(-1000) })
        t.same(warningsIn(stdout + stderr), [], `${nameOf(block)} gives no warning (K1)`)
        resolve()
      })
    })))
  })
})
