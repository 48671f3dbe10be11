import { tmpdir } from 'node:os'
import { findProgram, freePort, HOST, startServer } from './programs.js'

/** The messaging systems that connect the nodes, the preferred one first. */
const SYSTEMS = [
  { scheme: 'nats', command: 'nats-server', args: (port) => ['-a', HOST, '-p', port] },
  { scheme: 'redis', command: 'redis-server', args: (port) => ['--bind', HOST, '--port', port, '--save', '', '--dir', tmpdir()] }
]

/** Starts the first messaging system that is installed. */
export async function startEngine () {
  for (const { scheme, command, args } of SYSTEMS) {
    const path = findProgram(command)
    if (path === null) continue
    const port = await freePort()
    await startServer(path, args(String(port)), port)
    return { command, url: `${scheme}://${HOST}:${port}` }
  }
  return null
}
