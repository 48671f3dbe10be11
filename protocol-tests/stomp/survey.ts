/** Finds out what a server has, before any case asks for it. */
import { TcpCarrier } from '../client/stomp-carriers.ts'
import type { Target } from '../client/target.ts'
import { Context } from '../runner/context.ts'
import { expectStatus } from '../runner/checks.ts'
import { expectThat, Mismatch } from '../runner/expect.ts'
import { UnreachableError } from '../runner/errors.ts'
import type { CatalogueEntry } from '../types.ts'
import { Stomp } from './kit.ts'
import { probes } from './probes.ts'
import { endpoint, features, foundations } from './site.ts'
import type { Feature, Foundation, StompOptions, StompSite } from './site.ts'

export interface Survey {
  readonly site: StompSite
  /** What the server lacks, and how that was seen. */
  readonly absent: ReadonlyMap<string, string>
}

/** Some servers leave a handshake at a strange path unanswered. */
const handshakeMilliseconds = 3000

interface Question {
  readonly target: Target
  readonly names: Readonly<Record<string, string>>
  readonly timeout: number
}

export async function surveyStomp (question: Question, options: StompOptions, entries: readonly CatalogueEntry[]): Promise<Survey> {
  const wanted = new Set<string>(entries.flatMap(({ requires }) => requires))
  const [webSocketPath, sockjs] = await Promise.all([webSocketPathOf(question), hasSockjs(question)])
  if (options.tcp !== undefined) await expectListener(question, options.tcp)
  const absent = new Map<Feature | Foundation, string>()
  if (webSocketPath === undefined) absent.set('websocket', `no WebSocket at ${question.names[endpoint] ?? endpoint}`)
  if (!sockjs) absent.set('sockjs', `no SockJS at ${question.names[endpoint] ?? endpoint}`)
  if (options.tcp === undefined) absent.set('tcp', '--stomp-tcp names no address')
  for (const name of options.without ?? []) absent.set(name, `switched off: ${features[name]}`)

  const site = siteOf(question.target, options, webSocketPath ?? endpoint)
  const carrier = !absent.has('websocket') ? 'ws-text' : !absent.has('sockjs') ? 'sockjs' : 'tcp'
  if (carrier === 'tcp' && absent.has('tcp')) return { site, absent }

  const answer = async (name: Feature, known: StompSite): Promise<string | undefined> => await probing(question, known, async (t) => {
    await probes[name](new Stomp(t, carrier))
  })
  // Everything else waits for receipts, or does without.
  const assumed = new Set<string>(options.assume ?? [])
  const receipts = !absent.has('receipts') && (assumed.has('receipts') || await answer('receipts', site) === undefined)
  const known = { ...site, receipts }
  const asked = (Object.keys(probes) as Feature[]).filter((name) => name !== 'receipts' && wanted.has(name) && !absent.has(name) && !assumed.has(name))
  await Promise.all(asked.map(async (name) => {
    const missing = await answer(name, known)
    if (missing !== undefined) absent.set(name, `the server lacks ${features[name]} (${missing})`)
  }))
  return { site: known, absent }
}

/** Nothing at all that could speak STOMP. */
export function offersNothing ({ absent }: Survey): boolean {
  return Object.keys(foundations).every((name) => absent.has(name))
}

function siteOf (target: Target, options: StompOptions, webSocketPath: string): StompSite {
  const { login, passcode, host = target.host, tcp, topic = '/topic', queue = '/queue' } = options
  const connect = { host, ...(login === undefined ? {} : { login }), ...(passcode === undefined ? {} : { passcode }) }
  return { connect, tcp, webSocketPath, topic, queue, receipts: true }
}

/** What went wrong, in one line; undefined where nothing did. */
async function probing ({ target, names, timeout }: Question, site: StompSite | undefined, probe: (t: Context) => Promise<void>): Promise<string | undefined> {
  const context = new Context(target, names, site)
  const timer = setTimeout(() => context.expire(timeout), timeout)
  try {
    await probe(context)
    return undefined
  } catch (error) {
    if (error instanceof Mismatch) return `${error.what}: expected ${error.expected}`
    return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 160)
  } finally {
    clearTimeout(timer)
    context.close()
  }
}

async function webSocketPathOf (question: Question): Promise<string | undefined> {
  const paths = [endpoint, `${endpoint}/websocket`]
  const brief = { ...question, timeout: Math.min(question.timeout, handshakeMilliseconds) }
  const problems = await Promise.all(paths.map(async (path) => await probing(brief, undefined, async (t) => { await t.wireSocket(path) })))
  return paths.find((_path, index) => problems[index] === undefined)
}

async function hasSockjs (question: Question): Promise<boolean> {
  return await probing(question, undefined, async (t) => {
    const answer = await t.get(`${endpoint}/info`)
    expectStatus(answer, 200)
    const info: unknown = JSON.parse(answer.body.toString('utf8'))
    expectThat(typeof info === 'object' && info !== null && 'entropy' in info, '/info', 'the fields of SockJS', info)
  }) === undefined
}

async function expectListener (question: Question, tcp: { host: string, port: number }): Promise<void> {
  const problem = await probing(question, undefined, async () => { (await TcpCarrier.connect(tcp.host, tcp.port)).destroy() })
  if (problem !== undefined) throw new UnreachableError(`nothing listens for STOMP at ${tcp.host}:${tcp.port} (${problem})`)
}
