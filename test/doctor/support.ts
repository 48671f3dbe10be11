import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'
import type { Diagnosis } from '../../protocol-tests/index.ts'
import sockjs, { type EndpointOptions } from '../../src/index.ts'

export interface SiteOptions {
  readonly fastify?: FastifyServerOptions & Record<string, unknown>
  readonly endpoint?: EndpointOptions
}

/** A server with the endpoint `/echo` that trusts proxies of this machine; returns its port. */
export async function startEcho (t: Test, { fastify, endpoint }: SiteOptions = {}): Promise<number> {
  const app = Fastify({ trustProxy: ['127.0.0.1'], ...fastify })
  t.teardown(() => app.close())
  await app.register(sockjs, { doctor: true, drainTimeout: 50 })
  app.sockjs('/echo', { transports: { htmlfile: true }, ...endpoint }, async (session) => {
    for await (const message of session) session.send(message)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

/** The codes of everything that was found, sorted. */
export function codesOf ({ checks }: Diagnosis): string[] {
  return checks.flatMap(({ findings }) => findings.map(({ code }) => code)).sort()
}

/** Runs so many at a time, because each of them mostly waits. */
export async function inTurns<T> (items: readonly T[], jobs: number, run: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  await Promise.all(Array.from({ length: jobs }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await run(item)
  }))
}
