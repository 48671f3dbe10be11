import t, { type Test } from 'tap'
import { type InterruptEvent, type Reconnecting, reconnecting, type ReconnectingOptions, type ReconnectingUrl } from '../../src/client.ts'
import { FlakyProxy } from '../support/flaky-proxy.ts'
import { Arrivals, until, within } from '../support/wait.ts'
import { start } from './support.ts'

/** A stream, with its events to wait for. */
function watched (t: Test, url: ReconnectingUrl, options: ReconnectingOptions = {}) {
  const stream: Reconnecting = reconnecting(url, { timeout: 60_000, minDelay: 5, maxDelay: 80, ...options })
  t.teardown(() => stream.close())
  const opens = new Arrivals<void>()
  const texts = new Arrivals<string>()
  const interrupts = new Arrivals<InterruptEvent>()
  const closings = new Arrivals<{ code: number, reason: string, wasClean: boolean }>()
  stream.onopen = () => opens.push()
  stream.onmessage = ({ data }) => texts.push(data)
  stream.oninterrupt = (event) => interrupts.push(event)
  stream.onclose = ({ code, reason, wasClean }) => closings.push({ code, reason, wasClean })
  return { stream, opens, texts, interrupts, closings }
}

t.test('one stream over many sessions: messages wait for the next one', async (t) => {
  const server = await start(t)
  const { stream, opens, texts, interrupts, closings } = watched(t, `http://127.0.0.1:${server.port}/echo`)
  t.equal(stream.readyState, 0)
  t.equal(stream.send('early'), true)
  for (let i = 0; i < 3; i++) {
    await opens.next('an open session')
    t.equal(stream.readyState, 1)
    t.equal(await texts.next(), i === 0 ? 'early' : `between ${i}`)
    const session = await server.session()
    session.close(3000, 'again')
    t.match(await interrupts.next(), { code: 3000, reason: 'again', wasClean: true, failures: i + 1, target: stream })
    t.equal(stream.session, null)
    t.equal(stream.send(`between ${i + 1}`), true)
  }
  await opens.next('an open session')
  stream.close(3001, 'enough')
  t.strictSame(await closings.next(), { code: 3001, reason: 'enough', wasClean: true })
  t.equal(stream.readyState, 3)
  t.equal(stream.send('late'), false)
  stream.close()
  t.equal(closings.waiting, 0)
})

t.test('pauses: doubled, random in their second half, longer after 1001, 1012 and 1013, and bounded', async (t) => {
  for (const [code, factor] of [[3000, 1], [1001, 4], [1012, 4], [1013, 16]] as const) {
    const server = await start(t, { handler: (session) => session.close(code, 'x') })
    const { stream, interrupts } = watched(t, `http://127.0.0.1:${server.port}/echo`, { minDelay: 4, maxDelay: 50 })
    for (let i = 0; i < 5; i++) {
      const { delay } = await interrupts.next()
      const longest = Math.min(50, 4 * factor * 2 ** i)
      t.ok(delay >= longest / 2 && delay <= longest, `${code}: ${delay} ms of ${longest}`)
    }
    stream.close()
  }
})

t.test('Retry-After of /info is added, within the longest pause', async (t) => {
  const server = await start(t, { before: (app) => { app.addHook('onRequest', async (request, reply) => reply.code(503).header('retry-after', '2').send()) } })
  const url = `http://127.0.0.1:${server.port}/echo`
  const first = watched(t, url, { minDelay: 100, maxDelay: 30_000 })
  const { code, retryAfter, delay } = await first.interrupts.next()
  t.strictSame([code, retryAfter], [1002, 2000])
  t.ok(delay >= 2050 && delay <= 2100, String(delay))
  const second = watched(t, url, { maxDelay: 30 })
  t.equal((await second.interrupts.next()).delay, 30)
})

