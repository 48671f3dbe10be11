import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { inspector, type InspectorOptions } from '../../src/inspector.ts'
import { memoryBroker } from '../../src/stomp.ts'
import { stomp } from '../../src/stomp/plugin.ts'
import type { StompPluginOptions } from '../../src/stomp.ts'
import type { TransportName } from '../../src/sockjs/protocol/index.ts'
import type { AnySession, Receiver, SessionFacts } from '../../src/sockjs/session/index.ts'
import type { Endpoint } from '../../src/index.ts'
import { connect, type Host, type TestClient } from '../support/client.ts'
import { buildServer, type ServerOptions, type TestServer } from '../support/server.ts'

/** An answer of the inspector, as a page gets it. */
export interface PageAnswer {
  readonly id: number | null
  /** Tests read any part of it. */
  readonly result?: any
  readonly failure?: string
  readonly text?: string
}

/** A page of the inspector, without a browser. */
export class TestPage {
  readonly client: TestClient
  #lastId = 0

  constructor (client: TestClient) { this.client = client }

  /** Sends a text as it is. */
  async raw (text: string): Promise<PageAnswer> {
    await this.client.send(text)
    const [answer] = await this.client.messages(1)
    return JSON.parse(answer!) as PageAnswer
  }

  ask (command: object): Promise<PageAnswer> { return this.raw(JSON.stringify({ id: ++this.#lastId, ...command })) }

  rows (table: string, query: object = {}): Promise<PageAnswer> {
    return this.ask({ name: 'rows', node: '', table, from: 0, count: 50, sort: '', descending: false, filter: '', ...query })
  }
}

export async function openPage (server: Host, path = '/inspector', transport: 'websocket' | 'xhr-polling' | 'xhr-streaming' = 'websocket', headers: Record<string, string> = {}): Promise<TestPage> {
  return new TestPage(await connect(server, transport, { path: `${path}/live`, headers }))
}

export interface InspectedOptions extends ServerOptions {
  readonly inspector?: InspectorOptions
  readonly stomp?: Partial<StompPluginOptions> | false
}

/** Options of a server with STOMP and the inspector. */
export function inspected ({ inspector: own = { open: true }, stomp: stompOptions = {}, after, ...options }: InspectedOptions = {}): ServerOptions {
  return {
    ...options,
    after: async (app: FastifyInstance) => {
      if (stompOptions !== false) await app.register(stomp, { path: '/stomp', ...(app.sockjs.node === null ? { broker: memoryBroker({ maxDeliveries: 1 }) } : {}), ...stompOptions })
      await app.register(inspector, own)
      await after?.(app)
    }
  }
}

/** Starts a server on one node with STOMP and the inspector. */
export function inspectedServer (t: Test, options: InspectedOptions = {}): Promise<TestServer> { return buildServer(t, { nodes: 1, ...inspected(options) }) }

const receiver = (transport: TransportName): Receiver => ({
  transport,
  buffered: 0,
  progress: 0,
  queued: false,
  answered: true,
  sharesConnection: () => true,
  cork () {},
  uncork () {},
  control () {},
  messages () {},
  heartbeat: () => false,
  close () {},
  pause () {},
  destroy () {}
})

/** Opens many sessions without sockets. */
export function openMany (endpoint: Endpoint, count: number, facts: (i: number) => Partial<SessionFacts<unknown, unknown>> = () => ({})): void {
  for (let i = 0; i < count; i++) {
    const all: SessionFacts<unknown, unknown> = {
      transport: 'websocket', protocol: '', user: undefined, attributes: undefined, ip: '127.0.0.1', path: '/echo', query: '', prefix: '/echo', headers: {}, userKey: '', origin: '', requestId: '', ...facts(i)
    }
    endpoint.accept(all, () => receiver(all.transport))
  }
}

/** Cuts the connection of a session, so that it waits for its client. The endpoint needs the option `resume`. */
export function suspend (endpoint: Endpoint, session: AnySession): void {
  endpoint.resumables!.add(session)
  session.output.interrupted(session.output.receiver!)
}
