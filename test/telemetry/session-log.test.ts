import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type { EndpointOptions, Session } from '../../src/index.ts'
import { FakeHost, openingSession } from '../sockjs/session/support.ts'
import { buildStomp } from '../stomp/support.ts'
import { collectGarbage } from '../support/heap.ts'
import { buildServer, type ServerOptions, type TestServer } from '../support/server.ts'
import { until } from '../support/wait.ts'

type Line = Readonly<Record<string, unknown>> & { readonly msg: string }

/** The secrets of a client: its own id, and its tokens. */
const SECRETS = ['chosen-by-client', 'bearer-token', 'cookie-token', 'query-token', 'kim-name', 'the-passcode']
const HEADERS = { authorization: 'Bearer bearer-token', cookie: 'session=cookie-token' }

interface Logged {
  readonly server: TestServer
  readonly lines: Line[]
}

async function build (t: Test, handler: (session: Session, request: FastifyRequest) => unknown, options: ServerOptions = {}): Promise<Logged> {
  const lines: Line[] = []
  const stream = { write: (line: string) => { lines.push(JSON.parse(line) as Line) } }
  const server = await buildServer(t, { nodes: 1, ...options, fastify: { logger: { level: 'debug', stream }, ...options.fastify }, handler })
  return { server, lines }
}

/** Opens a session that polls, with every secret that a client may send. */
async function poll ({ port }: TestServer): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/echo/000/chosen-by-client/xhr?token=query-token`, { method: 'POST', headers: HEADERS })
  await response.text()
}

/** The lines that the application wrote. */
const ours = (lines: readonly Line[]): Line[] => lines.filter(({ msg }) => msg.startsWith('app: '))

function bindings (line: Line): Record<string, unknown> {
  const { level: _level, time: _time, pid: _pid, hostname: _hostname, msg: _msg, ...rest } = line
  return rest
}

function hasNoSecret (t: Test, lines: readonly unknown[]): void {
  const text = JSON.stringify(lines)
  for (const secret of SECRETS) t.notOk(text.includes(secret), `the lines do not show ${secret}`)
}

t.test('session.log has the id of the server, the endpoint, the transport and the request, and no secret', async (t) => {
  let requestId = ''
  const { server, lines } = await build(t, (session, request) => {
    requestId = request.id
    session.log.info('app: opened')
    // The serializer of the endpoint hides the id of the client, as it does in `request.log`.
    session.log.info({ req: request }, 'app: with its request')
    session.on('message', () => session.log.debug('app: a message'))
  }, { endpoint: { session: () => ({ user: { name: 'kim-name' } }) } })
  await poll(server)
  const session = await server.session()
  const sent = await fetch(`http://127.0.0.1:${server.port}/echo/000/chosen-by-client/xhr_send`, { method: 'POST', body: '["a"]', headers: HEADERS })
  t.equal(sent.status, 204)
  await until(() => ours(lines).length === 3, 'the message is logged')
  const expected = { reqId: requestId, session: session.id, endpoint: '/echo', transport: 'xhr-polling' }
  const [opened, withRequest, message] = ours(lines)
  t.strictSame(bindings(opened!), expected)
  t.strictSame(bindings(message!), expected, 'a message that another request brought has the id of the first')
  t.match(withRequest!.req, { method: 'POST', url: /^\/echo\// })
  hasNoSecret(t, ours(lines))

  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/echo/000/chosen-by-client/websocket?token=query-token`, { headers: HEADERS })
  server.own({ abort: () => ws.terminate() })
  await once(ws, 'open')
  const second = await server.session()
  t.strictSame(bindings(ours(lines)[3]!), { reqId: requestId, session: second.id, endpoint: '/echo', transport: 'websocket' })
  hasNoSecret(t, ours(lines))
})

t.test('session.log has the level and the serializers that request.log has, and the label of the application', async (t) => {
  const answers: [EndpointOptions, string[]][] = [
    [{}, ['app: info', 'app: warn']],
    [{ logLevel: 'warn' }, ['app: warn']],
    [{ logLevel: 'debug' }, ['app: debug', 'app: info', 'app: warn']]
  ]
  for (const [endpoint, expected] of answers) {
    const lines: Line[] = []
    const stream = { write: (line: string) => { lines.push(JSON.parse(line) as Line) } }
    const server = await buildServer(t, {
      nodes: 1,
      endpoint,
      fastify: { logger: { level: 'info', stream } },
      handler: (session) => { for (const level of ['debug', 'info', 'warn'] as const) session.log[level](`app: ${level}`) }
    })
    await poll(server)
    t.strictSame(ours(lines).map(({ msg }) => msg), expected, JSON.stringify(endpoint))
  }

  const lines: Line[] = []
  const stream = { write: (line: string) => { lines.push(JSON.parse(line) as Line) } }
  const server = await buildServer(t, {
    nodes: 1,
    fastify: { logger: { level: 'info', stream } },
    after: (app) => app.register(async (scope) => {
      scope.sockjs('/chat', (session, request) => session.log.info({ secret: 'x', reqId: request.id }, 'app: in a scope'))
    }, { prefix: '/inner', logSerializers: { secret: () => 'hidden' } })
  })
  await (await fetch(`http://127.0.0.1:${server.port}/inner/chat/000/a/xhr`, { method: 'POST' })).text()
  t.match(ours(lines), [{ endpoint: '/inner/chat', secret: 'hidden' }], 'the serializers of the scopes above apply')
})

