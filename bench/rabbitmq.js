// RabbitMQ as the tests of the relay start it, in a folder and on ports of its own, with its STOMP plugin.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { stopping } from './endings.js'

const CORE = process.env.BENCH_SERVER_CORE

/** The script of Debian's package. The one in the PATH is for the superuser. */
const COMMAND = '/usr/lib/rabbitmq/bin/rabbitmq-server'
/** The program that does the work. A shell has started it. */
const PROGRAM = 'beam.smp'

/** Whether RabbitMQ can run on this machine; the reason where it cannot. */
export function missingRabbitMq () { return existsSync(COMMAND) ? null : 'rabbitmq-server is not installed' }

/** Starts RabbitMQ: `{ port, webPort, pid, stop }`, with the ports of STOMP over TCP and over WebSocket, and the process that does the work. */
export async function startRabbitMq () {
  // The tests are in TypeScript, which Node 20 does not read by itself.
  await import('../scripts/typescript/register.js')
  const started = (await import('../test/e2e/brokers/rabbitmq.ts')).startRabbitMq()
  const stop = stopping(async () => { await (await started).stop() })
  const broker = await started
  try {
    const pid = workerOf(broker.pid)
    if (CORE !== undefined) spawnSync('taskset', ['-a', '-c', '-p', CORE, String(pid)], { stdio: 'ignore' })
    return { port: broker.port, webPort: broker.webPort, pid, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function workerOf (group) {
  const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && isWorker(name, group))
  if (pid === undefined) throw new Error(`no process of the group ${group} is ${PROGRAM}`)
  return Number(pid)
}

/** `/proc/PID/stat` is the id, the name in parentheses, the state, the parent and the group. */
function isWorker (pid, group) {
  try {
    const [, name, processGroup] = /^\d+ \((.*)\) \S \d+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return name === PROGRAM && Number(processGroup) === group
  } catch {
    // It has ended meanwhile.
    return false
  }
}
