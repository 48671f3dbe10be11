import type { Engine } from '../../../src/engine/engine.ts'
import { natsEngine } from '../../../src/nats.ts'
import { ACK_WAIT, addressOf, CLIENTS, type ClientName, LIVELY, SECRET } from './nats-world.ts'

/** Makes the engine of a node in a process of its own. */
export async function engine ({ client, port }: { client: ClientName, port: number }): Promise<Engine> {
  return natsEngine({ connect: () => CLIENTS[client]({ servers: [addressOf(port)], ...LIVELY }), namespace: 'tests', secret: SECRET, jetstream: { ackWait: ACK_WAIT } })
}
