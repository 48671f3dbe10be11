import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
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
 * Puts the package into `folder` as it would be installed, from the sources as they are now: a build may be older than
 * they are. The packages it needs are found in the folders above.
 */
export function installPackage (root: string, folder: string): void {
  mkdirSync(folder, { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  transpileFolder(join(root, 'src'), join(folder, 'dist'))
  execFileSync(process.execPath, [join(root, 'scripts/commonjs.js'), join(folder, 'dist'), 'index', 'stomp'], { env: { ...process.env, NODE_OPTIONS: '', NODE_V8_COVERAGE: '' } })
}

function transpileFolder (from: string, to: string): void {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/(?<!\.d)\.ts$/.test(entry.name)) continue
    const source = join(entry.parentPath, entry.name)
    const target = join(to, source.slice(from.length).replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, ts.transpileModule(readFileSync(source, 'utf8'), { compilerOptions: TRANSPILE, fileName: source }).outputText)
  }
}

/** What the type checker says about files, with the package's types taken from the sources. */
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
