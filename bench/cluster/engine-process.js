import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { stopping } from '../endings.js'
import { figuresOf } from '../figures.js'
import { missingRabbitMq, startRabbitMq } from '../rabbitmq.js'
import { ServerProcess } from '../server-process.js'

const HOST = '127.0.0.1'
const CORE = process.env.BENCH_SERVER_CORE

/** The messaging systems that are programs of their own; the hub is part of this package, and RabbitMQ needs more than arguments. */
const PROGRAMS = {
  nats: { command: 'nats-server', args: (port, folder) => ['-a', HOST, '-p', String(port), '-js', '-sd', folder] },
  redis: { command: 'redis-server', args: (port, folder) => ['--bind', HOST, '--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'no'] }
}

/** Whether an engine can run on this machine; the reason where it cannot. */
export function missing (engine) {
  if (engine === 'rabbitmq') return missingRabbitMq()
  const { command } = PROGRAMS[engine] ?? {}
  if (command === undefined || spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined) return null
  return `${command} is not installed`
}

const STARTS = { hub: startHub, rabbitmq: startBroker }

/** A messaging system for one measurement: `{ address, cpu, resident, stop }`. */
export async function startEngine (engine) {
  return STARTS[engine]?.() ?? startProgram(PROGRAMS[engine])
}

/** RabbitMQ, behind the relay. */
async function startBroker () {
  const { port, pid, stop } = await startRabbitMq()
  return { address: `${HOST}:${port}`, ...figuresOf(pid), stop }
}

async function startHub () {
  const hub = await ServerProcess.start('hub', 'hub')
  return { address: hub.port, cpu: () => hub.cpu(), resident: () => hub.memory(), stop: () => hub.stop() }
}

async function startProgram ({ command, args }) {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const all = [command, ...args(port, folder)]
  const child = CORE === undefined ? spawn(all[0], all.slice(1), { stdio: 'ignore' }) : spawn('taskset', ['-c', CORE, ...all], { stdio: 'ignore' })
  const exit = once(child, 'exit')
  const stop = stopping(async () => {
    child.kill()
    await exit
    rmSync(folder, { recursive: true, force: true })
  })
  await listening(port, command)
  return { address: `${HOST}:${port}`, ...figuresOf(child.pid), stop }
}

async function freePort () {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

const PATIENCE = 10_000

async function listening (port, command) {
  const started = performance.now()
  while (performance.now() - started < PATIENCE) {
    const socket = connect(port, HOST)
    const open = await new Promise((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)))
    socket.destroy()
    if (open) return
    await delay(50)
  }
  throw new Error(`${command} does not listen after ${PATIENCE} ms`)
}