t.test('codes that end the stream, a limit of attempts, and retry', async (t) => {
  for (const code of [1000, 1008, 1009, 4000]) {
    const server = await start(t, { handler: (session) => session.close(code, 'final') })
    const { closings, interrupts } = watched(t, `http://127.0.0.1:${server.port}/echo`)
    t.strictSame(await closings.next(), { code, reason: 'final', wasClean: true })
    t.equal(interrupts.all.length, 0)
  }
  const server = await start(t, { handler: (session) => session.close(3000, 'x') })
  const url = `http://127.0.0.1:${server.port}/echo`
  const limited = watched(t, url, { attempts: 3 })
  t.match(await limited.closings.next(), { code: 3000 })
  t.equal(limited.interrupts.all.length, 2)
  const asked = watched(t, url, { retry: ({ code }) => code !== 3000 })
  t.match(await asked.closings.next(), { code: 3000 })
})

t.test('a signal ends it in a session, in a pause and before the first one', async (t) => {
  const server = await start(t)
  const url = `http://127.0.0.1:${server.port}/echo`
  const [one, two] = [new AbortController(), new AbortController()]
  const open = watched(t, url, { signal: one.signal })
  await open.opens.next()
  one.abort()
  t.strictSame(await open.closings.next(), { code: 1000, reason: 'Normal closure', wasClean: true })
  const pausing = watched(t, 'http://127.0.0.1:1/echo', { signal: two.signal, minDelay: 600_000, maxDelay: 600_000 })
  await pausing.interrupts.next()
  two.abort()
  t.match(await pausing.closings.next(), { code: 1000 })
  const never = watched(t, url, { signal: one.signal })
  t.match(await never.closings.next(), { code: 1000 })
  t.equal(server.sessions.all.length, 1)
})

t.test('a function as address is asked for each session, and may fail', async (t) => {
  const urls: string[] = []
  const server = await start(t, { before: (app) => { app.addHook('onRequest', async ({ url }) => { urls.push(url) }) } })
  let count = 0
  const { opens, interrupts } = watched(t, async () => {
    if (++count === 1) throw new Error('no ticket')
    return `http://127.0.0.1:${server.port}/echo?ticket=${count}`
  })
  t.match(await interrupts.next(), { code: 1006, reason: 'Error: no ticket' })
  await opens.next()
  ;(await server.session()).close(3000, 'x')
  await opens.next()
  const asked = urls.filter((url) => url.includes('/info'))
  t.strictSame(asked, ['/echo/info?ticket=2', '/echo/info?ticket=3'])
})

t.test('the queue is bounded, and an address that is not valid is refused at once', async (t) => {
  const { stream } = watched(t, 'http://127.0.0.1:1/echo', { queue: 2 })
  t.strictSame([stream.send('a'), stream.send('b'), stream.send('c')], [true, true, false])
  t.throws(() => reconnecting('ftp://x'), { name: 'SyntaxError' })
  await within(until(() => stream.readyState === 0, 'still connecting'), 'a look')
})

t.test('resume: a lost connection is resumed, and another session follows one that cannot be', async (t) => {
  const server = await start(t, { nodes: 1, endpoint: { resume: { within: 60_000 } } })
  const proxy = await FlakyProxy.start(server.port)
  t.teardown(() => proxy.stop())
  const { stream, opens, texts, interrupts } = watched(t, `http://127.0.0.1:${proxy.port}/echo`, { resume: true })
  const events = new Arrivals<string>()
  stream.onsuspend = stream.onresume = ({ type }) => events.push(type)
  await opens.next('an open session')
  stream.send('one')
  t.equal(await texts.next(), 'one')
  proxy.cut()
  stream.send('two')
  t.strictSame([await events.next(), await events.next()], ['suspend', 'resume'])
  t.equal(await texts.next(), 'two')
  proxy.target = 1
  proxy.cut()
  t.equal(await events.next(), 'suspend')
  t.equal(stream.send('three'), true)
  t.equal(stream.readyState, 1)
  const [session] = server.sessions.all
  await until(() => session!.suspended, 'the server knows')
  server.clock.advance(60_000)
  proxy.target = server.port
  // The server has confirmed nothing since the first connection.
  t.match(await interrupts.next(), { code: 1006, reason: 'Session cannot be resumed', undelivered: 2 })
  await opens.next('another session')
  stream.send('four')
  t.equal(await texts.next(), 'four')
  t.equal(server.sessions.all.length, 2)
})
