import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../../support/free-port.ts'
import { until } from '../../support/wait.ts'
import { type BrokerProcess, startBroker } from './broker-process.ts'

const run = promisify(execFile)

export interface RabbitMq extends BrokerProcess {
  /** The port for STOMP over WebSocket, below the path `/ws`. */
  readonly webPort: number
  /** `rabbitmqctl` on this node. */
  control (...args: string[]): Promise<string>
}

/** Ends the port mapper of Erlang, which is no child of the broker. It refuses while it knows a node that has not quite ended. */
async function endMapper (port: number): Promise<void> {
  const kill = (): Promise<boolean> => run('epmd', ['-port', String(port), '-kill']).then(() => true, ({ stderr }) => String(stderr).includes('Cannot connect'))
  await until(kill, 'the port mapper of Erlang ends')
}

/** RabbitMQ with its STOMP plugins: everything it writes goes to a folder that is thrown away. */
export async function startRabbitMq (): Promise<RabbitMq> {
  let env: Record<string, string> = {}
  const webPort = await freePort()
  const broker = await startBroker(async (folder, port) => {
    const [amqp, epmd] = [await freePort(), await freePort()]
    const distribution = await freePort()
    await writeFile(join(folder, 'rabbitmq.conf'), [
      `listeners.tcp.1 = 127.0.0.1:${amqp}`,
      `stomp.listeners.tcp.1 = 127.0.0.1:${port}`,
      'web_stomp.tcp.ip = 127.0.0.1',
      `web_stomp.tcp.port = ${webPort}`,
      'log.console = true',
      'log.console.level = warning',
      'log.file = false',
      'vm_memory_high_watermark.relative = 0.5',
      ''
    ].join('\n'))
    await writeFile(join(folder, 'enabled_plugins'), '[rabbitmq_stomp,rabbitmq_web_stomp].\n')
    env = {
      HOME: folder,
      RABBITMQ_NODENAME: `test${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_LOGS: '-',
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      RABBITMQ_DIST_PORT: String(distribution),
      ERL_EPMD_PORT: String(epmd),
      ERL_EPMD_ADDRESS: '127.0.0.1'
    }
    return { name: 'RabbitMQ', command: '/usr/lib/rabbitmq/bin/rabbitmq-server', args: [], env, cleanUp: () => endMapper(epmd) }
  })
  return Object.assign(broker, {
    webPort,
    async control (...args: string[]): Promise<string> {
      const { stdout } = await run('/usr/lib/rabbitmq/bin/rabbitmqctl', ['--node', env['RABBITMQ_NODENAME']!, ...args], { env: { ...process.env, ...env } })
      return stdout
    }
  })
}
