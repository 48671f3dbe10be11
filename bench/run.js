import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { openClients } from './load.js'

const SERVERS = [
  { name: 'fastify-sockjs', file: 'servers/fastify-sockjs.js', path: '/echo/000/*/websocket', sockjs: true },
  { name: 'bare ws', file: 'servers/ws.js', path: '/', sockjs: false }
]
const ECHOES = [
  { name: 'echo, 1 in flight, 32 B', inFlight: 1, size: 32 },
  { name: 'echo, 10 in flight, 32 B', inFlight: 10, size: 32 },
  { name: 'echo, 10 in flight, 1 KB', inFlight: 10, size: 1024 }
]
const ROUNDS = 3
const CONNECTIONS = 50
const IDLE = 5000
const WARM_UP = 500

async function withServer ({ file }, work) {
  const child = spawn(process.execPath, ['--expose-gc', fileURLToPath(new URL(file, import.meta.url))], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = await once(child.stdout, 'data')
    const url = new URL(String(line).trim())
    return await work(url, async () => (await fetch(new URL('/stat', url))).json())
  } finally {
    child.kill('SIGKILL')
  }
}

/** CPU microseconds of the server for each message. */
function echo (server, { inFlight, size }) {
  return withServer(server, async (url, stat) => {
    const clients = await openClients(url, CONNECTIONS, server.path, 'x'.repeat(size), server.sockjs)
    const received = () => clients.reduce((sum, client) => sum + client.received, 0)
    for (const client of clients) client.send(inFlight)
    await delay(1000)
    const [before, from] = [await stat(), received()]
    await delay(3000)
    const [after, to] = [await stat(), received()]
    for (const client of clients) client.close()
    return (after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system) / (to - from)
  })
}

/** Resident kilobytes for each idle session. */
function idle (server) {
  return withServer(server, async (url, stat) => {
    // What the first connections make the server load and compile is no cost of a session.
    for (const client of await openClients(url, WARM_UP, server.path, '', server.sockjs)) client.close()
    await delay(500)
    const before = await stat()
    const clients = await openClients(url, IDLE, server.path, '', server.sockjs)
    await delay(1500)
    const after = await stat()
    for (const client of clients) client.close()
    return (after.memory.rss - before.memory.rss) / IDLE / 1024
  })
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

async function compare (name, unit, measure) {
  const results = SERVERS.map(() => [])
  // Rival and candidate take turns, so that both see the same machine.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, server] of SERVERS.entries()) results[i].push(await measure(server))
  }
  const [ours, theirs] = results.map(median)
  console.log(`${name.padEnd(28)} ${ours.toFixed(2).padStart(8)} ${theirs.toFixed(2).padStart(8)} ${unit.padEnd(12)} ratio ${(ours / theirs).toFixed(2)}`)
}

console.log(`${''.padEnd(28)} ${SERVERS.map(({ name }) => name).join('  ')}`)
const only = process.argv[2]
for (const load of ECHOES) if (only !== 'idle') await compare(load.name, 'us/message', (server) => echo(server, load))
await compare(`${IDLE} idle sessions`, 'KB/session', idle)
