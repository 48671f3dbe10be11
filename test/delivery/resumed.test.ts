import t from 'tap'
import { setImmediate as turn } from 'node:timers/promises'
import type { Session } from '../../src/index.ts'
import { Client, serve, startProxy, urlOf } from '../client/resumable-support.ts'
import { TRANSPORTS } from '../client/support.ts'
import { CUTS, type Cut, CuttingProxy } from '../support/cutting-proxy.ts'
import { SOAK, scaled, survived } from '../support/scale.ts'
import { buildServer } from '../support/server.ts'
import { until } from '../support/wait.ts'

// docs/delivery.md: a session that is resumed loses no message and doubles none, in both directions.

const MESSAGES = Array.from({ length: 48 }, (_, i) => `message ${i} ${'é'.repeat(i % 9)}`)

const WAYS = ['to client', 'to server'] as const

/** Every 64th octet of 4 KiB; every sixteenth of those in the short form, another one in each row. */
function positions (row: number): number[] {
  const all = Array.from({ length: 64 }, (_, i) => 1 + i * 64)
  return SOAK ? all : all.filter((_, i) => i % 16 === row % 16)
}

function * rows (): Generator<{ how: Cut, way: typeof WAYS[number], at: number }> {
  let row = 0
  for (const how of CUTS) for (const way of WAYS) for (const at of positions(row++)) yield { how, way, at }
}

let cuts = 0

for (const transport of TRANSPORTS) {
  t.test(`${transport}: a connection is cut at every 64th octet`, async (t) => {
    const server = await serve(t, { handler: () => {} })
    for (const { how, way, at } of rows()) {
      // Counting begins with the request that opens the session.
      const proxy = await CuttingProxy.start(server.port, { at, how, way, counts: (request) => request.includes('resume=1') })
      const client = server.own(new Client(urlOf(proxy), { transports: transport }))
      const heard: string[] = []
      const over = (): boolean => client.endings.all.length > 0
      const before = server.sessions.all.length
      await until(() => client.socket.readyState === 1 || over(), 'an open session')
      // A client whose first connection is cut before `o` gives up.
      if (over()) {
        proxy.stop()
        continue
      }
      await until(() => server.sessions.all.length > before, 'the session')
      const session = server.sessions.all.at(-1)!
      session.on('message', (message) => { heard.push(message) })
      for (const [i, message] of MESSAGES.entries()) {
        session.send(message)
        if (!over()) client.socket.send(message)
        if (i % 4 === 3) await turn()
      }
      await until(() => over() || (heard.length >= MESSAGES.length && client.texts.all.length >= MESSAGES.length), `${transport} ${how} ${way} at ${at}: all messages`)
      // A client that had no token yet when it was cut learns that its session is over.
      if (over()) t.equal(heard.join(), MESSAGES.slice(0, heard.length).join())
      else if (heard.join() !== MESSAGES.join() || client.texts.all.join() !== MESSAGES.join()) t.fail(`${how} ${way} at ${at}: ${heard.length} and ${client.texts.all.length} messages`)
      if (proxy.hasCut) cuts++
      client.socket.close()
      proxy.stop()
      session.terminate()
    }
    t.pass()
  })
}

/** Sends messages with a number each, no faster than they are confirmed. */
async function sendAll (session: Session, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    session.send(`${i}`)
    if (i % 100 === 99) await until(() => session.bufferedBytes < 64 * 1024, 'the client confirms')
  }
}

async function sayAll ({ socket }: Client, heard: () => number, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    socket.send(`${i}`)
    if (i % 100 === 99) await until(() => i - heard() < 2_000, 'the server takes them')
  }
}

const COUNT = scaled(50_000, 1_000_000)

t.test(`${COUNT} messages each way, over connections of all transports that are cut`, { timeout: 1_200_000 }, async (t) => {
  let inOrder = 0
  const server = await buildServer(t, {
    nodes: 1,
    endpoint: { resume: { within: 60_000 } },
    handler: (session) => {
      session.on('message', (message) => {
        if (message !== `${inOrder}`) t.fail(`${message} came, and ${inOrder} was due`)
        inOrder++
      })
    }
  })
  // The cuts come between a few messages and thousands.
  const proxy = await startProxy(t, server.port, () => 3_000 + Math.floor(Math.random() ** 3 * 60_000))
  const options = { transports: [TRANSPORTS[0]!] as readonly (typeof TRANSPORTS)[number][] }
  const client = server.own(new Client(urlOf(proxy), options))
  const used = new Set<string>()
  let got = 0
  let suspensions = 0
  client.socket.onmessage = ({ data }) => {
    if (data !== `${got}`) t.fail(`${String(data)} came, and ${got} was due`)
    got++
  }
  client.socket.onsuspend = () => { options.transports = [TRANSPORTS[++suspensions % TRANSPORTS.length]!] }
  client.socket.onresume = () => { used.add(client.socket.transport!) }
  const session = await server.session()
  await until(() => client.socket.readyState === 1, 'an open session')
  await Promise.all([sendAll(session, COUNT), sayAll(client, () => inOrder, COUNT)])
  await until(() => got === COUNT && inOrder === COUNT, 'all messages')
  t.equal(server.sessions.all.length, 1)
  t.ok(proxy.cuts >= 10, `${proxy.cuts} cuts`)
  t.equal(used.size, TRANSPORTS.length, 'all transports were used')
  survived(`${COUNT} messages each way over ${proxy.cuts} cuts`)
})

t.teardown(() => survived(`${cuts} cuts of connections whose session went on`))
