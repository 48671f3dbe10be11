import type { Test } from 'tap'
import { reset } from '../../protocol-tests/client/reset.ts'
import { resumable, type Resumable, type ResumableOptions } from '../../src/client.ts'
import { FlakyProxy } from '../support/flaky-proxy.ts'
import type { ServerOptions, TestServer } from '../support/server.ts'
import { Arrivals } from '../support/wait.ts'
import { start } from './support.ts'

export interface Ended { readonly code: number, readonly reason: string, readonly wasClean: boolean, readonly undelivered: number | undefined }

/** A session that can be resumed, made to wait for. */
export class Client {
  readonly socket: Resumable
  readonly texts = new Arrivals<string>()
  readonly events = new Arrivals<string>()
  readonly endings = new Arrivals<Ended>()

  constructor (url: string, options: ResumableOptions = {}) {
    // The object itself, because a test changes its transports.
    this.socket = resumable(url, Object.assign(options, { timeout: 60_000, minDelay: options.minDelay ?? 1, maxDelay: options.maxDelay ?? 5 }))
    for (const type of ['open', 'suspend', 'resume', 'error'] as const) this.socket.addEventListener(type, () => this.events.push(type))
    this.socket.onmessage = ({ data }) => this.texts.push(data)
    this.socket.onclose = ({ code, reason, wasClean, undelivered }) => this.endings.push({ code, reason, wasClean, undelivered })
  }

  abort (): void { this.socket.close() }

  async take (count: number): Promise<string[]> {
    const texts: string[] = []
    while (texts.length < count) texts.push(await this.texts.next(`message ${texts.length + 1} of ${count}`))
    return texts
  }
}

/** Starts a server whose sessions can be resumed for a minute of the manual clock. */
export const serve = (t: Test, options: ServerOptions = {}): Promise<TestServer> =>
  start(t, { nodes: 1, ...options, endpoint: { resume: { within: 60_000 }, ...options.endpoint } })

export const urlOf = (server: { readonly port: number }): string => `http://127.0.0.1:${server.port}/echo`

/** Starts a proxy in front of a server, until the end of the test. */
export async function startProxy (t: Test, port: number, next?: () => number): Promise<FlakyProxy> {
  const proxy = await FlakyProxy.start(port, next)
  t.teardown(() => proxy.stop())
  return proxy
}

/** Cuts all connections of a server. */
export function cut (server: TestServer): void { for (const socket of server.sockets) reset(socket) }

export async function open (server: TestServer, options: ResumableOptions): Promise<Client> {
  const client = server.own(new Client(urlOf(server), options))
  await client.events.next('an open session')
  return client
}