t.test('session.log is made at its first read, once, and keeps no request', async (t) => {
  const made: unknown[][] = []
  const host = new FakeHost()
  host.log = (...args) => {
    made.push(args)
    return { args } as never
  }
  const session = openingSession(host, 'websocket')
  t.strictSame([made.length, session.knownId], [0, undefined], 'an idle session has no logger and no id')
  const { log } = session
  t.equal(session.log, log)
  t.strictSame(made, [['websocket', 'req-1', session.id]])
  session.logAs('an id of STOMP')
  t.strictSame(made[1], ['websocket', 'req-1', 'an id of STOMP'], 'a layer above gets the id of the request after that, too')

  const requests: WeakRef<FastifyRequest>[] = []
  const { server } = await build(t, (session, request) => {
    requests.push(new WeakRef(request))
    session.log.info('app: opened')
  })
  await poll(server)
  const open = await server.session()
  // The connection keeps its last request until the next one comes.
  for (const socket of server.sockets) socket.destroy()
  await until(() => {
    collectGarbage()
    return requests[0]!.deref() === undefined
  }, 'the request is gone')
  await turn()
  t.equal(open.state, 'open')
  open.log.info('app: still open')
})

t.test('stompSession.log has the id that CONNECTED names, and no user or passcode', async (t) => {
  const server = await buildStomp(t, {
    listen: true,
    routes: ({ stomp }) => {
      stomp.addHook('onConnect', (_frame, session) => {
        session.user = { name: 'kim-name' }
        session.log.info('app: connect')
      })
      stomp.message('/say', ({ session }) => session.log.info('app: said'))
    }
  })
  const lines = (): Line[] => ours(server.log.map((line) => JSON.parse(line) as Line))
  const client = await server.connect({ headers: { login: 'kim-name', passcode: 'the-passcode', authorization: 'bearer-token' } })
  client.frame('SEND', { destination: '/app/say' }, '"x"')
  await until(() => lines().length === 2, 'the route has logged')
  const id = client.connected!.headers.get('session')
  for (const line of lines()) t.strictSame(bindings(line), { session: id, endpoint: '/stomp', transport: 'websocket-raw' }, 'a client without a request has no id of one')
  const [session] = server.stomp.sessions
  t.equal(session!.log, session!.log)

  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/stomp`, 'v12.stomp', { headers: HEADERS })
  t.teardown(() => ws.terminate())
  await once(ws, 'open')
  ws.send('CONNECT\naccept-version:1.2\nhost:a\nlogin:kim-name\npasscode:the-passcode\n\n\0')
  await until(() => lines().length === 3, 'the hook has logged')
  const { reqId, ...rest } = bindings(lines()[2]!)
  const second = [...server.stomp.sessions].find((one) => one !== session)
  t.strictSame(rest, { session: second?.id, endpoint: '/stomp', transport: 'websocket-raw' })
  t.type(reqId, 'string')
  hasNoSecret(t, lines())
})
