import { engineContract } from '../support/engines/contract.ts'
import { CLIENTS, type ClientName, natsWorld } from '../support/engines/nats-world.ts'
import { startJetStream } from '../support/engines/servers.ts'

for (const client of Object.keys(CLIENTS) as ClientName[]) engineContract(natsWorld(client, [await startJetStream()]))
