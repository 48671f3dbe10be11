import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export const HOST = '127.0.0.1'

/** Some systems keep servers where only root looks for programs. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']

/** Finds the path of a program, or `null`. */
export function findProgram (name) {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  }) ?? null
}

export async function freePort () {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

async function listens (port) {
  const socket = connect(port, HOST)
  const up = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'close').then(() => false)]).catch(() => false)
  socket.destroy()
  return up
}

/** Starts a server, and waits until it listens. Its process ends with this one. */
export async function startServer (path, args, port) {
  const child = spawn(path, args, { stdio: 'ignore' })
  const end = () => child.kill('SIGKILL')
  process.on('exit', end)
  child.once('exit', () => process.off('exit', end))
  await once(child, 'spawn')
  while (!await listens(port)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${path} has ended with ${child.exitCode ?? child.signalCode}`)
    await delay(20)
  }
  return child
}
