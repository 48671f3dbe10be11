import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Engine } from '../../../src/engine/engine.ts'
import { channelChecks } from './channels.ts'
import { claimChecks } from './claims.ts'
import { faultChecks } from './faults.ts'
import { lifeChecks } from './life.ts'
import { linkChecks } from './links.ts'
import { logChecks } from './logs.ts'
import { EngineNode } from './node.ts'
import { queueChecks } from './queues.ts'
import { type EngineFault, type EngineFaults, type EngineWish, type EngineWorld, FAULTS } from './world.ts'

/** The parts of a world that one check uses. */
export interface Room<Fault extends EngineFault = never> {
  readonly faults: EngineFaults & Required<Pick<EngineFaults, Fault>>
  /** Makes a name that no other check uses. */
  name (...segments: string[]): string
  /** Makes a node that is not started. The suite stops it after the check. */
  node (wish?: EngineWish): Promise<EngineNode>
  /** Starts nodes that are available. An engine is told its groups and bounds in `prepare`. */
  nodes (count: number, prepare?: (node: EngineNode) => void): Promise<[EngineNode, ...EngineNode[]] & Record<number, EngineNode>>
}

export type Body<Fault extends EngineFault = never> = (t: Test, room: Room<Fault>) => Promise<void>

/**
 * Adds one check. A check with faults runs in the worlds that can make all of them.
 *
 * A check that is `patient` waits more than it works, and its faults concern its own nodes. All of these run at once.
 */
export type Check = <Fault extends EngineFault = never>(title: string, faults: readonly Fault[], body: Body<Fault>, patient?: 'patient') => void

/** The promises about messages that the engine keeps. */
const KEEPING = [['logs', logChecks], ['queues', queueChecks]] as const

/** The promises of every engine, over one world: all of them, or those about messages that the engine keeps. */
export function engineContract (world: EngineWorld, part: 'all' | 'keeping' = 'all'): void {
  t.teardown(() => world.close())
  const { name, faults, impossible } = world
  const left: string[] = []
  const waiting: ((t: Test) => void)[] = []

  const check: Check = (title, needs, body, patient) => {
    const missing = needs.filter((fault) => faults[fault] === undefined)
    if (missing.length > 0) {
      left.push(`${title} (${missing.map((fault) => `${fault}: ${impossible[fault] ?? 'no reason is given'}`).join('; ')})`)
      return
    }
    const run = async (t: Test): Promise<void> => { await body(t, openRoom(t, world) as Parameters<typeof body>[1]) }
    if (patient === undefined) t.test(`${name}: ${title}`, run)
    else waiting.push((t) => { t.test(title, { buffered: true }, run) })
  }

  if (part === 'all') {
    for (const add of [channelChecks, claimChecks, lifeChecks, faultChecks, linkChecks]) add(check)

    t.test(`${name}: the checks that wait`, async (t) => {
      t.jobs = waiting.length
      for (const begin of waiting) begin(t)
    })
  }
  // An engine that has no logs and queues yet.
  const engine = world.engine()
  for (const [ability, add] of KEEPING) {
    add((title, needs, body) => check(title, needs, async (t, room) => {
      if ((await engine)[ability] === undefined) t.comment(`LEFT OUT: the engine ${name} has no ${ability} yet`)
      else await body(t, room)
    }))
  }

  t.test(`${name}: the world makes each fault, or says why it cannot`, async (t) => {
    for (const fault of FAULTS) t.equal(faults[fault] === undefined, impossible[fault] !== undefined, `${fault} is either possible or given with a reason`)
    for (const title of left) t.comment(`NOT POSSIBLE in ${name}: ${title}`)
  })
}

function openRoom (t: Test, world: EngineWorld): Room {
  const { faults } = world
  const unique = randomBytes(6).toString('base64url')
  const nodes: EngineNode[] = []
  const engines: Engine[] = []

  // A check that fails leaves the messaging system as it was for the next one.
  t.teardown(async () => {
    await faults.cont?.()
    await faults.revive?.()
    for (const engine of engines) await faults.mend?.(engine)
    const left = nodes.filter(({ state }) => state !== 'stopped')
    await Promise.all(left.map((node) => node.stop()))
    if (!t.passing()) for (const node of nodes) t.comment(`${node.node}: ${node.reports.join(', ')}\n${node.lines.slice(-20).join('\n')}`)
  })

  const node = async (wish?: EngineWish): Promise<EngineNode> => {
    const engine = await world.engine(wish)
    const made = new EngineNode(engine)
    engines.push(engine)
    nodes.push(made)
    return made
  }

  return {
    faults,
    name: (...segments) => [unique, ...segments].join('.'),
    node,
    async nodes (count, prepare = () => {}) {
      const made = await Promise.all(Array.from({ length: count }, async () => {
        const each = await node()
        prepare(each)
        return await each.start()
      }))
      await Promise.all(made.map((each) => each.reaches('available')))
      return made as [EngineNode, ...EngineNode[]]
    }
  }
}
