import { hubWorld } from '../../support/engines/hub-world.ts'
import { memoryWorld } from '../../support/engines/memory-world.ts'
import { clusterBrokerContract } from './real-contract.ts'

clusterBrokerContract(memoryWorld())
clusterBrokerContract(await hubWorld())
