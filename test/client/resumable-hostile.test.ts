/** Servers that say they resume sessions, and break the protocol. */
import t, { type Test } from 'tap'
import type { WebSocket as WsSocket } from 'ws'
import { until } from '../support/wait.ts'
import { Client } from './resumable-support.ts'
import { INFO, scripted, type ScriptedServer, withGlobal } from './support.ts'

const RESUMES = INFO.replace('{', '{"resume":60000,')
const TOKEN = 'AAECAwQFBgcICQoLDA0ODw'
const NEXT = 'EBESExQVFhcYGRobHB0eHw'

/** Starts a server whose connections are played one after the other. The last one serves all that follow. */
async function play (t: Test, ...parts: ((socket: WsSocket) => void)[]): Promise<ScriptedServer & { readonly texts: string[] }> {
  const texts: string[] = []
  let next = 0
  const server = await scripted(t, (_request, response) => { response.writeHead(404).end() }, (socket) => {
    socket.on('message', (text) => texts.push(String(text)))
    parts[Math.min(next++, parts.length - 1)]!(socket)
  }, RESUMES)
  return Object.assign(server, { texts })
}

const say = (...frames: string[]) => (socket: WsSocket): void => { for (const frame of frames) socket.send(frame) }

/** Sends frames and cuts the connection. */
const sayAndCut = (...frames: string[]) => (socket: WsSocket): void => {
  say(...frames)(socket)
  socket.ping(undefined, undefined, () => socket.terminate())
}

/** Opens a client, and sends two messages. */
async function open (server: ScriptedServer, options = {}): Promise<Client> {
  const client = new Client(server.url, { transports: 'websocket', ...options })
  client.socket.onopen = () => {
    client.socket.send('one')
    client.socket.send('two')
  }
  return client
}

t.test('the exchange of PROTOCOL.md, in literal bytes', async (t) => {
  const server = await play(t, say('o', `r["${TOKEN}",0]`, 'a["x","y"]'), say('o', `r["${NEXT}",1]`, 'a["z"]', 'r[2]', 'c[3000,"end"]'))
  const client = await open(server)
  await client.take(2)
  await until(() => server.texts.length === 3, 'messages and a confirmation')
  t.strictSame(server.texts.sort(), ['["one"]', '["two"]', 'r0'])
  for (const socket of server.sockets) socket.destroy()
  t.strictSame(await client.endings.next(), { code: 3000, reason: 'end', wasClean: true, undelivered: 0 })
  t.strictSame(client.texts.all, ['x', 'y', 'z'])
  await until(() => server.texts.length === 5, 'the missing message')
  t.strictSame(server.texts.slice(3), ['r2', '["two"]'])
  t.match(server.requests.filter((url) => url.includes('websocket')), [/websocket\?resume=1$/, new RegExp(`websocket\\?resume=${TOKEN}\\.2$`)])
})

t.test('counts that cannot be have no effect', async (t) => {
  for (const frame of ['r[3]', 'r[-1]', 'r[1.5]', 'r["x"]', 'r[null]', 'r[{}]', 'r[[1]]', 'r{}', 'r', 'r[1e99]', 'r[true]']) {
    const server = await play(t, (socket) => {
      say('o', `r["${TOKEN}",0]`)(socket)
      let count = 0
      socket.on('message', () => { if (++count === 3) say(frame, 'c[1000,"end"]')(socket) })
    })
    const client = await open(server)
    const { code, undelivered } = await client.endings.next()
    // A text or an object in place of the token is a new token, and a value that is none is a refusal.
    if (/null|true/.test(frame)) t.ok(code === 1006 || code === 1000, frame)
    else t.strictSame([code, undelivered], [1000, 2], frame)
  }
})

t.test('a second connection that is another session', async (t) => {
  for (const [name, frames] of [
    ['a heartbeat in place of r', ['o', 'h']],
    ['a message in place of r', ['o', 'a["of another session"]']],
    ['r[]', ['o', 'r[]', 'c[1002,"Session cannot be resumed"]']],
    ['r[] without o', ['r[]']]
  ] as const) {
    const server = await play(t, sayAndCut('o', `r["${TOKEN}",0]`, 'a["x"]'), say(...frames))
    const client = await open(server)
    t.strictSame(await client.endings.next(), { code: 1006, reason: 'Session cannot be resumed', wasClean: false, undelivered: 2 }, name)
    t.strictSame(client.texts.all, ['x'], name)
    t.strictSame(client.events.all, ['open', 'suspend'], name)
  }
})

t.test('a cut before the token', async (t) => {
  const server = await play(t, sayAndCut('o'))
  const client = await open(server)
  t.match(await client.endings.next(), { code: 1006, wasClean: false, undelivered: undefined })
  t.strictSame(client.events.all, ['open'])
})

t.test('a cut before the new token: the old one counts again', async (t) => {
  const server = await play(t, sayAndCut('o', `r["${TOKEN}",0]`), sayAndCut('o'), sayAndCut('o', `r["${NEXT}",2]`), say('o', 'r[]'))
  const client = await open(server)
  t.strictSame(await client.endings.next(), { code: 1006, reason: 'Session cannot be resumed', wasClean: false, undelivered: 0 })
  t.match(server.requests.filter((url) => url.includes('websocket')).map((url) => url.split('?')[1]), ['resume=1', `resume=${TOKEN}.0`, `resume=${TOKEN}.0`, `resume=${NEXT}.0`])
})

