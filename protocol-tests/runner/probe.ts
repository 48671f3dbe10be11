import { setTimeout as delay } from 'node:timers/promises'
import type { Answer } from '../client/http.ts'
import type { Target } from '../client/target.ts'
import type { CatalogueEntry } from '../types.ts'
import { Context } from './context.ts'
import { UnreachableError } from './errors.ts'

const retryMilliseconds = 100

/** Resolves once something accepts connections. */
export async function waitForServer (target: Target, milliseconds: number): Promise<void> {
  const deadline = Date.now() + milliseconds
  for (;;) {
    const context = new Context(target)
    try {
      await context.connect()
      return
    } catch (error) {
      if (Date.now() + retryMilliseconds > deadline) {
        const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
        throw new UnreachableError(`no server answers at ${target.origin} (${reason}, waited ${milliseconds / 1000} s)`)
      }
    } finally {
      context.close()
    }
    await delay(retryMilliseconds)
  }
}

/** Endpoints that are ordinary URLs and not SockJS services. */
const plain = new Set(['/journal', '/health'])

/** What the server has of the endpoints that the cases need. */
export interface Endpoints {
  /** Those that answer 404. */
  readonly missing: string[]
  /** At least one shows that SockJS is there, however well. */
  readonly sockjs: boolean
}

export type Finding = 'missing' | 'sockjs' | 'other'

/** Asks for each endpoint that the cases need. */
export async function findEndpoints (target: Target, names: Readonly<Record<string, string>>, entries: readonly CatalogueEntry[], timeout: number): Promise<Endpoints> {
  const endpoints = [...new Set(entries.flatMap((entry) => entry.needs))].sort()
  const findings = await Promise.all(endpoints.map(async (endpoint) => await probe(target, names, endpoint, timeout)))
  return { missing: endpoints.filter((_endpoint, index) => findings[index] === 'missing'), sockjs: findings.includes('sockjs') }
}

/** Whether the URL is itself a SockJS service, and not the place where the services are. */
export async function isService (target: Target, timeout: number): Promise<boolean> {
  return target.base !== '' && await probe(target, { '/': '' }, '/', timeout) === 'sockjs'
}

/** Asks one endpoint; `mostBytes` bounds its answers. */
export async function probe (target: Target, names: Readonly<Record<string, string>>, endpoint: string, timeout: number, mostBytes = Infinity): Promise<Finding> {
  const context = new Context(target, names, undefined, mostBytes)
  const timer = setTimeout(() => context.expire(timeout), timeout)
  const ask = async (path: string): Promise<Answer | undefined> => await context.get(path).catch(() => undefined)
  try {
    const info = await ask(plain.has(endpoint) ? endpoint : `${endpoint}/info`.replace('//', '/'))
    if (info?.status === 404) return 'missing'
    if (plain.has(endpoint)) return 'other'
    if (info !== undefined && isInfo(info)) return 'sockjs'
    // A server whose info is wrong may still be one of SockJS, and the cases must say what is wrong.
    const greeting = await ask(endpoint)
    return greeting?.body.toString('utf8').startsWith('Welcome to SockJS') === true ? 'sockjs' : 'other'
  } finally {
    clearTimeout(timer)
    context.close()
  }
}

/** The info of SockJS: any of its fields will do. */
function isInfo ({ body }: Answer): boolean {
  try {
    const info: unknown = JSON.parse(body.toString('utf8'))
    return typeof info === 'object' && info !== null && ['websocket', 'entropy', 'origins', 'cookie_needed'].some((field) => field in info)
  } catch {
    return false
  }
}
