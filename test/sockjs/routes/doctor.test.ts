import t from 'tap'
import { ask } from '../../support/http.ts'
import { buildServer } from '../../support/server.ts'

const bodyOf = async (port: number, headers: Record<string, string> = {}) => {
  const { status, body } = await ask({ port, path: '/echo/doctor', headers })
  return { status, answer: status === 200 ? JSON.parse(body) : null }
}

t.test('doctor: off by default', async (t) => {
  const server = await buildServer(t)
  t.equal((await ask({ port: server.port, path: '/echo/doctor' })).status, 404)
})

t.test('doctor: tells a client how the server saw its request, and no more', async (t) => {
  const server = await buildServer(t, { endpoint: { doctor: true, heartbeat: 20_000, maxMessageSize: 1000 } })
  const { status, body, headers } = await ask({ port: server.port, path: '/echo/doctor?x=1', headers: { cookie: 'secret=1', authorization: 'Bearer secret', 'x-forwarded-for': '192.0.2.7' } })
  t.equal(status, 200)
  t.match(headers['content-type'], /^application\/json/)
  t.match(headers['cache-control'], /no-store/)
  const answer = JSON.parse(body)
  t.same(answer, {
    server: 'fastify-sockjs',
    request: { address: '127.0.0.1', port: answer.request.port, trusted: false, host: `127.0.0.1:${server.port}`, protocol: 'http', httpVersion: '1.1', forwarded: ['x-forwarded-for'] },
    heartbeat: 20_000,
    disconnectDelay: 5000,
    maxMessageSize: 1000,
    bodyLimit: 4000,
    compression: false
  })
  t.type(answer.request.port, 'number')
  t.notMatch(body, /secret|192\.0\.2/)
})

t.test('doctor: behind a trusted proxy it tells the client, its host and its scheme', async (t) => {
  const server = await buildServer(t, { endpoint: { doctor: true }, fastify: { trustProxy: ['127.0.0.1'] } })
  const { answer } = await bodyOf(server.port, { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'app.example' })
  t.match(answer.request, { address: '192.0.2.7', trusted: true, host: 'app.example', protocol: 'https' })
})

t.test('doctor: the rules about methods and origins apply', async (t) => {
  const server = await buildServer(t, { plugin: { origins: ['https://app.example'] }, endpoint: { doctor: true } })
  t.equal((await bodyOf(server.port, { origin: 'https://evil.example' })).status, 403)
  const { status, headers } = await ask({ port: server.port, path: '/echo/doctor', headers: { origin: 'https://app.example' } })
  t.same([status, headers['access-control-allow-origin']], [200, 'https://app.example'])
  t.equal((await ask({ port: server.port, path: '/echo/doctor', method: 'POST' })).status, 405)
  t.equal((await ask({ port: server.port, path: '/echo/doctor', method: 'OPTIONS', headers: { origin: 'https://app.example' } })).status, 204)
})
