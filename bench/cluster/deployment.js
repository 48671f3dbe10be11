import { setTimeout as delay } from 'node:timers/promises'
import { ServerProcess } from '../server-process.js'
import { ENGINES } from './clients.js'
import { startEngine } from './engine-process.js'

/** The nodes of a row, each in a process of its own, and their engine. Rows that differ in nothing but the client's ways share one. */
export class Deployment {
  #engine = null
  #nodes = []

  static async start ({ name, server = 'node', engine, nodes, build, mode }, profile) {
    const deployment = new Deployment()
    try {
      if (engine !== undefined) deployment.#engine = await startEngine(engine)
      for (const part of ['owner', 'edge'].slice(0, nodes)) {
        const settings = { engine, address: deployment.#engine?.address, build }
        deployment.#nodes.push(await ServerProcess.start(server, mode, profile && { folder: profile, name: `${name}, ${part}` }, settings))
      }
      // Nodes behind a broker do not know each other.
      if (engine in ENGINES) for (const node of deployment.#nodes) while (await node.ask('peers') < nodes - 1) await delay(20)
    } catch (error) {
      await deployment.stop()
      throw error
    }
    return deployment
  }

  get ports () {
    const [owner, edge = owner] = this.#nodes.map(({ port }) => port)
    return { owner, edge }
  }

  /** CPU microseconds so far by part, and the publications of all nodes. */
  async work () {
    const all = await Promise.all(this.#nodes.map((node) => node.ask('work')))
    const [owner, edge] = all.map(({ cpu: { user, system } }) => user + system)
    return { owner, edge, engine: await this.#engine?.cpu(), publications: all.reduce((sum, { publications }) => sum + publications, 0), messages: all[0].messages }
  }

  /** Asks the first node. */
  ask (question) { return this.#nodes[0].ask(question) }

  /** Resident bytes by part, after a collection. */
  async memory () {
    const [owner, edge] = [await this.#nodes[0].memory(), await this.#nodes[1]?.memory()]
    return { owner, edge }
  }

  async stop () {
    for (const node of this.#nodes) await node.stop()
    await this.#engine?.stop()
  }
}
