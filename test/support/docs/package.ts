import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'

const TARGET = ts.ScriptTarget.ES2023

/** One file at a time, which knows of no package.json: the kind of modules must be said. */
const TRANSPILE: ts.CompilerOptions = {
  target: TARGET,
  module: ts.ModuleKind.ES2022,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true
}

/**
 * Puts the package into `folder` as npm would install it, made of the current sources.
 *
 * A build may be older than they are. Node finds the packages that it needs in the folders above.
 */
export function installPackage (root: string, folder: string): void {
  mkdirSync(dirname(folder), { recursive: true })
  symlinkSync(madeOnce(root), folder)
}

/** The folder of the package that all processes share. It is made once of the same sources, and its name is their hash. */
function madeOnce (root: string): string {
  const hash = createHash('sha1')
  for (const file of ['package.json', 'scripts/commonjs.js', ...sourcesOf(join(root, 'src')).map((path) => relative(root, path))]) hash.update(file).update(readFileSync(join(root, file)))
  const folder = join(root, 'node_modules/.cache/package', hash.digest('hex'))
  if (existsSync(folder)) return folder
  const draft = `${folder}.${process.pid}`
  make(root, draft)
  try {
    renameSync(draft, folder)
  } catch (error) {
    // Another process was first.
    rmSync(draft, { recursive: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

function make (root: string, folder: string): void {
  mkdirSync(folder, { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  transpileFolder(join(root, 'src'), join(folder, 'dist'))
  execFileSync(process.execPath, [join(root, 'scripts/commonjs.js'), join(folder, 'dist'), 'index', 'stomp', 'hub', 'nats', 'redis', 'kafka', 'inspector'], { env: { ...process.env, NODE_OPTIONS: '', NODE_V8_COVERAGE: '' } })
}

function sourcesOf (folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.d)\.ts$/.test(entry.name)).map(({ parentPath, name }) => join(parentPath, name)).sort()
}

/** Makes JavaScript of the TypeScript in a folder, without a check of its types. */
export function transpileFolder (from: string, to: string): void {
  for (const source of sourcesOf(from)) {
    const target = join(to, source.slice(from.length).replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, ts.transpileModule(readFileSync(source, 'utf8'), { compilerOptions: TRANSPILE, fileName: source }).outputText)
  }
}

/** Lists the complaints of the type checker about files, with the types of the package taken from the sources. */
export function typeErrors (root: string, files: readonly string[]): Map<string, string[]> {
  const program = ts.createProgram(files, {
    target: TARGET,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    lib: ['lib.es2023.d.ts'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    paths: {
      'fastify-sockjs': [join(root, 'src/index.ts')],
      'fastify-sockjs/stomp': [join(root, 'src/stomp.ts')],
      'fastify-sockjs/inspector': [join(root, 'src/inspector.ts')],
      'fastify-sockjs/kafka': [join(root, 'src/kafka.ts')],
      'sockjs-conformance': [join(root, 'protocol-tests/index.ts')]
    }
  })
  return new Map(files.map((file) => {
    const source = program.getSourceFile(file)!
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    return [file, found.map((each) => ts.formatDiagnostic(each, {
      getCanonicalFileName: (name) => name, getCurrentDirectory: () => dirname(file), getNewLine: () => '\n'
    }))]
  }))
}
