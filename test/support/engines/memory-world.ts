import type { Engine } from '../../../src/engine/engine.ts'
import { type MemoryEngine, MemoryNetwork } from '../../../src/engine/memory.ts'
import type { EngineWorld } from './world.ts'

const NO_WIRE = 'a network in memory has no process and no wire'

/** Several nodes of this process on one network in memory. */
export function memoryWorld (): EngineWorld {
  const networks = new Map<string, MemoryNetwork>()
  const networkOf = (namespace: string): MemoryNetwork => {
    const network = networks.get(namespace) ?? new MemoryNetwork({ namespace })
    networks.set(namespace, network)
    return network
  }
  const own = networkOf('memory')
  return {
    name: 'memory',
    async engine ({ namespace = 'memory' } = {}) { return networkOf(namespace).engine() },
    faults: {
      async kill () { own.kill() },
      async revive () { own.revive() },
      async cut (engine: Engine) {
        own.cut(engine as MemoryEngine)
        own.forget(engine as MemoryEngine)
      },
      async mend (engine: Engine) { own.mend(engine as MemoryEngine) }
    },
    impossible: { stop: NO_WIRE, cont: NO_WIRE, interrupt: NO_WIRE, hang: NO_WIRE, slow: NO_WIRE, elsewhere: NO_WIRE, child: NO_WIRE, garbage: 'only nodes of this process reach it' },
    async close () {}
  }
}
