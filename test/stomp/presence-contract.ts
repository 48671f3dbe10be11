import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { SystemClock } from '../../src/core/clock.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { EngineWorld } from '../support/engines/world.ts'
import { until } from '../support/wait.ts'
import { StompNodes } from './nodes.ts'
import { byUser, join, leave, list, member, told, watcher } from './presence-clients.ts'
import { buildStomp, type StompTestServer } from './support.ts'

/** The time within which the users of a node that dies leave, in milliseconds. */
const SOON = 8_000

/** The time for which a test waits for messages that must not come, in milliseconds. */
const QUIET = 500

const stomp = { presence: [{ pattern: '/topic/rooms/**' }] }

/** STOMP servers on the nodes of one messaging system. */
export interface PresenceWorld {
  /** Starts the server of one more node. Resolves when the nodes know each other. */
  add (): Promise<StompTestServer>
  /** Ends a server as a crash does: it says nothing more to the messaging system. */
  crash (server: StompTestServer): Promise<void>
  /** Lets time pass. */
  pass (ms: number): Promise<void>
  /** Lets time pass until a condition holds, and for `SOON` at most. A real clock on a busy machine has as long as it needs. */
  soon (condition: () => Promise<boolean>): Promise<void>
}

/** The promises of presence when a node crashes, for every engine. */
export function presenceContract (name: string, open: (t: Test) => Promise<PresenceWorld>): void {
  t.test(`presence on ${name}: the users of a node that crashes leave within 8 seconds, each once, and none that another node has`, async (t) => {
    const world = await open(t)
    const [one, two, three] = [await world.add(), await world.add(), await world.add()]
    // Ann has two tabs at the node that crashes. Cid and eve are at another node, and cid has a tab at both. Dan moves on before anything is noticed.
    for (const user of ['ann', 'ann', 'bob', 'cid', 'dan']) await member(two, user)
    for (const user of ['cid', 'eve']) await member(three, user)
    const everyone = list('ann', 'bob', 'cid', 'dan', 'eve')
    const clients = [await watcher(one), await watcher(three)]
    const messages: unknown[][] = clients.map(() => [])
    const read = async (): Promise<void> => { for (const [i, client] of clients.entries()) messages[i]!.push(...await told(client)) }
    await read()
    t.strictSame(messages, [[everyone], [everyone]])

    await world.crash(two)
    await member(three, 'dan')
    await world.soon(async () => {
      await read()
      return messages.every(({ length }) => length >= 3)
    })
    await world.pass(QUIET)
    await read()
    for (const [, ...changes] of messages) t.strictSame(changes.sort(byUser), [leave('ann'), leave('bob')])
    t.strictSame(await told(await watcher(one)), [list('cid', 'dan', 'eve')], 'the list is complete without the node')

    await member(await world.add(), 'bob')
    await world.soon(async () => {
      await read()
      return messages.every(({ length }) => length >= 4)
    })
    for (const all of messages) t.strictSame(all.slice(3), [join('bob')], 'a new node takes part')
  })
}

/** Servers on a network in memory, whose time the test moves. */
export async function presenceInMemory (t: Test): Promise<PresenceWorld> {
  const nodes = await StompNodes.start(t, 0, { stomp })
  return {
    add: () => nodes.add(),
    async crash (server) { nodes.kill(nodes.servers.indexOf(server)) },
    pass: (ms) => nodes.pass(ms),
    async soon (condition) {
      for (let passed = 0; passed < SOON && !await condition(); passed += QUIET) await nodes.pass(QUIET)
      if (!await condition()) throw new Error(`it is not so after ${SOON} ms`)
    }
  }
}

/** Servers on the nodes of a real messaging system, in real time. */
export function presenceOn ({ engine: open, faults }: EngineWorld): (t: Test) => Promise<PresenceWorld> {
  return async (t) => {
    const engines = new Map<StompTestServer, Engine>()
    const dead = new Set<StompTestServer>()
    return {
      async add () {
        const engine = await open({ namespace: 'presence' })
        const clock = new SystemClock((error) => { throw error })
        const server = await buildStomp(t, { defaultBroker: true, stomp, sockjs: { engine, node: `node-${engines.size}`, clock } })
        t.teardown(async () => { await faults.mend?.(engine) })
        engines.set(server, engine)
        const living = [...engines.keys()].filter((each) => !dead.has(each))
        await until(() => living.every(({ app }) => app.sockjs.node!.peers.length >= living.length - 1), 'the nodes know each other')
        return server
      },
      async crash (server) {
        dead.add(server)
        await faults.cut!(engines.get(server)!)
      },
      pass: async (ms) => { await delay(ms) },
      soon: (condition) => until(condition, 'it is so')
    }
  }
}
