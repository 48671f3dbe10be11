import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { listening } from '../listening.ts'
import { toolPath } from '../../e2e/tools.ts'

/** A server of a messaging system, in a process and a folder of its own. */
export class EngineServer {
  /** The processes of all servers. A test that ends by itself, or by an error, leaves none. */
  static readonly #children = new Set<ChildProcess>()
  readonly port: number
  readonly #name: string
  readonly #command: string
  readonly #args: readonly string[]
  readonly #folder: string
  #child: ChildProcess | null = null

  private constructor (name: string, command: string, args: readonly string[], port: number, folder: string) {
    this.#name = name
    this.#command = command
    this.#args = args
    this.port = port
    this.#folder = folder
  }

  /** Starts a server. The arguments come from a port and a folder for its data. */
  static async start (name: string, command: string, args: (port: number, folder: string) => readonly string[], port?: number): Promise<EngineServer> {
    const own = port ?? await freePort()
    const folder = await mkdtemp(join(tmpdir(), 'engine-'))
    const server = new EngineServer(name, command, args(own, folder), own, folder)
    await server.revive()
    return server
  }

  get running (): boolean { return this.#child !== null }

  /** Starts the server again on its port. It does nothing while the server runs. */
  async revive (): Promise<void> {
    if (this.#child !== null) return
    const output: string[] = []
    const child = spawn(this.#command, this.#args, { cwd: this.#folder, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => { if (output.length < 200) output.push(String(text)) })
    if (EngineServer.#children.size === 0) process.once('exit', EngineServer.#end)
    EngineServer.#children.add(child)
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('exit', (code, signal) => {
        EngineServer.#children.delete(child)
        if (EngineServer.#children.size === 0) process.removeListener('exit', EngineServer.#end)
        if (this.#child === child) this.#child = null
        resolve(`it ended with ${String(code ?? signal)}`)
      })
    })
    const failed = exited.then((how) => { throw new Error(`${this.#name}: ${how}\n${output.join('')}`) })
    failed.catch(() => {})
    await Promise.race([failed, listening(this.#name, this.port)])
  }

  /** Ends the server as `kill -9` does. It does nothing while the server does not run. */
  async kill (): Promise<void> { await this.#endBy('SIGKILL') }

  /** Asks the server to end, and waits until it has. It does nothing while the server does not run. */
  async end (): Promise<void> { await this.#endBy('SIGTERM') }

  async #endBy (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (child === null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  /** Stops or continues the process. */
  signal (signal: 'SIGSTOP' | 'SIGCONT'): void { this.#child?.kill(signal) }

  /** Ends the server and removes its folder. */
  async close (): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  static #end (): void { for (const child of EngineServer.#children) child.kill('SIGKILL') }
}

/** Starts a nats-server. Further arguments make a cluster of several. */
export async function startNats (args: readonly string[] = [], port?: number): Promise<EngineServer> {
  return await EngineServer.start('nats-server', toolPath('NATS'), (own) => ['-a', '127.0.0.1', '-p', String(own), ...args], port)
}

/** Starts a nats-server with JetStream, which keeps its data while the server is down. */
export async function startJetStream (args: readonly string[] = [], port?: number): Promise<EngineServer> {
  return await EngineServer.start('nats-server', toolPath('NATS'), (own, folder) => ['-a', '127.0.0.1', '-p', String(own), '-n', `s${own}`, '-js', '-sd', folder, ...args], port)
}

/** Starts a redis-server that keeps nothing on disk. */
export async function startRedis (args: readonly string[] = [], port?: number): Promise<EngineServer> {
  return await EngineServer.start('redis-server', toolPath('Redis'),
    (own, folder) => ['--bind', '127.0.0.1', '--port', String(own), '--dir', folder, '--save', '', '--appendonly', 'no', ...args], port)
}
