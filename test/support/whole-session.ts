import type { Test } from 'tap'
import { connect, type TestClient, type TransportName, TRANSPORTS } from './client.ts'
import { knock } from './doors.ts'
import type { TestServer } from './server.ts'
import { until, within } from './wait.ts'

/** The page that the server of a whole session lets in, and one that it does not. */
export const PAGE = 'https://app.example'
const FOREIGN_PAGE = 'https://foreign.example'

/** The options of a server for whole sessions: it serves every transport, and refuses pages of other origins. */
export const ONE_PAGE = { origins: [PAGE], transports: { jsonp: true, htmlfile: true } } as const

/** A client on its way to the server. */
export interface Visit {
  /** The port of a proxy before the server. */
  readonly port?: number
  /** The transports that the server can carry: all of them, unless it says otherwise. */
  readonly transports?: readonly TransportName[]
  /** The path of the endpoint, as the client sees it. */
  readonly path?: string
  /** Headers of every request of the client. */
  readonly headers?: Record<string, string>
  /** The address by which the server knows the client. */
  readonly ip?: string
  /** Facts about the client that hooks of the application have found out. */
  readonly attributes?: Readonly<Record<string, unknown>>
  /** Another listener answers the upgrades of unknown URLs outside of the endpoint. */
  readonly elsewhere?: 'not ours'
}

const TO_SERVER = 'to the server: "ä", 😀'
const TO_CLIENT = 'to the client: "ä", 😀'

/** Everything that a session does, over every transport, and the end of the server with a session of each. Afterwards the server is closed. */
export async function wholeSession (t: Test, server: TestServer, visit: Visit = {}): Promise<void> {
  const { transports = TRANSPORTS } = visit
  for (const transport of transports) {
    await t.test(transport, async (t) => {
      await lifeOfASession(t, server, transport, visit)
      await refusals(t, server, transport, visit)
    })
  }
  await t.test('app.close()', (t) => endOfTheServer(t, server, transports, visit))
}

function enter (server: TestServer, transport: TransportName, { port = server.port, path = '/echo', headers }: Visit): Promise<TestClient> {
  const host = { port, wire: server.wire, own: <C extends { abort (): void }>(client: C) => server.own(client) }
  return connect(host, transport, { path, headers: { origin: PAGE, ...headers } })
}

async function lifeOfASession (t: Test, server: TestServer, transport: TransportName, visit: Visit): Promise<void> {
  const client = await enter(server, transport, visit)
  const session = await server.session()
  t.equal(session.transport, transport)
  t.equal(session.ip, visit.ip ?? '127.0.0.1', 'the address')
  t.match(session.attributes, visit.attributes ?? {})
  const { status } = await client.send(TO_SERVER)
  t.ok(status < 300, `a send is answered with ${status}`)
  t.strictSame(await client.messages(1), [TO_SERVER], 'the echo')
  session.send(TO_CLIENT)
  t.strictSame(await client.messages(1), [TO_CLIENT])
  session.close(4000, 'over')
  t.strictSame(await client.closed, { code: 4000, reason: 'over' })
  t.match(await server.closing(), { code: 4000, clean: true, undelivered: 0 })
  client.abort()
}

async function refusals (t: Test, server: TestServer, transport: TransportName, { port = server.port, path = '/echo', headers, elsewhere }: Visit): Promise<void> {
  const { wire } = server
  const status = async (where: string, origin: string): Promise<number> =>
    (await knock({ port, wire, transport, path: where, headers: { origin, ...headers } })).status
  t.equal(await status(path, FOREIGN_PAGE), 403, 'another origin')
  t.equal(await status(path + '/unknown', PAGE), 404, 'an unknown URL below the endpoint')
  if (elsewhere === undefined || !transport.startsWith('websocket')) t.equal(await status('/unknown', PAGE), 404, 'an unknown URL elsewhere')
  t.equal(server.endpoint.sessions.size, 0)
  t.equal(server.sessions.waiting, 0, 'no session came of it')
}

async function endOfTheServer (t: Test, server: TestServer, transports: readonly TransportName[], visit: Visit): Promise<void> {
  const live = []
  for (const transport of transports) live.push(await enter(server, transport, visit))
  await until(() => [...server.endpoint.sessions].every((session) => session.output.receiver !== null), 'every client listens')
  await within(server.app.close(), 'app.close()')
  for (const client of live) t.match(await client.closed, { code: 1001 }, client.transport)
  for (const { transport } of live) t.match(await server.closing(), { code: 1001, clean: true }, transport)
  await until(() => server.sockets.size === 0, 'no descriptor is left')
}
