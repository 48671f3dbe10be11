import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Engine } from '../../../src/engine/engine.ts'
import { Batch } from '../../../src/engine/hub/batch.ts'
import { OP, VERSION, writeHello } from '../../../src/engine/hub/wire.ts'
import { type HubOptions, hubEngine } from '../../../src/hub.ts'
import { within } from '../wait.ts'
import { Link } from './link.ts'
import type { EngineWorld } from './world.ts'

const PROGRAM = fileURLToPath(new URL('hub-process.ts', import.meta.url))
const TYPESCRIPT = new URL('../../../scripts/typescript/register.js', import.meta.url).href

/** The engine of a node in a process of its own. */
export async function engine (settings: HubOptions): Promise<Engine> { return hubEngine(settings) }

/** A hub in a process of its own. */
export class HubProcess {
  readonly path: string
  readonly #namespace: string
  #child: ChildProcess | null = null

  constructor (path: string, namespace: string) {
    this.path = path
    this.#namespace = namespace
  }

  /** Starts the hub. It does nothing while the hub runs. */
  async start (): Promise<void> {
    if (this.#child !== null) return
    this.#child = fork(PROGRAM, [this.path, this.#namespace], { execArgv: [`--import=${TYPESCRIPT}`] })
    const failed = once(this.#child, 'exit').then(([code, signal]) => { throw new Error(`the process of the hub ended with ${String(code ?? signal)}`) })
    failed.catch(() => {})
    await within(Promise.race([once(this.#child, 'message'), failed]), 'the hub to listen')
  }

  /** Ends the hub as `kill -9` does. It does nothing while the hub does not run. */
  async kill (): Promise<void> {
    const child = this.#child
    if (child === null) return
    this.#child = null
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  signal (signal: 'SIGSTOP' | 'SIGCONT'): void { this.#child?.kill(signal) }
}

/** Writes rubbish to a hub as a stranger does: bytes of no protocol, and a node that publishes rubbish and then breaks the rules. */
async function writeRubbish (path: string, namespace: string, channel: string): Promise<void> {
  const batch = new Batch()
  batch.bytes(OP.hello, writeHello({ version: VERSION, returning: false, node: 'stranger________', namespace }))
  batch.publication(channel, Buffer.from('\0rubbish\r\n'))
  batch.numbered(OP.release, 0xffffffff, channel)
  batch.bytes(200, Buffer.alloc(0))
  for (const write of [(socket: ReturnType<typeof connect>) => socket.write('GET / HTTP/1.1\r\n\r\n'), batch.writeTo.bind(batch)]) {
    const socket = connect(path).on('error', () => {})
    write(socket)
    socket.resume()
    await within(once(socket, 'close'), 'the hub to close the line of a stranger')
  }
}

/** Nodes of this process at a hub in another, each by a link of its own. */
export async function hubWorld (): Promise<EngineWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'hub-world-'))
  const hubs = new Map<string, Promise<HubProcess>>()
  const links = new Map<Engine, Link>()
  const open = async (namespace: string): Promise<HubProcess> => {
    const hub = new HubProcess(join(folder, namespace), namespace)
    await hub.start()
    return hub
  }
  const hubOf = (namespace: string): Promise<HubProcess> => {
    const hub = hubs.get(namespace) ?? open(namespace)
    hubs.set(namespace, hub)
    return hub
  }
  let made = 0
  const own = await hubOf('hub')
  return {
    name: 'hub',
    async engine ({ namespace = 'hub' } = {}) {
      const path = join(folder, `link-${made++}`)
      const link = await Link.open((await hubOf(namespace)).path, path)
      const engine = hubEngine({ path, namespace })
      links.set(engine, link)
      return engine
    },
    faults: {
      kill: () => own.kill(),
      revive: () => own.start(),
      async stop () { own.signal('SIGSTOP') },
      async cont () { own.signal('SIGCONT') },
      async cut (engine) { links.get(engine)!.cut() },
      async interrupt (engine) { await links.get(engine)!.interrupt() },
      async hang (engine) { links.get(engine)!.hang() },
      async slow (engine, ms) { links.get(engine)!.slow(ms) },
      async mend (engine) { links.get(engine)!.mend() },
      garbage: (channel) => writeRubbish(own.path, 'hub', channel),
      child: { module: new URL(import.meta.url), settings: { path: own.path, namespace: 'hub' } }
    },
    impossible: { elsewhere: 'a cluster on one machine has one hub' },
    async close () {
      for (const link of links.values()) link.close()
      await Promise.all([...hubs.values()].map(async (hub) => { await (await hub).kill() }))
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
