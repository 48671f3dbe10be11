import { setTimeout as delay } from 'node:timers/promises'
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

/** Which of the endpoints that the cases need the server does not have. */
export async function missingEndpoints (target: Target, names: Readonly<Record<string, string>>, entries: readonly CatalogueEntry[], timeout: number): Promise<string[]> {
  const endpoints = [...new Set(entries.flatMap((entry) => entry.needs))].sort()
  const missing = await Promise.all(endpoints.map(async (endpoint) => {
    const context = new Context(target, names)
    const timer = setTimeout(() => context.expire(timeout), timeout)
    try {
      const { status } = await context.get(plain.has(endpoint) ? endpoint : `${endpoint}/info`)
      return status === 404 ? [endpoint] : []
    } catch {
      // It answers badly, and the cases that need it will say how.
      return []
    } finally {
      clearTimeout(timer)
      context.close()
    }
  }))
  return missing.flat()
}
