import t, { type Test } from 'tap'
import { resumable, SockJS, type SockJSTransport } from '../../src/client.ts'
import { until } from '../support/wait.ts'
import { Client, cut, open, serve, startProxy, urlOf } from './resumable-support.ts'
import { startSockjsNode, TRANSPORTS, withGlobal } from './support.ts'

for (const transport of TRANSPORTS) {
  t.test(`${transport}: the session goes on after each cut, and no message is lost or comes twice`, async (t) => {
    const server = await serve(t)
    const client = await open(server, { transports: transport })
    const session = await server.session()
    const sent: string[] = []
    const say = (text: string): void => {
      sent.push(text)
      client.socket.send(text)
    }
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 50; i++) say(`message ${round} ${i}`)
      if (round % 2) await until(() => client.texts.all.length > round * 40, 'some messages')
      await until(() => session.output.receiver !== null, 'the receiver waits')
      cut(server)
      t.equal(await client.events.next(), 'suspend')
      t.strictSame([client.socket.readyState, client.socket.suspended, client.socket.transport], [SockJS.OPEN, true, null])
      say(`while suspended ${round}`)
      t.equal(await client.events.next(), 'resume')
      t.strictSame([client.socket.readyState, client.socket.suspended, client.socket.transport], [SockJS.OPEN, false, transport])
    }
    t.strictSame(await client.take(sent.length), sent)
    t.strictSame([server.sessions.all.length, session.state], [1, 'open'])
    client.socket.close(3000, 'enough')
    t.match(await client.endings.next(), { code: 3000, reason: 'enough', wasClean: true })
    // The application does not wait until the time of the suspended session is over.
    await server.closing()
    t.equal(client.texts.all.length, sent.length)
  })

  t.test(`${transport}: from each transport to each`, async (t) => {
    const server = await serve(t)
    const options: { transports: SockJSTransport } = { transports: transport }
    const client = await open(server, options)
    const session = await server.session()
    for (const next of [...TRANSPORTS, transport, ...[...TRANSPORTS].reverse()]) {
      await until(() => session.output.receiver !== null, 'the receiver waits')
      options.transports = next
      cut(server)
      client.socket.send(`now ${next}`)
      t.equal(await client.events.next(), 'suspend')
      t.equal(await client.events.next(), 'resume')
      t.strictSame(await client.take(1), [`now ${next}`])
      t.strictSame([client.socket.transport, session.transport], [next, next])
    }
    t.equal(client.texts.waiting, 0)
  })

  t.test(`${transport}: the time of the server is over`, async (t) => {
    const server = await serve(t, { handler () {} })
    const proxy = await startProxy(t, server.port)
    const client = new Client(urlOf(proxy), { transports: transport })
    const session = await server.session()
    t.equal(await client.events.next(), 'open')
    client.socket.send('got')
    await until(() => session.output.receiver !== null && session.resumption!.received === 1, 'the message has come')
    proxy.target = 1
    proxy.cut()
    t.equal(await client.events.next(), 'suspend')
    await until(() => session.suspended, 'the server knows')
    session.send('never')
    client.socket.send('never')
    server.clock.advance(60_000)
    t.match(await server.closing(), { undelivered: 1 })
    proxy.target = server.port
    // The first message has come, but its confirmation had not.
    t.strictSame(await client.endings.next(), { code: 1006, reason: 'Session cannot be resumed', wasClean: false, undelivered: 2 })
    t.equal(client.events.waiting, 0)
    t.strictSame([client.socket.readyState, client.socket.suspended, client.socket.transport], [SockJS.CLOSED, false, null])
  })

  t.test(`${transport}: the server closes a session that was resumed, behind its last messages`, async (t) => {
    const server = await serve(t)
    const client = await open(server, { transports: transport })
    const session = await server.session()
    await until(() => session.output.receiver !== null, 'the receiver waits')
    cut(server)
    t.equal(await client.events.next(), 'suspend')
    session.send('one')
    session.close(3001, 'bye')
    t.match(await client.endings.next(), { code: 3001, reason: 'bye', wasClean: true, undelivered: 0 })
    t.strictSame(client.texts.all, ['one'])
  })

  t.test(`${transport}: a server that resumes nothing gets a plain session`, async (t) => {
    for (const url of [urlOf(await serve(t, { endpoint: { resume: false } })), await startSockjsNode(t, (connection) => connection.on('data', (text) => { connection.write(text) }))]) {
      const client = new Client(url, { transports: transport })
      t.equal(await client.events.next(), 'open')
      client.socket.send('x')
      t.strictSame(await client.take(1), ['x'])
      client.abort()
      t.strictSame(await client.endings.next(), { code: 1000, reason: 'Normal closure', wasClean: true, undelivered: undefined })
    }
  })

  t.test(`${transport}: close() in the event open, before the token is read, ends the session of the server`, async (t) => {
    for (const messages of [0, 1]) {
      const server = await serve(t)
      const client = server.own(new Client(urlOf(server), { transports: transport }))
      client.socket.onopen = () => {
        for (let i = 0; i < messages; i++) client.socket.send('last')
        client.socket.close()
      }
      t.match(await client.endings.next(), { code: 1000, wasClean: true, undelivered: undefined })
      const session = await server.session()
      await server.closing()
      t.strictSame([session.suspended, session.resumption!.received], [false, messages])
    }
  })

  t.test(`${transport}: a plain session ends with its connection`, async (t) => {
    const server = await serve(t, { endpoint: { resume: false } })
    const client = await open(server, { transports: transport })
    const session = await server.session()
    await until(() => session.output.receiver !== null, 'the receiver waits')
    cut(server)
    t.match(await client.endings.next(), { code: 1006, wasClean: false, undelivered: undefined })
    t.strictSame(client.events.all, ['open'])
  })
}

