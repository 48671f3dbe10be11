import { type ChildProcess, fork } from 'node:child_process'
import { cpSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { installPackage, transpileFolder } from '../docs/package.ts'
import { deferred, within } from '../wait.ts'
import { warningsIn } from '../warnings.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const TELL_PORT = fileURLToPath(new URL('../docs/tell-port.js', import.meta.url))
const STARTS = 180_000

/** An example that runs. */
export interface ExampleProgram {
  readonly url: string
  /** Resolves when the process has ended. */
  readonly gone: Promise<void>
}

/** The examples in a folder below the repository, so that all packages are there. Ours is made of the sources as they are now. */
export class Examples {
  readonly project: string
  /** The process warnings of all examples. */
  readonly warnings: string[] = []

  constructor (t: Test) {
    this.project = t.testdir({ 'package.json': '{"private":true,"type":"module"}' })
    cpSync(join(ROOT, 'examples'), join(this.project, 'examples'), { recursive: true, filter: (path) => !/[/\\](?:node_modules|dist)$/.test(path) })
    installPackage(ROOT, join(this.project, 'node_modules/fastify-sockjs'))
  }

  /** Runs an example as its first line says, until the test ends. */
  async start (t: Test, name: string, env: NodeJS.ProcessEnv = {}): Promise<ExampleProgram> {
    return startProgram(t, this.project, join('examples', name, 'server.js'), this.warnings, env)
  }

  /** Runs an example in TypeScript, without a check of its types. It has no page then. */
  async startTypeScript (t: Test, name: string, file: string): Promise<ExampleProgram> {
    const folder = join('examples', name)
    transpileFolder(join(this.project, folder), join(this.project, folder, 'dist'))
    return startProgram(t, this.project, join(folder, 'dist', file), this.warnings)
  }
}

/** Runs a server, until the test ends. */
export async function startProgram (t: Test, cwd: string, file: string, warnings: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<ExampleProgram> {
  const child: ChildProcess = fork(join(cwd, file), {
    cwd, silent: true, execArgv: ['--import', TELL_PORT], env: { ...process.env, PORT: '0', NODE_V8_COVERAGE: '', NODE_OPTIONS: '', ...env }
  })
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000)
      warnings.push(...warningsIn(chunk.toString()).map((line) => `${file}: ${line}`))
    })
  }
  const listening = deferred<AddressInfo>()
  const gone = deferred<void>()
  child.on('message', (address) => listening.resolve(address as AddressInfo))
  child.on('exit', (code) => {
    gone.resolve()
    listening.reject(new Error(`${file} ended with ${code}: ${output}`))
  })
  t.teardown(() => {
    child.kill('SIGKILL')
    return gone.promise
  })
  const { address, port } = await within(listening.promise, `${file} to listen`, STARTS)
  return { url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`, gone: gone.promise }
}
