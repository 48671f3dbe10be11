import type { FastifyRequest } from 'fastify'
import t from 'tap'
import type { EndpointOptions, Session } from '../../../src/index.ts'
import { connect, newId } from '../../support/client.ts'
import { type Answer, ask, TcpPeer } from '../../support/http.ts'
import { buildServer, type TestServer } from '../../support/server.ts'
import { until } from '../../support/wait.ts'

const KIM = { 'x-user': 'kim' }

/** The user of a request by its header, from the start. */
const EARLY: EndpointOptions = { user: (request: FastifyRequest) => request.headers['x-user'] }

/** The user of a request, which a hook finds after the body was read; before that `user` throws. */
const LATE: EndpointOptions = {
  preHandler: async (request: FastifyRequest) => { Object.assign(request, { account: { name: request.headers['x-user'] } }) },
  user: (request: FastifyRequest) => (request as FastifyRequest & { account: { name: string } }).account.name
}

/** A session of Kim that the application holds back, and what the application hears of it. */
async function heldBack (server: TestServer): Promise<{ id: string, session: Session, heard: string[] }> {
  const id = newId()
  await connect(server, 'xhr-streaming', { id, headers: KIM })
  const session = await server.session()
  const heard: string[] = []
  session.on('message', (message) => heard.push(message))
  session.pause()
  return { id, session, heard }
}

function send (server: TestServer, id: string, headers: Record<string, string>, body = '["x"]'): Promise<Answer> {
  return ask({ port: server.port, method: 'POST', path: `/echo/000/${id}/xhr_send`, headers, body })
}

function head (id: string, lines: string): string {
  return `POST /echo/000/${id}/xhr_send HTTP/1.1\r\nHost: x\r\n${lines}\r\n\r\n`
}

for (const [name, endpoint] of Object.entries({ EARLY, LATE })) {
  t.test(`SESSION-17: another user takes no room in a session that is held back, and cannot end it (${name})`, async (t) => {
    const server = await buildServer(t, { endpoint, handler: () => {} })
    const { id, session, heard } = await heldBack(server)
    for (let i = 0; i < 5; i++) {
      const greedy = server.own(new TcpPeer(server.port))
      greedy.write(head(id, 'X-User: lee\r\nContent-Length: 500000'))
    }
    const huge = server.own(new TcpPeer(server.port)).write(head(id, 'X-User: lee\r\nContent-Length: 99999999'))
    await huge.see('HTTP/1.1 413 ')
    const peer = server.own(new TcpPeer(server.port))
    peer.write((head(id, 'X-User: lee\r\nContent-Length: 5') + '["y"]').repeat(300))
    await until(() => peer.text.split('HTTP/1.1 404 ').length === 301, 'every answer')
    t.equal((await send(server, id, {})).status, 404, 'without a user')
    t.strictSame(server.closings.all, [])
    t.ok(server.endpoint.registration.bufferedBytes < 8192, 'no sender is held')
    const own = send(server, id, KIM)
    await until(() => server.endpoint.registration.bufferedBytes >= 8192, 'the send of the owner waits')
    session.resume()
    t.equal((await own).status, 204)
    t.strictSame(heard, ['x'])
    t.strictSame(server.closings.all, [])
  })

  t.test(`R6: the flood of its owner ends a session (${name})`, async (t) => {
    const server = await buildServer(t, { endpoint, handler: () => {} })
    const { id } = await heldBack(server)
    const peer = server.own(new TcpPeer(server.port))
    peer.write((head(id, 'X-User: kim\r\nContent-Length: 5') + '["y"]').repeat(200))
    t.match(await server.closing(), { code: 1008 })
    await peer.see('HTTP/1.1 503 ')
    t.equal(server.endpoint.registration.bufferedBytes, 0)
  })
}

t.test('R6: a body that is too large is refused although the session is held back, and the session goes on', async (t) => {
  const server = await buildServer(t, { endpoint: { ...EARLY, maxMessageSize: 1000, queue: { limit: 2000, highWater: 1000 } }, handler: () => {} })
  const { id, session, heard } = await heldBack(server)
  for (let i = 0; i < 3; i++) t.equal((await send(server, id, KIM, 'x'.repeat(4001))).status, 413)
  const unread = server.own(new TcpPeer(server.port)).write(head(id, 'X-User: kim\r\nContent-Length: 99999999'))
  await unread.see('HTTP/1.1 413 ')
  t.equal(session.state, 'open')
  const own = send(server, id, KIM)
  await until(() => server.endpoint.registration.bufferedBytes >= 8192, 'it waits')
  session.resume()
  t.equal((await own).status, 204)
  t.strictSame(heard, ['x'])
})

t.test('R6: with small limits a body without a length waits as any other', async (t) => {
  const server = await buildServer(t, { endpoint: { ...EARLY, maxMessageSize: 1000, queue: { limit: 2000, highWater: 1000 } }, handler: () => {} })
  const { id, session, heard } = await heldBack(server)
  const chunked = server.own(new TcpPeer(server.port))
  chunked.write(head(id, 'X-User: kim\r\nTransfer-Encoding: chunked') + '5\r\n["x"]\r\n0\r\n\r\n')
  await until(() => server.endpoint.registration.bufferedBytes >= 8192, 'it waits')
  t.equal(session.state, 'open')
  session.resume()
  await chunked.see('HTTP/1.1 204 ')
  t.strictSame(heard, ['x'])
  t.strictSame(server.closings.all, [])
})
