import { writeFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { runAsyncApi } from './asyncapi/run.ts'
import type { ApiOptions } from './asyncapi/run.ts'
import { catalogue } from './catalogue.ts'
import type { CarrierName } from './client/stomp-carriers.ts'
import type { Transport } from './client/transports.ts'
import { checkOutput, duration, names, path, positiveDuration, version, whole } from './command-arguments.ts'
import { human, liveProgress } from './reporters/human.ts'
import { isReporter, reporters } from './reporters/index.ts'
import { list, listReporters } from './reporters/list.ts'
import { UnreachableError, UsageError } from './runner/errors.ts'
import { checkRun, defaults, runConformance } from './runner/run.ts'
import { select, ways } from './runner/select.ts'
import { endpoint as stompEndpoint, features } from './stomp/site.ts'
import type { Feature, StompOptions } from './stomp/site.ts'
import type { Options } from './types.ts'

interface Flags {
  list?: boolean
  only?: string[]
  skip?: string[]
  transport?: (Transport | CarrierName)[]
  timeout: number
  concurrency: number
  wait: number
  strict?: boolean
  reporter: string
  output?: string
  endpoint?: Record<string, string>
  suite?: 'sockjs' | 'stomp' | 'all'
  stompEndpoint?: string
  stompTcp?: { host: string, port: number }
  login?: string
  passcode?: string
  stompHost?: string
  topic?: string
  queue?: string
  without?: Feature[]
  asyncapi?: string
  connectHeader?: Record<string, string>
}

function endpoint (text: string, earlier: Record<string, string> = {}): Record<string, string> {
  const [, name, path] = /^\/?([^=]+)=(\/.*)$/.exec(text) ?? []
  if (name === undefined || path === undefined) throw new InvalidArgumentError('It must look like echo=/my/echo.')
  if (!catalogue.some(({ needs }) => needs.includes(`/${name}`))) throw new InvalidArgumentError(`No case needs an endpoint "${name}".`)
  return { ...earlier, [`/${name}`]: path.replace(/\/+$/, '') }
}

function address (text: string): { host: string, port: number } {
  const [, host, port] = /^(?:\[?([^[\]]+)\]?:)?(\d+)$/.exec(text) ?? []
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535) throw new InvalidArgumentError('It must look like 127.0.0.1:61613.')
  return { host: host ?? '127.0.0.1', port: Number(port) }
}

function without (text: string, earlier: Feature[] = []): Feature[] {
  return [...earlier, ...names(text).map((name) => {
    if (!Object.hasOwn(features, name)) throw new InvalidArgumentError(`There are ${Object.keys(features).join(', ')}.`)
    return name as Feature
  })]
}

function connectHeader (text: string, earlier: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([^:]+):\s*(.+)$/.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must look like "Authorization: Bearer …".')
  return { ...earlier, [name.trim()]: value.trim() }
}

function transport (text: string, earlier: (Transport | CarrierName)[] = []): (Transport | CarrierName)[] {
  return [...earlier, ...names(text).map((name) => {
    const known = ways.find((one) => one === name)
    if (known === undefined) throw new InvalidArgumentError(`There are ${ways.join(', ')}.`)
    return known
  })]
}

/** Makes the command `sockjs-conformance <url>`, with the options of the runner and its action. */
export function conformanceCommand (): Command {
  return new Command('sockjs-conformance')
    .description('test any SockJS or STOMP server')
    .version(version)
    .argument('[url]', 'where the server listens, such as http://127.0.0.1:8081')
    .option('--list', 'print the cases and do nothing else')
    .option('--only <id,…>', 'these cases alone: an id, a row with all its cases, a section, or a start with *', names)
    .option('--skip <id,…>', 'all but these', names)
    .option('--transport <name,…>', `cases of these transports, and those of none: ${ways.join(', ')}`, transport)
    .addOption(new Option('--timeout <seconds>', 'time for one case, its own waiting not counted').argParser(positiveDuration).default(defaults.timeout, `${defaults.timeout / 1000}`))
    .addOption(new Option('--concurrency <number>', 'cases at the same time').argParser(whole).default(defaults.concurrency))
    .addOption(new Option('--wait <seconds>', 'time for a server that is starting').argParser(duration).default(defaults.wait, `${defaults.wait / 1000}`))
    .option('--strict', 'deviations (levels P and D) fail too')
    .option('--reporter <name>', `${Object.keys(reporters).join(', ')}; for --list ${listReporters.join(', ')}`, 'human')
    .option('--output <file>', 'write the report there instead of to the standard output')
    .option('--endpoint <name=/path>', 'another path for an endpoint; may be repeated', endpoint)
    .addOption(new Option('--suite <name>', 'which rules; by default those for which the server has something').choices(['sockjs', 'stomp', 'all']))
    .option('--stomp-endpoint </path>', 'where STOMP is: SockJS and plain WebSocket', path)
    .option('--stomp-tcp <host:port>', 'where STOMP over TCP is', address)
    .option('--login <name>', 'for CONNECT')
    .option('--passcode <text>', 'for CONNECT')
    .option('--stomp-host <name>', 'the host header of CONNECT')
    .option('--asyncapi <file or URL>', 'judge the API of an application by its document of AsyncAPI, and run no suite')
    .option('--connect-header <name: value>', 'a further header of CONNECT for --asyncapi, such as a token; may be repeated', connectHeader)
    .option('--topic </prefix>', 'the start of the names of topics', path)
    .option('--queue </prefix>', 'the start of the names of queues', path)
    .option('--without <feature,…>', `features of STOMP that the runner does not try: ${Object.keys(features).join(', ')}`, without)
    .configureOutput({ writeErr: (text) => process.stderr.write(text) })
    .exitOverride((error) => { process.exit(error.exitCode === 0 ? 0 : 2) })
    .action(async (url: string | undefined, flags: Flags) => { process.exitCode = await act(url, flags) })
}

