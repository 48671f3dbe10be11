import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toolPath } from '../../e2e/tools.ts'
import { EngineServer } from '../engines/servers.ts'
import { fetchJars, made, run } from '../maven.ts'
import { until } from '../wait.ts'

const FILES = fileURLToPath(new URL('.', import.meta.url))
const SOURCE = join(FILES, 'SpringPeer.java')
const POM = join(FILES, 'pom.xml')

/** The version of Spring Boot that the pom names. */
export const VERSION = /<version>(3[\d.]+)</.exec(readFileSync(POM, 'utf8'))![1]!

/** An application of Spring Boot with SockJS and STOMP, see SpringPeer.java. */
export class SpringServer {
  readonly server: EngineServer
  readonly url: string

  private constructor (server: EngineServer) {
    this.server = server
    this.url = `http://127.0.0.1:${server.port}`
  }

  static async start (): Promise<SpringServer> {
    const jars = join(fetchJars(`spring-boot-${VERSION}`, POM), '*')
    const hash = createHash('sha256').update(VERSION).update(readFileSync(SOURCE)).digest('hex').slice(0, 12)
    const classes = made(`spring-peer-${hash}`, (folder) => {
      run(toolPath('JavaCompiler'), ['-encoding', 'UTF-8', '-parameters', '-proc:none', '-cp', jars, '-d', folder, SOURCE])
    })
    const server = await EngineServer.start('Spring', toolPath('Java'), (port, folder) => [
      '-Xmx256m', '-XX:TieredStopAtLevel=1', `-Djava.io.tmpdir=${folder}`, '-cp', `${classes}:${jars}`, 'peer.SpringPeer', '--spring.main.banner-mode=off',
      '--server.shutdown=immediate', '--spring.lifecycle.timeout-per-shutdown-phase=2s', '--server.address=127.0.0.1', `--server.port=${port}`
    ])
    const spring = new SpringServer(server)
    await spring.ready()
    return spring
  }

  /** Waits until the broker has started. The server listens before that. */
  async ready (): Promise<void> {
    await until(async () => (await fetch(`${this.url}/ready`)).ok, 'Spring is ready')
  }

  /** Returns the code with which a session has ended at the server, `null` if it has not. */
  async ended (id: string): Promise<number | null> {
    const response = await fetch(`${this.url}/ended/${id}`)
    const text = await response.text()
    return response.ok ? Number(text) : null
  }

  /** Ends Spring, by `kill -9` or in order, and starts it again on the same port. */
  async restart (how: 'kill' | 'end'): Promise<void> {
    await this.server[how]()
    await this.server.revive()
    await this.ready()
  }

  async close (): Promise<void> { await this.server.close() }
}
