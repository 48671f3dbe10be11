import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const FIXTURES = [fileURLToPath(new URL('projects/', import.meta.url)), join(ROOT, 'test/support/package/projects/')]
const REQUIRED = process.env['E2E'] === 'required'

const run = promisify(execFile)

/** The programs that load the package, each from npm and in one version, so that a run says the same tomorrow. */
export const TOOLS = {
  esbuild: ['esbuild@0.28.2'],
  Vite: ['vite@7.3.8'],
  webpack: ['webpack@5.113.0', 'webpack-cli@7.3.1'],
  Angular: ['build', 'cli', 'common', 'compiler', 'compiler-cli', 'core', 'platform-browser'].map((name) => `@angular/${name}@20`).concat('rxjs@7', 'tslib@2', 'typescript@5.9'),
  ncc: ['@vercel/ncc@0.45.0'],
  'TypeScript 5.4': ['typescript@5.4.5'],
  'TypeScript 6.0': ['typescript@6.0.3'],
  Jest: ['jest@30.5.2', '@babel/preset-env@7'],
  Vitest: ['vitest@3.2.7'],
  pnpm: ['pnpm@10.34.9'],
  Yarn: ['@yarnpkg/cli-dist@4.18.1'],
  'Node 20': [`node-${process.platform}-${process.arch}@20.20.2`],
  'Node 22': [`node-${process.platform}-${process.arch}@22.23.5`],
  'Node 24': [`node-${process.platform}-${process.arch}@24.22.3`],
  Bun: ['bun@1.4.5'],
  Deno: ['deno@2.9.6']
} as const satisfies Record<string, readonly string[]>

export type ToolName = keyof typeof TOOLS

/** What a program printed. */
export interface Output {
  readonly ok: boolean
  readonly text: string
}

/** Nothing of the runner that drives this suite reaches the programs that it starts. */
export const CLEAN_ENV = { ...process.env, NODE_OPTIONS: '', NODE_V8_COVERAGE: '', TAP: '', FORCE_COLOR: '0' }

/** Runs a program to its end. */
export async function execute (folder: string, command: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Output> {
  try {
    const { stdout, stderr } = await run(command, args, { cwd: folder, env: { ...CLEAN_ENV, ...more }, timeout: 120_000, maxBuffer: 2 ** 26 })
    return { ok: true, text: stdout + stderr }
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as { stdout?: string, stderr?: string, message: string }
    return { ok: false, text: `${stdout}${stderr}\n${message}` }
  }
}

/** A folder outside of the repository, where no package is found by accident, and the packed package in it. */
export class Workshop {
  readonly folder: string
  readonly tarball: string
  readonly #tools = new Map<ToolName, string>()

  private constructor (tarball: string, folder: string) {
    this.folder = folder
    this.tarball = tarball
  }

  /** Builds and packs the package, as `npm publish` would. */
  static async open (t: Test): Promise<Workshop> {
    const folder = mkdtempSync(join(tmpdir(), 'fastify-sockjs-loading-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const { ok, text } = await execute(ROOT, 'npm', ['pack', '--json', '--foreground-scripts=false', '--pack-destination', folder])
    const name = /fastify-sockjs-[\w.-]+\.tgz/.exec(text)?.[0]
    if (!ok || name === undefined) throw new Error(`npm pack failed: ${text}`)
    return new Workshop(join(folder, name), folder)
  }

  /** A project with the files of a fixture and nothing installed. */
  empty (name: string, fixture: string): string {
    const folder = join(this.folder, name)
    mkdirSync(folder, { recursive: true })
    const from = FIXTURES.map((place) => join(place, fixture)).find((place) => existsSync(place))!
    cpSync(from, folder, { recursive: true })
    return folder
  }

  /** A project in which npm has installed the package, Fastify and what else is named. */
  async project (name: string, fixture: string, ...more: readonly string[]): Promise<string> {
    const folder = this.empty(name, fixture)
    const { ok, text } = await npmInstall(folder, 'fastify@5', this.tarball, ...more)
    if (!ok) throw new Error(`npm install failed: ${text}`)
    return folder
  }

  /** The same with a tool; `undefined`, loudly, where npm cannot install that. */
  async projectWith (t: Test, tool: ToolName, name: string): Promise<string | undefined> {
    const folder = this.empty(`${name}-${tool}`, name)
    const { ok, text } = await npmInstall(folder, 'fastify@5', this.tarball, ...TOOLS[tool])
    if (ok) return folder
    missing(t, tool, text)
    return undefined
  }

  /** The folder of packages that a tool is in; `undefined`, loudly, where npm cannot install it. */
  async tool (t: Test, name: ToolName): Promise<string | undefined> {
    const known = this.#tools.get(name)
    if (known !== undefined) return known
    const folder = join(this.folder, `tool-${name.replaceAll(' ', '-')}`)
    mkdirSync(folder)
    writeFileSync(join(folder, 'package.json'), '{ "private": true }')
    const { ok, text } = await npmInstall(folder, ...TOOLS[name])
    if (!ok) {
      missing(t, name, text)
      return undefined
    }
    const modules = join(folder, 'node_modules')
    this.#tools.set(name, modules)
    return modules
  }
}

function npmInstall (folder: string, ...packages: readonly string[]): Promise<Output> {
  return execute(folder, 'npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages])
}

/** Says that something was not tried. Under `E2E=required` that is a failure. */
export function missing (t: Test, name: string, why: string): void {
  process.stderr.write(`test:e2e: NOT TRIED, npm cannot install it: ${name}\n${why}\n`)
  if (REQUIRED) t.fail(`${name} is installed`)
  else t.comment(`NOT TRIED: ${name}`)
}