function stompOptions ({ stompTcp, stompHost, login, passcode, topic, queue, without }: Flags): StompOptions {
  return {
    ...(stompTcp === undefined ? {} : { tcp: stompTcp }),
    ...(stompHost === undefined ? {} : { host: stompHost }),
    ...(login === undefined ? {} : { login }),
    ...(passcode === undefined ? {} : { passcode }),
    ...(topic === undefined ? {} : { topic }),
    ...(queue === undefined ? {} : { queue }),
    ...(without === undefined ? {} : { without })
  }
}

/** Options of the suites that mean nothing for a document. */
const ofSuites = ['suite', 'transport', 'endpoint', 'stompTcp', 'topic', 'queue', 'without', 'list'] as const

function checkForApi (flags: Flags): void {
  const strange = ofSuites.find((name) => flags[name] !== undefined)
  if (strange !== undefined) throw new UsageError(`--${strange.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is an option of the suites, and --asyncapi runs none of them`)
}

function apiOptions ({ suite: _suite, transports: _transports, endpoints: _endpoints, ...options }: Options, { stompEndpoint, connectHeader }: Flags): ApiOptions {
  return { ...options, ...stompEndpoint === undefined ? {} : { stompEndpoint }, ...connectHeader === undefined ? {} : { connectHeaders: connectHeader } }
}

async function act (url: string | undefined, flags: Flags): Promise<number> {
  const progress = liveProgress(process.stderr)
  const options: Options = {
    timeout: flags.timeout,
    concurrency: flags.concurrency,
    wait: flags.wait,
    strict: flags.strict ?? false,
    ...(flags.only === undefined ? {} : { only: flags.only }),
    ...(flags.skip === undefined ? {} : { skip: flags.skip }),
    ...(flags.transport === undefined ? {} : { transports: flags.transport }),
    ...(flags.suite === undefined ? {} : { suite: flags.suite }),
    endpoints: { ...flags.endpoint, ...(flags.stompEndpoint === undefined ? {} : { [stompEndpoint]: flags.stompEndpoint }) },
    stomp: stompOptions(flags),
    onProgress: progress.show
  }
  const write = (text: string): void => {
    if (flags.output === undefined) process.stdout.write(text)
    else writeFileSync(flags.output, text)
  }
  try {
    if (flags.connectHeader !== undefined && flags.asyncapi === undefined) throw new UsageError('--connect-header is an option of --asyncapi')
    if (flags.list === true && flags.asyncapi === undefined) {
      const text = list(select(catalogue, options), flags.reporter)
      if (text === undefined) throw new UsageError(`--list knows the reporters ${listReporters.join(', ')}`)
      write(text)
      return 0
    }
    if (url === undefined) throw new UsageError('which server? Give its URL, such as http://127.0.0.1:8081')
    if (!isReporter(flags.reporter)) throw new UsageError(`no reporter is named "${flags.reporter}"; there are ${Object.keys(reporters).join(', ')}`)
    if (flags.asyncapi === undefined) checkRun(url, options)
    else checkForApi(flags)
    if (flags.output !== undefined) checkOutput(flags.output)
    const report = flags.asyncapi === undefined ? await runConformance(url, options) : await runAsyncApi(url, flags.asyncapi, apiOptions(options, flags))
    progress.clear()
    write(reporters[flags.reporter](report))
    if (flags.output !== undefined) process.stderr.write(human(report))
    return report.ok ? 0 : 1
  } catch (error) {
    progress.clear()
    if (!(error instanceof UsageError || error instanceof UnreachableError)) throw error
    process.stderr.write(`${error.message}\n`)
    if (error instanceof UsageError) return 2
    // The file is written on every path, because a pipeline would read the report of an earlier run.
    if (error.report !== undefined && isReporter(flags.reporter) && (flags.output !== undefined || flags.reporter !== 'human')) write(reporters[flags.reporter](error.report))
    return 1
  }
}
