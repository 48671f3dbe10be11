import { engineContract } from '../support/engines/contract.ts'
import { hubWorld } from '../support/engines/hub-world.ts'

engineContract(await hubWorld())
