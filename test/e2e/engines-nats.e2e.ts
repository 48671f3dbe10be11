import { engineContract } from '../support/engines/contract.ts'
import { natsWorld } from '../support/engines/nats-world.ts'
import { startNats } from '../support/engines/servers.ts'

engineContract(await natsWorld('nats', [await startNats()]))
