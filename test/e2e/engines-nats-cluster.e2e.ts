import { engineContract } from '../support/engines/contract.ts'
import { CLIENTS, type ClientName, natsWorld, startCluster } from '../support/engines/nats-world.ts'

for (const client of Object.keys(CLIENTS) as ClientName[]) engineContract(natsWorld(client, await startCluster(3)))
