/** Sessions over a network that cuts their connections again and again, at any octet. */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { SockJSTransport } from '../../src/client.ts'
import { until, within } from '../support/wait.ts'
import { Client, serve, startProxy, urlOf } from './resumable-support.ts'
import { TRANSPORTS } from './support.ts'

/** The messages in each direction. */
const COUNT = 2000

/** A number below `limit`, from a generator that a seed starts. */
function generator (seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(state / 2 ** 32 * limit)
  }
}

/** Numbered messages of several lengths. */
const numbered = (who: string): string[] => Array.from({ length: COUNT }, (_, i) => `${who} ${i} ${'é"x'.repeat(i % 50 === 0 ? 500 : i % 7)}`)
const OF_CLIENT = numbered('client')
const OF_SERVER = numbered('server')

/** The bytes that a side keeps at most before it waits. A frame or a body with all of them must pass between two cuts. */
const WINDOW = 20_000

const turn = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 1) })

/** Sends texts a few at a time, so that cuts fall between all of them. */
async function sendAll (texts: readonly string[], send: (text: string) => unknown, waiting: () => number): Promise<void> {
  for (const [i, text] of texts.entries()) {
    send(text)
    if (i % 20 === 0) await turn()
    await until(() => waiting() < WINDOW, 'the other side confirms')
  }
}

async function run (t: Test, seed: number, transports: readonly SockJSTransport[]): Promise<void> {
  const random = generator(seed)
  const heard: string[] = []
  const server = await serve(t, {
    endpoint: { resume: { within: 60_000, limit: 16 * 1024 * 1024 }, queue: { limit: 16 * 1024 * 1024 }, responseLimit: 4096 },
    handler: (session) => {
      session.on('message', (text) => { heard.push(String(text)) })
      return sendAll(OF_SERVER, (text) => session.send(text), () => session.state === 'open' ? session.bufferedBytes : 0)
    }
  })
  // Before the token has come, a cut ends a session. The first one comes far behind it.
  let least = 10_000
  const proxy = await startProxy(t, server.port, () => least + random(60_000))
  const options = { transports: transports[random(transports.length)]!, limit: Infinity }
  const client = server.own(new Client(urlOf(proxy), options))
  client.socket.addEventListener('suspend', () => { options.transports = transports[random(transports.length)]! })
  await within(client.events.next(), 'an open session')
  least = 1
  await sendAll(OF_CLIENT, (text) => client.socket.send(text), () => client.socket.bufferedAmount)
  const texts = await client.take(COUNT)
  least = Infinity
  proxy.cut()
  await until(() => heard.length >= COUNT, 'all messages of the client')
  t.ok(proxy.cuts > 5, `seed ${seed}, ${transports.join(' and ')}: ${proxy.cuts} cuts`)
  t.ok(texts.every((text, i) => text === OF_SERVER[i]) && client.texts.all.length === COUNT, 'each message of the server once, in order')
  t.ok(heard.every((text, i) => text === OF_CLIENT[i]) && heard.length === COUNT, 'each message of the client once, in order')
  t.strictSame([server.sessions.all.length, client.endings.all.length], [1, 0])
  client.abort()
  await server.stop()
  proxy.stop()
}

for (const transports of [...TRANSPORTS.map((transport) => [transport]), TRANSPORTS]) {
  t.test(transports.length > 1 ? 'any transport' : transports[0]!, async (t) => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => run(t, seed, transports)), { numRuns: 3 })
  })
}
