import t, { type Test } from 'tap'
import { natsEngine } from '../../src/nats.ts'
import { Link } from '../support/engines/link.ts'
import { addressOf, CLIENTS, type ClientName, LIVELY, SECRET } from '../support/engines/nats-world.ts'
import { EngineNode } from '../support/engines/node.ts'
import { type EngineServer, startNats } from '../support/engines/servers.ts'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/wait.ts'

/** Two servers whose only route passes a link. */
async function twoServers (t: Test): Promise<{ servers: [EngineServer, EngineServer], route: Link }> {
  const [first, second] = [await freePort(), await freePort()]
  const route = await Link.open(first)
  const cluster = (port: number): string[] => ['--cluster_name', 'c', '--cluster', `nats://${addressOf(port)}`, '--no_advertise']
  // Neither server learns the address of the other one, so that they connect by the link alone.
  const servers: [EngineServer, EngineServer] = [
    await startNats([...cluster(first), '--cluster_advertise', addressOf(route.port)]),
    await startNats([...cluster(second), '--cluster_advertise', addressOf(route.port), '--routes', `nats://${addressOf(route.port)}`])
  ]
  t.teardown(async () => {
    route.close()
    await Promise.all(servers.map((server) => server.close()))
  })
  return { servers, route }
}

async function nodeAt (t: Test, client: ClientName, { port }: EngineServer): Promise<EngineNode> {
  const node = new EngineNode(natsEngine({ connect: () => CLIENTS[client]({ servers: [addressOf(port)], ignoreClusterUpdates: true, ...LIVELY }), secret: SECRET }))
  t.teardown(() => node.stop())
  return await node.start()
}

for (const client of Object.keys(CLIENTS) as ClientName[]) {
  t.test(`${client}: of two nodes that own a key after a partition, one loses it`, async (t) => {
    const { servers, route } = await twoServers(t)
    const [a, b] = [await nodeAt(t, client, servers[0]), await nodeAt(t, client, servers[1])]
    await a.own('before')
    await b.finds('before', a.node)
    route.cut()
    await b.finds('before', null)
    for (const key of ['before', 'first', 'second']) {
      if (key !== 'before') await a.own(key)
      await b.own(key)
    }
    t.strictSame([a.lost, b.lost], [[], []], 'the servers do not see each other')
    route.mend()
    const keys = ['before', 'first', 'second']
    const [stays, loses] = a.node < b.node ? [a, b] : [b, a]
    await until(() => loses.lost.length === keys.length, 'one node is told of all its keys')
    t.strictSame([[...loses.lost].sort(), stays.lost], [keys, []])
    for (const key of keys) t.strictSame([await a.locate(key), await b.locate(key)], [stays.node, stays.node])
    t.strictSame([a.reports, b.reports], [['available'], ['available']], 'no connection was lost')
  })
}
