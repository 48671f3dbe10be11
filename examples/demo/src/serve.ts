import cluster from 'node:cluster'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { FastifyInstance } from 'fastify'
import { buildDemo } from './demo.ts'
import { type EngineTarget, parseEngine } from './engine.ts'
import { parseKafka } from './kafka.ts'
import { DIALECT_NAMES, parseRelay, type RelayTarget } from './relay.ts'
import { announce, serveByWorkers } from './workers.ts'

interface ServeOptions {
  port: number
  host: string
  tlsCert?: string
  tlsKey?: string
  logLevel: string
  stompTcpPort?: number
  stompRelay?: RelayTarget
  stompRelayDialect: string
  kafka?: string[]
  engine?: EngineTarget
  engineSecret?: string
  engineNamespace: string
  nodeName?: string
  workers?: number
  /** The time between the first failing health check and the first session that closes, in milliseconds. */
  drainDelay: number
}

function portNumber (text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535) throw new InvalidArgumentError('a port is a number from 0 to 65535')
  return port
}

function workerCount (text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || count > 64) throw new InvalidArgumentError('the number of workers is from 1 to 64')
  return count
}

function drainDelay (text: string): number {
  const delay = Number(text)
  if (!/^\d+$/.test(text) || delay > 60_000) throw new InvalidArgumentError('the delay of a drain is from 0 to 60000 milliseconds')
  return delay
}

function nodeName (text: string): string {
  if (!/^[A-Za-z0-9._-]{1,60}$/.test(text)) throw new InvalidArgumentError('the name of a node has 1 to 60 letters, digits, dots, _ or -')
  return text
}

/** Makes the parser of an option from one that throws an Error. */
const argument = <T>(parse: (text: string) => T) => (text: string): T => {
  try {
    return parse(text)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

/** Makes the command that starts the demo server. */
export function demoCommand (): Command {
  return new Command('demo')
    .description('starts the demo server of fastify-sockjs')
    .usage('[options]')
    .allowExcessArguments(false)
    .showHelpAfterError('(--help shows all options)')
    .addOption(new Option('--port <number>', 'port to listen on').env('PORT').default(8081).argParser(portNumber))
    .addOption(new Option('--host <address>', 'address to listen on').env('HOST').default('127.0.0.1'))
    .addOption(new Option('--tls-cert <file>', 'certificate: https and wss').env('TLS_CERT'))
    .addOption(new Option('--tls-key <file>', 'key of the certificate').env('TLS_KEY'))
    .addOption(new Option('--stomp-tcp-port <number>', 'also listen for STOMP over TCP').env('STOMP_TCP_PORT').argParser(portNumber))
    .addOption(new Option('--stomp-relay <url>', 'external broker in place of the embedded one: tcp://login:passcode@host:port').env('STOMP_RELAY').argParser(argument(parseRelay)))
    .addOption(new Option('--stomp-relay-dialect <name>', 'kind of the external broker').env('STOMP_RELAY_DIALECT').default('rabbitmq').choices(DIALECT_NAMES))
    .addOption(new Option('--kafka <brokers>', 'bridge to Kafka: host:port[,host:port]').env('KAFKA').argParser(argument(parseKafka)))
    .addOption(new Option('--engine <url>', 'messaging system that connects the nodes: nats://host:port[,host:port] or redis://host:port').env('ENGINE').argParser(argument(parseEngine)))
    .addOption(new Option('--engine-secret <text>', 'text that all nodes share').env('ENGINE_SECRET'))
    .addOption(new Option('--engine-namespace <name>', 'name that separates clusters on one messaging system').env('ENGINE_NAMESPACE').default('demo'))
    .addOption(new Option('--node-name <name>', 'name of this node').env('NODE_NAME').argParser(nodeName))
    .addOption(new Option('--workers <number>', 'workers on the cores of this machine, connected by a hub').env('WORKERS').argParser(workerCount).conflicts('engine'))
    .addOption(new Option('--drain-delay <milliseconds>', 'time between the first failing health check and the first session that closes').env('DRAIN_DELAY').default(800).argParser(drainDelay))
    .addOption(new Option('--log-level <level>', 'lowest level to log').env('LOG_LEVEL').default('warn')
      .choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']))
    .action((options: ServeOptions) => serve(options))
}

/** Writes one line for the user of the command line: the problem, and how to solve it. */
function explain (error: unknown, { host, stompTcpPort }: ServeOptions): string {
  const { code, path, port, message } = error as NodeJS.ErrnoException & { port?: number }
  const flag = port !== undefined && port === stompTcpPort ? '--stomp-tcp-port or STOMP_TCP_PORT' : '--port or PORT'
  if (code === 'EADDRINUSE') return `Another program uses port ${port} of ${host}. Choose another with ${flag}.`
  if (code === 'EACCES' && port !== undefined) return `You may not listen on port ${port}. Choose one from 1024 on with ${flag}.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `${host} is not an address of this machine. Choose another with --host or HOST.`
  return path === undefined ? message : `Cannot read ${path}: ${code}.`
}

async function start (options: ServeOptions): Promise<FastifyInstance | null> {
  let app: FastifyInstance | null = null
  try {
    app = await buildDemo(cluster.isWorker ? { ...options, engine: 'hub' } : options)
    announce(await app.listen({ port: options.port, host: options.host }))
    return app
  } catch (error) {
    console.error(explain(error, options))
    process.exitCode = 1
    await app?.close()
    // The channel to its primary keeps a worker alive.
    cluster.worker?.disconnect()
    return null
  }
}

/** Runs as many workers as the option says. */
async function startWorkers (options: ServeOptions, workers: number): Promise<void> {
  try {
    await serveByWorkers({ ...options, workers })
  } catch (error) {
    console.error(explain(error, options))
    process.exit(1)
  }
}

async function serve (options: ServeOptions): Promise<void> {
  if (options.workers !== undefined && cluster.isPrimary) return await startWorkers(options, options.workers)
  const app = await start(options)
  if (app === null) return
  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    // Balancers see the failing health check before the sessions close. Two seconds are enough for a demo.
    app.sockjs.drain({ delay: options.drainDelay, rate: 1, deadline: 2_000, code: 1012 }).then(() => app.close()).then(() => process.exit(0), () => process.exit(1))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}