t.test('close() and the signal while the session is suspended, in a pause and in an attempt', async (t) => {
  for (const pause of [true, false]) {
    for (const by of ['close', 'signal'] as const) {
      const server = await serve(t)
      const proxy = await startProxy(t, server.port)
      const controller = new AbortController()
      const client = new Client(urlOf(proxy), { signal: controller.signal, minDelay: 60_000, maxDelay: 60_000 })
      await server.session()
      t.equal(await client.events.next(), 'open')
      proxy.target = 1
      proxy.cut()
      t.equal(await client.events.next(), 'suspend')
      client.socket.send('x')
      // The first attempt comes at once, and the second after the pause.
      if (pause) await until(() => proxy.refused > 0, 'the attempt has failed')
      if (by === 'close') client.socket.close(3000, 'enough')
      else controller.abort()
      t.strictSame(await client.endings.next(), { code: by === 'close' ? 3000 : 1000, reason: by === 'close' ? 'enough' : 'Normal closure', wasClean: false, undelivered: 1 })
      t.equal(client.endings.waiting, 0)
    }
  }
})

t.test('a signal that has fired, and an address that is not valid', async (t) => {
  const server = await serve(t)
  const client = new Client(urlOf(server), { signal: AbortSignal.abort() })
  t.match(await client.endings.next(), { code: 1000, wasClean: true })
  t.strictSame(client.events.all, ['error'])
  t.equal(server.sessions.all.length, 0)
  t.throws(() => resumable('ftp://x'), { name: 'SyntaxError' })
})

t.test('close() in the event suspend', async (t) => {
  const server = await serve(t)
  const client = await open(server, {})
  await server.session()
  client.socket.onsuspend = () => client.socket.close()
  cut(server)
  t.match(await client.endings.next(), { code: 1000, wasClean: true })
  t.strictSame(client.events.all, ['open', 'suspend'])
})

