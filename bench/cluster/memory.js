import { setTimeout as delay } from 'node:timers/promises'
import { withSessions } from '../clients/index.js'
import { ServerProcess } from '../server-process.js'
import { Deployment } from './deployment.js'
import { startEngine } from './engine-process.js'

const SETTLED = 500

/** What a claim keeps at the node and at the engine, and how quickly they come. */
export async function measureClaims (engine, claims) {
  const system = await startEngine(engine)
  const node = await ServerProcess.start('claims', 'claims', undefined, { engine, address: system.address, claims })
  try {
    const before = [await node.memory(), await system.resident()]
    const started = performance.now()
    await node.ask('claim')
    const seconds = (performance.now() - started) / 1000
    await delay(SETTLED)
    const [atNode, atEngine] = [await node.memory() - before[0], await system.resident() - before[1]]
    return { name: engine, 'bytes at the node': atNode / claims, 'bytes at the engine': atEngine / claims, 'claims per second': claims / seconds }
  } finally {
    await node.stop()
    await system.stop()
  }
}

const WARM = 200

/** What an idle polling session keeps at its owner and at an edge, when its poll waits at `receive`. */
export async function measureLegs (engine, sessions, receive) {
  const nodes = await Deployment.start({ mode: 'echo', engine, nodes: 2 })
  const { ports } = nodes
  const client = { port: ports.owner, receivePort: ports[receive], message: 'x', transport: 'xhr-polling', dialect: 'sockjs' }
  try {
    await withSessions(WARM, client, () => {})
    await delay(SETTLED)
    const before = await nodes.memory()
    const after = await withSessions(sessions, client, async () => {
      await delay(SETTLED)
      return nodes.memory()
    })
    const each = (part) => (after[part] - before[part]) / sessions
    return { name: `${engine}, its poll waits at the ${receive}`, 'bytes at the owner': each('owner'), 'bytes at the edge': each('edge') }
  } finally {
    await nodes.stop()
  }
}
