import { catalogue } from '../catalogue.ts'
import { runConformance } from '../runner/run.ts'
import { features } from '../stomp/site.ts'
import type { Feature } from '../stomp/site.ts'
import type { CatalogueEntry } from '../types.ts'
import { FaultProxy } from './proxy/proxy.ts'
import { startServer } from './server.ts'
import type { Fault, Mutation, Outcome, ServerPatch, StompMutation } from './types.ts'

/** A few quick cases that run with every fault, to see what else it breaks. */
const witnesses = ['GREETING-1', 'INFO-2', 'XHR-3', 'XHR-SEND-4', 'XHR-STREAM-5', 'ES-3', 'HTMLFILE-4', 'JSONP-2', 'WS-1', 'RAW-1', 'CORS-1.xhr']

/** A case that hangs is given up after this; a correct server answers in a small part of it. */
const timeout = 3000

/** What is broken must fail, and not be taken for something that the server lacks. */
const assume = Object.keys(features) as Feature[]

interface Breakage {
  proxy?: Mutation | undefined
  server?: ServerPatch | undefined
  stomp?: StompMutation | undefined
}

async function failures (only: readonly string[], { proxy, server, stomp }: Breakage, concurrency: number): Promise<string[]> {
  const running = await startServer(server, stomp)
  const front = await FaultProxy.start(running.port, proxy ?? (() => undefined))
  try {
    const { results } = await runConformance(`http://127.0.0.1:${front.port}`, { timeout, concurrency, only, stomp: { tcp: { host: '127.0.0.1', port: running.stompPort }, assume } })
    if (front.failure !== undefined) throw front.failure
    return results.filter(({ verdict }) => verdict === 'failed' || verdict === 'deviation').map(({ id }) => id)
  } finally {
    await front.close()
    await running.close()
  }
}

/** `*` stands for anything, `=` before an id for this case alone, on all its carriers, and a row for all its cases. */
function matches ({ id, section, transport }: CatalogueEntry, pattern: string): boolean {
  if (pattern.startsWith('=')) return id === pattern.slice(1) || id === `${pattern.slice(1)}.${transport ?? ''}`
  if (!pattern.includes('*')) return id === pattern || id.startsWith(`${pattern}.`) || section === pattern
  const [first = '', ...others] = pattern.split('*')
  const last = others.pop() ?? ''
  if (!id.startsWith(first) || !id.endsWith(last)) return false
  return others.reduce((at, part) => at < 0 ? at : id.indexOf(part, at), first.length) >= 0
}

/** The ids that the expectation of a fault stands for. */
export function expectedCases ({ id, expect }: Fault): string[] {
  const idle = expect.find((pattern) => !catalogue.some((entry) => matches(entry, pattern)))
  if (idle !== undefined) throw new Error(`fault ${id} expects "${idle}", and no case is named so`)
  return catalogue.filter((entry) => expect.some((pattern) => matches(entry, pattern))).map((entry) => entry.id)
}

/** With a scope, every case of it runs; else those that should notice, and the witnesses. */
export async function runFault (fault: Fault, scope?: readonly string[]): Promise<Outcome> {
  const started = Date.now()
  const expected = expectedCases(fault)
  const conclude = (failed: readonly string[], error?: string): Outcome => ({
    id: fault.id,
    caught: expected.filter((id) => failed.includes(id)),
    silent: expected.filter((id) => !failed.includes(id)),
    also: failed.filter((id) => !expected.includes(id)),
    milliseconds: Date.now() - started,
    ...(error === undefined ? {} : { error })
  })
  try {
    return conclude(await failures(scope ?? [...expected, ...witnesses], fault, 16))
  } catch (error) {
    return conclude([], error instanceof Error ? error.stack ?? error.message : String(error))
  }
}

/** Cases that fail against the correct server behind a proxy that changes nothing: they say nothing about any fault. */
export async function runControl (only: readonly string[]): Promise<string[]> {
  return await failures(only, {}, 8)
}
