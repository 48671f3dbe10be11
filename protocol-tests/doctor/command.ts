import { writeFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { checkOutput, duration, names, path, version } from '../command-arguments.ts'
import { UsageError } from '../runner/errors.ts'
import type { StompOptions } from '../stomp/site.ts'
import { defaultIdle } from './facts.ts'
import { products } from './remedies.ts'
import { doctorReporters } from './reporters/index.ts'
import { listFindings } from './reporters/list.ts'
import { doctorProgress } from './reporters/text.ts'
import { boundOf, checkVisit, diagnose } from './run.ts'
import type { DoctorOptions } from './types.ts'

interface Flags {
  origin?: string
  idle: number
  stomp?: boolean
  stompEndpoint?: string
  login?: string
  passcode?: string
  stompHost?: string
  topic?: string
  echo?: boolean
  proxy?: string[]
  json?: boolean
  html?: string
  list?: boolean
}

function proxy (text: string, earlier: string[] = []): string[] {
  return [...earlier, ...names(text).flatMap((name) => {
    if (name === 'all') return Object.keys(products)
    if (!Object.hasOwn(products, name)) throw new InvalidArgumentError(`There are ${Object.keys(products).join(', ')} and all.`)
    return [name]
  })]
}

/** Makes the command `sockjs-doctor <url>`. */
export function doctorCommand (): Command {
  return new Command('sockjs-doctor')
    .description('find out what stands between clients and a SockJS server')
    .version(version)
    .argument('[url]', 'the URL that the page gives to new SockJS(), or the site, such as https://app.example')
    .option('--origin <origin>', 'the origin of the pages, such as https://app.example; by default that of the URL')
    .addOption(new Option('--idle <seconds>', 'time for which silent connections are watched; 0 for not at all').argParser(duration).default(defaultIdle, `${defaultIdle / 1000}`))
    .option('--stomp', 'examine STOMP too')
    .option('--stomp-endpoint </path>', 'where STOMP is; by default the URL itself, or /stomp beside /echo', path)
    .option('--login <name>', 'for CONNECT')
    .option('--passcode <text>', 'for CONNECT')
    .option('--stomp-host <name>', 'the host header of CONNECT')
    .option('--topic </prefix>', 'the start of the names of topics', path)
    .option('--echo', 'the service sends messages back: try messages. By default only where the path ends with "echo"')
    .option('--no-echo', 'send no message at all')
    .option('--proxy <name,…>', `show the lines for these: ${Object.keys(products).join(', ')}, all; by default for the one that names itself`, proxy)
    .option('--json', 'the report as JSON')
    .option('--html <file>', 'write the report as a page to this file, too')
    .option('--list', 'print the checks, findings and remedies as Markdown, and do nothing else')
    .configureOutput({ writeErr: (text) => process.stderr.write(text) })
    .exitOverride((error) => { process.exit(error.exitCode === 0 ? 0 : 2) })
    .action(async (url: string | undefined, flags: Flags) => { process.exitCode = await act(url, flags) })
}

function stompOptions ({ stompHost, login, passcode, topic }: Flags): StompOptions {
  return {
    ...(stompHost === undefined ? {} : { host: stompHost }),
    ...(login === undefined ? {} : { login }),
    ...(passcode === undefined ? {} : { passcode }),
    ...(topic === undefined ? {} : { topic })
  }
}

function optionsOf (flags: Flags): DoctorOptions {
  return {
    idle: flags.idle,
    stomp: flags.stomp ?? flags.stompEndpoint !== undefined,
    stompOptions: stompOptions(flags),
    ...(flags.origin === undefined ? {} : { origin: flags.origin.replace(/\/$/, '') }),
    ...(flags.stompEndpoint === undefined ? {} : { stompEndpoint: flags.stompEndpoint }),
    ...(flags.echo === undefined ? {} : { echo: flags.echo })
  }
}

async function act (url: string | undefined, flags: Flags): Promise<number> {
  if (flags.list === true) {
    process.stdout.write(listFindings())
    return 0
  }
  const options = optionsOf(flags)
  const progress = doctorProgress(process.stderr)
  try {
    if (url === undefined) throw new UsageError('which server? Give the URL that the page gives to new SockJS(), such as https://app.example/chat')
    checkVisit(url, options)
    if (flags.html !== undefined) checkOutput(flags.html)
    process.stderr.write(`sockjs-doctor ${url}: about ${Math.ceil(flags.idle / 1000) + 5} s without faults, at most ${Math.ceil(boundOf(options) / 1000)} s\n`)
    const diagnosis = await diagnose(url, { ...options, onProgress: progress.show })
    progress.clear()
    process.stdout.write(flags.json === true ? doctorReporters.json(diagnosis) : doctorReporters.text(diagnosis, flags.proxy, Math.max(60, process.stdout.columns ?? 120)))
    if (flags.html !== undefined) writeFileSync(flags.html, doctorReporters.html(diagnosis))
    return diagnosis.ok ? 0 : 1
  } catch (error) {
    progress.clear()
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}
