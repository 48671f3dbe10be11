import { hubWorld } from '../../support/engines/hub-world.ts'
import { memoryWorld } from '../../support/engines/memory-world.ts'
import { presenceContract, presenceInMemory, presenceOn } from '../presence-contract.ts'
import { clusterBrokerContract } from './real-contract.ts'

const hub = await hubWorld()

clusterBrokerContract(memoryWorld())
clusterBrokerContract(hub)
presenceContract('memory', presenceInMemory)
presenceContract('hub', presenceOn(hub))
