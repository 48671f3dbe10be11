import { engineContract } from '../support/engines/contract.ts'
import { memoryWorld } from '../support/engines/memory-world.ts'

engineContract(memoryWorld())
