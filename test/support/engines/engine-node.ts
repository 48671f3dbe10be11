// A node in a process of its own, for tests: `engine-node.ts <module> <settings> <task>`. It joins, claims its keys, holds its messages, tells its id, and waits for its end.
import type { Engine } from '../../../src/engine/engine.ts'
import type { ChildTask } from './child.ts'
import { EngineNode } from './node.ts'
import { BOUNDS, holdMessages } from './queue-node.ts'

const [module, settings, task] = process.argv.slice(2) as [string, string, string]
const { engine } = await import(module) as { engine (settings: unknown): Promise<Engine> }
const { claim, publish, hold } = JSON.parse(task) as ChildTask

const node = new EngineNode(await engine(JSON.parse(settings)))
if (hold !== undefined) node.engine.queues.bound(BOUNDS)
await node.start()
await node.reaches('available')
for (const key of claim) await node.own(key)
if (hold !== undefined) await holdMessages(node, hold)
node.publish(publish, 'hello')
await node.engine.channels.flushed()
process.send!(node.node)
// The channel to the test holds the process.
process.once('disconnect', () => process.exit())
