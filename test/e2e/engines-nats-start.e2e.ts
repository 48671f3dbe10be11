import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { natsEngine } from '../../src/nats.ts'
import { addressOf, CLIENTS, type ClientName, LIVELY, type NatsSettings, SECRET } from '../support/engines/nats-world.ts'
import { EngineNode } from '../support/engines/node.ts'
import { LEAST_RIGHTS, PASSWORD, serverWith, withRight } from '../support/engines/nats-rights.ts'
import { startNats } from '../support/engines/servers.ts'
import { freePort } from '../support/free-port.ts'
import { TLS } from '../support/tls/index.ts'

const TLS_FOLDER = fileURLToPath(new URL('../support/tls/', import.meta.url))
function nodeAt (t: Test, client: ClientName, port: number, settings: Partial<NatsSettings> = {}): EngineNode {
  const node = new EngineNode(natsEngine({
    connect: () => CLIENTS[client]({ servers: [addressOf(port)], user: 'sockjs', pass: PASSWORD, ...LIVELY, ...settings }),
    namespace: 'shop',
    secret: SECRET
  }))
  t.teardown(() => node.stop())
  return node
}

/** Uses every part of an engine over two nodes. */
async function works (t: Test, a: EngineNode, b: EngineNode): Promise<void> {
  const inbox = await b.listen('x.>')
  a.publish('x.y', 'hello')
  t.strictSame(await inbox.take(1), ['hello'])
  await a.own('key')
  t.equal(await b.locate('key'), a.node)
  t.strictSame(await b.claim('key'), { owner: a.node })
  t.equal(await b.locate('other'), null)
}

for (const client of Object.keys(CLIENTS) as ClientName[]) {
  t.test(`${client}: the least rights of the example are enough`, async (t) => {
    const { port } = await serverWith(t, LEAST_RIGHTS)
    const [a, b] = [await nodeAt(t, client, port).start(), await nodeAt(t, client, port).start()]
    await works(t, a, b)
    t.strictSame(a.lines, [])
  })

  for (const right of ['publish', 'subscribe'] as const) {
    t.test(`${client}: a start without the right to ${right} is refused, with the line that grants it`, async (t) => {
      const { port } = await serverWith(t, withRight(right, '"other.>"'))
      await t.rejects(nodeAt(t, client, port).start(), {
        code: 'FST_SOCKJS_ENGINE_REFUSED',
        message: new RegExp(`^engine nats: the user of the connection has no right to ${right} sj\\.shop\\.m\\.\\S+; the permissions of the user need ${right}: "sj\\.shop\\.>"$`)
      })
    })
  }

  t.test(`${client}: a start without a right on one branch of the namespace is refused`, async (t) => {
    for (const [right, branch] of [['publish', 'c'], ['publish', 'r'], ['subscribe', 'a'], ['subscribe', 'c']] as const) {
      const others = ['m', 'c', 'a', 'r'].filter((each) => each !== branch).map((each) => `"sj.shop.${each}.>"`).join(', ')
      const { port } = await serverWith(t, withRight(right, others))
      await t.rejects(nodeAt(t, client, port).start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: new RegExp(`no right to ${right} sj\\.shop\\.${branch}\\.`) })
    }
  })

  t.test(`${client}: a wrong password is refused`, async (t) => {
    const { port } = await serverWith(t, LEAST_RIGHTS)
    await t.rejects(nodeAt(t, client, port, { pass: 'wrong' }).start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: /the server refuses the login of connect\(\)/ })
  })

  t.test(`${client}: a connection that does not get its own messages back is refused`, async (t) => {
    const { port } = await serverWith(t, LEAST_RIGHTS)
    await t.rejects(nodeAt(t, client, port, { noEcho: true }).start(), { code: 'FST_SOCKJS_ENGINE_REFUSED', message: /leave out the option noEcho/ })
  })

  t.test(`${client}: nodes connect by TLS`, async (t) => {
    const { port } = await serverWith(t, `${LEAST_RIGHTS}\ntls { cert_file: "${TLS_FOLDER}cert.pem", key_file: "${TLS_FOLDER}key.pem" }`)
    const tls = { ca: TLS.cert }
    await works(t, await nodeAt(t, client, port, { tls }).start(), await nodeAt(t, client, port, { tls }).start())
  })

  t.test(`${client}: a node that starts before its server is available later`, async (t) => {
    const port = await freePort()
    const node = await nodeAt(t, client, port).start()
    t.strictSame(node.reports, ['unavailable'])
    await t.rejects(node.claim('key'), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE' })
    const server = await startNats([], port)
    t.teardown(() => server.close())
    await node.reaches('available')
    await works(t, node, await nodeAt(t, client, port).start())
    t.strictSame(node.reports, ['unavailable', 'available'])
    t.equal(node.lines.filter((line) => line.startsWith('NATS is not available')).length, 1, 'the log has it once')
  })

  t.test(`${client}: a connection that is closed for good is opened anew`, async (t) => {
    const server = await startNats()
    t.teardown(() => server.close())
    const [a, b] = [await nodeAt(t, client, server.port, { maxReconnectAttempts: 1 }).start(), await nodeAt(t, client, server.port).start()]
    const inbox = await a.listen('x')
    const release = await a.own('key')
    await server.kill()
    await a.reaches('unavailable')
    await t.rejects(a.locate('key'), { code: 'FST_SOCKJS_ENGINE_UNAVAILABLE' })
    // Only a new connection can have the log say so: the client tries once, and gives up.
    while (!a.lines.some((line) => line.startsWith('NATS is not available'))) await new Promise((resolve) => { setTimeout(resolve, 20) })
    await server.revive()
    await Promise.all([a.reaches('available'), b.reaches('available')])
    b.publish('x', 'hello')
    t.strictSame(await inbox.take(1), ['hello'])
    t.equal(await b.locate('key'), a.node)
    t.strictSame([a.reports, a.lost], [['available', 'unavailable', 'gap', 'available'], []])
    release()
    await b.finds('key', null)
  })
}
