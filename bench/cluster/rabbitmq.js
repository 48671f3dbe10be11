// RabbitMQ as the tests of the relay start it, in a folder and on ports of its own, with its STOMP plugin.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const CORE = process.env.BENCH_SERVER_CORE

/** The script of Debian's package. The one in the PATH is for the superuser. */
const COMMAND = '/usr/lib/rabbitmq/bin/rabbitmq-server'
/** The program that does the work. A shell has started it. */
const PROGRAM = 'beam.smp'

/** Whether RabbitMQ can run on this machine; the reason where it cannot. */
export function missingRabbitMq () { return existsSync(COMMAND) ? null : 'rabbitmq-server is not installed' }

/** Starts RabbitMQ: `{ port, pid, stop }`, with the process that does the work. */
export async function startRabbitMq () {
  // The tests are in TypeScript, which Node 20 does not read by itself.
  await import('../../scripts/typescript/register.js')
  const broker = await (await import('../../test/e2e/brokers/rabbitmq.ts')).startRabbitMq()
  const group = broker.pid
  // The broker has a process group of its own, so that an interrupt of the bench does not reach it.
  const interrupted = () => broker.stop().finally(() => process.exit(130))
  process.once('SIGINT', interrupted)
  try {
    const pid = workerOf(group)
    if (CORE !== undefined) spawnSync('taskset', ['-a', '-c', '-p', CORE, String(pid)], { stdio: 'ignore' })
    return {
      port: broker.port,
      pid,
      async stop () {
        process.off('SIGINT', interrupted)
        // The port mapper of Erlang refuses to end while it knows a node that runs.
        process.kill(pid, 'SIGKILL')
        while (isWorker(pid, group)) await delay(20)
        await broker.stop()
      }
    }
  } catch (error) {
    process.off('SIGINT', interrupted)
    await broker.stop()
    throw error
  }
}

function workerOf (group) {
  const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && isWorker(name, group))
  if (pid === undefined) throw new Error(`no process of the group ${group} is ${PROGRAM}`)
  return Number(pid)
}

/** `/proc/PID/stat` is the id, the name in parentheses, the state, the parent and the group. A zombie has ended. */
function isWorker (pid, group) {
  try {
    const [, name, state, processGroup] = /^\d+ \((.*)\) (\S) \d+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return name === PROGRAM && state !== 'Z' && Number(processGroup) === group
  } catch {
    return false
  }
}
