// Starts three nodes, a messaging system and a balancer that picks a node at random. After `npm run build`: node examples/cluster/start.js
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startBalancer } from './balancer.js'
import { startEngine } from './engine.js'

const NAMES = ['amber', 'blue', 'cyan']

const engine = await startEngine()
if (engine === null) {
  console.error('This example needs a messaging system. Install nats-server or redis-server, for example by apt-get install nats-server.')
  process.exit(1)
}

// All nodes share a secret, from which they make the names of sessions and channels.
const secret = randomBytes(24).toString('hex')

async function startNode (name) {
  const child = fork(fileURLToPath(new URL('node.js', import.meta.url)), { execArgv: [], env: { ...process.env, ENGINE: engine.url, ENGINE_SECRET: secret, NODE_NAME: name } })
  const failed = once(child, 'exit').then(([code]) => { throw new Error(`node ${name} has ended with ${code}`) })
  failed.catch(() => {})
  const [{ port }] = await Promise.race([once(child, 'message'), failed])
  return { child, port }
}

const nodes = await Promise.all(NAMES.map(startNode))
const url = await startBalancer(nodes.map(({ port }) => port), Number(process.env.PORT ?? 3000))
console.log(`Three nodes on ${engine.command}, behind a random balancer: ${url}`)

let stopping = false
async function stop () {
  if (stopping) return
  stopping = true
  await Promise.all(nodes.map(({ child }) => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    return ended
  }))
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
