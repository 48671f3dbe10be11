import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

const HOST = '127.0.0.1'

/** The messaging systems that connect the nodes, the preferred one first. */
const SYSTEMS = [
  { scheme: 'nats', command: 'nats-server', args: (port) => ['-a', HOST, '-p', port] },
  { scheme: 'redis', command: 'redis-server', args: (port) => ['--bind', HOST, '--port', port, '--save', '', '--dir', tmpdir()] }
]

/** Some systems keep servers where only root looks for programs. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` }

async function freePort () {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

async function listens (port) {
  const socket = connect(port, HOST)
  const [up] = await Promise.race([once(socket, 'connect').then(() => [true]), once(socket, 'close').then(() => [false])]).catch(() => [false])
  socket.destroy()
  return up
}

/** Starts the first messaging system that is installed. Its process ends with this one. */
export async function startEngine () {
  for (const { scheme, command, args } of SYSTEMS) {
    const port = await freePort()
    const child = spawn(command, args(String(port)), { stdio: 'ignore', env })
    const started = await Promise.race([once(child, 'spawn').then(() => true), once(child, 'error').then(() => false)]).catch(() => false)
    if (!started) continue
    process.on('exit', () => child.kill('SIGKILL'))
    while (!await listens(port)) {
      if (child.exitCode !== null) throw new Error(`${command} has ended with ${child.exitCode}`)
      await delay(20)
    }
    return { command, url: `${scheme}://${HOST}:${port}` }
  }
  return null
}