t.test('messages that the client has forgotten', async (t) => {
  const server = await play(t, sayAndCut('o', `r["${TOKEN}",0]`), say('o', `r["${NEXT}",0]`))
  const client = await open(server, { limit: 8 })
  t.strictSame(await client.endings.next(), { code: 1006, reason: 'Messages for the server were forgotten', wasClean: false, undelivered: 2 })
})

t.test('a server that resumes no more, and one that is gone', async (t) => {
  const info = { text: RESUMES }
  const server = await scripted(t, (_request, response) => { response.writeHead(404).end() }, (socket) => {
    info.text = INFO
    sayAndCut('o', `r["${TOKEN}",0]`)(socket)
  }, () => info.text)
  const client = await open(server)
  t.match(await client.endings.next(), { code: 1006, reason: 'Server resumes no sessions', undelivered: 2 })

  const short = await scripted(t, (_request, response) => { response.writeHead(404).end() }, (socket) => sayAndCut('o', `r["${TOKEN}",0]`)(socket), RESUMES.replace('60000', '100'))
  const left = await open(short)
  t.equal(await left.events.next(), 'open')
  short.stop()
  t.strictSame(await left.endings.next(), { code: 1006, reason: 'Session was not resumed in time', wasClean: false, undelivered: 2 })
})

t.test('heartbeats before o do not refuse a session', async (t) => {
  const server = await play(t, sayAndCut('o', `r["${TOKEN}",0]`), say('h', 'o', `r["${NEXT}",0]`, 'c[3000,"end"]'))
  const client = await open(server)
  t.match(await client.endings.next(), { code: 3000, reason: 'end', wasClean: true })
})

t.test('a second connection without r is left after 10 seconds, and the next one may resume', async (t) => {
  const { setTimeout } = globalThis
  const fired: (() => void)[] = []
  withGlobal(t, 'setTimeout', (callback: (...values: unknown[]) => void, delay: number, ...values: unknown[]) => {
    if (delay !== 10_000) return setTimeout(callback, delay, ...values)
    fired.push(() => callback(...values))
    return undefined
  })
  const server = await play(t, sayAndCut('o', `r["${TOKEN}",0]`), say('o'), say('o', `r["${NEXT}",2]`))
  const client = await open(server)
  for (const event of ['open', 'suspend']) t.equal(await client.events.next(), event)
  await until(() => fired.length === 1, 'the timer behind o')
  fired[0]!()
  t.equal(await client.events.next(), 'resume')
  const asked = server.requests.filter((url) => url.includes('websocket')).map((url) => url.split('?')[1])
  t.strictSame(asked, ['resume=1', `resume=${TOKEN}.0`, `resume=${TOKEN}.0`])
  client.abort()
  t.match(await client.endings.next(), { code: 1000 })
})

t.test('a time beyond that of timers counts as their longest', async (t) => {
  const server = await scripted(t, (_request, response) => { response.writeHead(404).end() }, sayAndCut('o', `r["${TOKEN}",0]`), RESUMES.replace('60000', '1e12'))
  const client = await open(server, { minDelay: 60_000, maxDelay: 60_000 })
  for (const event of ['open', 'suspend', 'resume', 'suspend']) t.equal(await client.events.next(), event)
  client.abort()
  t.match(await client.endings.next(), { code: 1000 })
})

t.test('connections that break as soon as they are resumed: the pauses grow, and the session does not spin', async (t) => {
  const server = await play(t, sayAndCut('o', `r["${TOKEN}",0]`))
  const client = await open(server, { minDelay: 40, maxDelay: 80 })
  for (const event of ['open', 'suspend', 'resume', 'suspend']) t.equal(await client.events.next(), event)
  const begun = performance.now()
  for (const event of ['resume', 'suspend', 'resume', 'suspend']) t.equal(await client.events.next(), event)
  t.ok(performance.now() - begun >= 40, 'two pauses of at least half the delay')
  client.abort()
  t.match(await client.endings.next(), { code: 1000 })
})

t.test('confirmations: after 64 messages, and after 16 KiB', async (t) => {
  const texts = Array.from({ length: 64 }, (_, i) => `${i}`)
  const many = await play(t, say('o', `r["${TOKEN}",0]`, `a${JSON.stringify(texts)}`, 'a["more"]'))
  const client = await open(many)
  await until(() => many.texts.includes('r64'), 'a confirmation')
  const large = await play(t, say('o', `r["${TOKEN}",0]`, `a["${'x'.repeat(16_384)}","y"]`))
  const other = await open(large)
  await until(() => large.texts.includes('r1'), 'a confirmation')
  for (const one of [client, other]) one.abort()
})

t.test('over polling, nothing is confirmed before the new token is read, because a confirmation uses up the old one', async (t) => {
  const answers: (string | null)[] = ['o\n', `r["${TOKEN}",0]\n`, null, 'o\n', null, 'r[]\n']
  const server = await scripted(t, (request, response) => {
    if (request.url!.includes('xhr_send')) return response.writeHead(204).end()
    const answer = answers.shift()
    if (answer === null) response.destroy()
    else if (answer !== undefined) response.end(answer)
  }, undefined, RESUMES)
  const client = new Client(server.url, { transports: 'xhr-polling' })
  t.match(await client.endings.next(), { code: 1006, reason: 'Session cannot be resumed' })
  const polls = server.requests.filter((url) => /xhr(?:\?|$)/.test(url)).map((url) => url.split('?')[1])
  t.strictSame(polls, ['resume=1', undefined, 'r=0', `resume=${TOKEN}.0`, undefined, `resume=${TOKEN}.0`])
})
