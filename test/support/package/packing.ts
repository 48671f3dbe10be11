import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Copy } from './runtime-tree.ts'

const run = promisify(execFile)

/** Children do not count in the coverage of a test. */
export const ENV = { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '' }

/** One package as `npm pack` describes it. */
export interface Packed {
  readonly tarball: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

/** The files of a clone that make the packages. */
const MAKES = ['src', 'docs', 'examples', 'protocol-tests', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'README.md', 'LICENSE',
  'CHANGELOG.md', 'CONTRIBUTING.md', 'PROTOCOL.md', 'SECURITY.md']

/**
 * Builds the packages in a copy of the clone. So no old file is in them, and the build of the clone stays. The types are not
 * checked, because `npm run types` does that.
 */
export async function build (root: string, copy: string): Promise<void> {
  for (const name of MAKES) cpSync(join(root, name), join(copy, name), { recursive: true, filter: (path) => !/[\\/](?:dist|node_modules)$/.test(path) })
  const node = (folder: string, program: string, ...args: string[]): Promise<unknown> => run(process.execPath, [program, ...args], { cwd: join(copy, folder), env: ENV })
  await Promise.all([['.', 'index', 'stomp', 'contract', 'client', 'stomp-client', 'hub', 'nats', 'redis', 'kafka', 'otel', 'inspector'] as const, ['protocol-tests', 'index'] as const].map(async ([folder, ...entries]) => {
    await node(folder, join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json')
    await node(folder, join(copy, 'scripts/commonjs.js'), 'dist', ...entries)
  }))
}

/** Packs a folder that is built, as `npm publish` would. */
export async function pack (folder: string, into: string): Promise<Packed> {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', into], { cwd: folder, env: ENV, maxBuffer: 2 ** 26 })
  const [packed] = Object.values(JSON.parse(stdout) as Record<string, Omit<Packed, 'tarball'> & { readonly filename: string }>)
  return { ...packed!, tarball: join(into, basename(packed!.filename)) }
}

/**
 * An empty project in which npm installs tarballs. The packages that they need are copied from the repository first, so that npm finds
 * all of them in their place and asks no registry.
 */
export class Project {
  readonly folder: string
  readonly #root: string

  constructor (root: string, folder: string) {
    this.#root = root
    this.folder = folder
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: { fastify: '^5.0.0' } }))
  }

  /** Copies packages, with the links to their commands, to the places that they have in the repository. npm would fetch a package anew whose command is missing. */
  provide (copies: readonly Copy[]): void {
    for (const { place, bin = {} } of copies) {
      mkdirSync(dirname(join(this.folder, place)), { recursive: true })
      cpSync(join(this.#root, place), join(this.folder, place), { recursive: true, filter: (path) => path === join(this.#root, place) || !/[\\/]node_modules$/.test(path) })
      for (const command of Object.keys(bin)) {
        const link = place.slice(0, place.lastIndexOf('node_modules/')) + `node_modules/.bin/${command}`
        cpSync(join(this.#root, link), join(this.folder, link), { verbatimSymlinks: true })
      }
    }
  }

  /**
   * Installs a tarball. A package that it needs and does not find is an error, because npm is offline.
   *
   * There is no lock file. With the lock of an earlier install, npm would not look at the packages that were copied since.
   *
   * npm would ask the registry about each peer, also where it is in place. So it leaves the peers alone, and `installed` finds a wrong one.
   */
  async install (tarball: string): Promise<void> {
    await run('npm', ['install', '--offline', '--legacy-peer-deps', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', tarball], { cwd: this.folder, env: ENV })
  }

  /** The names of all packages that are installed for production. */
  async installed (): Promise<string[]> {
    const { stdout } = await run('npm', ['ls', '--omit=dev', '--all', '--parseable'], { cwd: this.folder, env: ENV })
    return stdout.trim().split('\n').slice(1).map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)).sort()
  }

  /** Runs a program of the project, and returns its output. */
  async node (...args: readonly string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [...args], { cwd: this.folder, env: ENV, timeout: 100_000 })
    return stdout
  }
}