/** Gives the platform the events of a page. */
function asPage (t: Test): (type: string, members?: object) => void {
  const page = new EventTarget()
  withGlobal(t, 'addEventListener', page.addEventListener.bind(page))
  withGlobal(t, 'removeEventListener', page.removeEventListener.bind(page))
  return (type, members) => page.dispatchEvent(Object.assign(new Event(type), members))
}

for (const transport of TRANSPORTS) {
  t.test(`${transport}: a page in the back/forward cache is suspended, and resumes at once`, async (t) => {
    const tell = asPage(t)
    const server = await serve(t)
    const client = await open(server, { transports: transport, minDelay: 60_000, maxDelay: 60_000 })
    const session = await server.session()
    // Behind its token, a poll brings an echo.
    client.socket.send('x')
    await client.take(1)
    tell('pageshow', { persisted: false })
    for (let i = 0; i < 3; i++) {
      client.socket.send(`before ${i}`)
      tell('pagehide', { persisted: true })
      t.equal(await client.events.next(), 'suspend')
      // Between two polls the server has nothing to notice.
      await until(() => session.output.receiver === null, 'the server knows')
      session.send(`of the server ${i}`)
      tell('pageshow', { persisted: true })
      t.equal(await client.events.next(), 'resume')
    }
    t.strictSame((await client.take(6)).sort(), [0, 1, 2].flatMap((i) => [`before ${i}`, `of the server ${i}`]).sort())
    t.equal(server.sessions.all.length, 1)
  })

  t.test(`${transport}: a page that is left for good ends its session at once`, async (t) => {
    const tell = asPage(t)
    const server = await serve(t)
    const client = await open(server, { transports: transport })
    const session = await server.session()
    await until(() => session.output.receiver !== null, 'the receiver waits')
    tell('pagehide', { persisted: false })
    t.match(await client.endings.next(), { code: 1001, reason: 'Page hidden' })
    await server.closing()
  })

  t.test(`${transport}: the network comes back, and the connection in use may be dead`, async (t) => {
    const tell = asPage(t)
    const server = await serve(t)
    const client = await open(server, { transports: transport })
    await server.session()
    client.socket.send('x')
    await client.take(1)
    client.socket.send('before')
    tell('online')
    t.equal(await client.events.next(), 'suspend')
    t.equal(await client.events.next(), 'resume')
    client.socket.send('after')
    t.strictSame(await client.take(2), ['before', 'after'])
    t.equal(server.sessions.all.length, 1)
  })
}

t.test('the clock: a machine that was asleep resumes at once, and a clock that is set back does no harm', async (t) => {
  let tick = (): void => {}
  withGlobal(t, 'setInterval', (callback: () => void) => { tick = callback })
  withGlobal(t, 'clearInterval', () => {})
  const { now } = Date
  let ahead = 0
  t.teardown(() => { Date.now = now })
  const server = await serve(t)
  Date.now = () => now() + ahead
  const client = await open(server, {})
  const session = await server.session()
  client.socket.send('x')
  await client.take(1)
  tick()
  ahead = -3_600_000
  tick()
  ahead += 60_000
  tick()
  t.strictSame(client.events.waiting, 0, 'the timers of a hidden tab are late by a minute')
  ahead += 3_600_000
  tick()
  t.equal(await client.events.next(), 'suspend')
  t.equal(await client.events.next(), 'resume')
  session.send('after')
  t.strictSame(await client.take(1), ['after'])
})

t.test('two tabs have two sessions', async (t) => {
  const server = await serve(t)
  const [one, two] = [await open(server, {}), await open(server, {})]
  await server.session()
  await server.session()
  for (let i = 0; i < 3; i++) {
    one.socket.send(`one ${i}`)
    two.socket.send(`two ${i}`)
    cut(server)
    for (const tab of [one, two]) t.strictSame([await tab.events.next(), await tab.events.next()], ['suspend', 'resume'])
  }
  t.strictSame([await one.take(3), await two.take(3)], [['one 0', 'one 1', 'one 2'], ['two 0', 'two 1', 'two 2']])
  t.equal(server.sessions.all.length, 2)
})
