import { copyFileSync, appendFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { redisEngine } from '../../../src/redis.ts'
import { LogNode } from '../../support/engines/log-node.ts'
import { EngineNode } from '../../support/engines/node.ts'
import { BOUNDS, QueueNode } from '../../support/engines/queue-node.ts'
import { SECRET, type TestClient } from '../../support/engines/redis-world.ts'

/** The file of the examples with the least rights. */
const LEAST_RIGHTS = fileURLToPath(new URL('../../../examples/cluster/redis/least-rights.acl', import.meta.url))

/** The user and the password of that file, and its namespace. */
export const USER = { username: 'sockjs', password: 'change-this-password' }
export const NAMESPACE = 'shop'

/** Copies the file with the least rights, and adds a user for the test. */
export function aclFile (t: Test): string {
  const path = join(mkdtempSync(join(tmpdir(), 'acl-')), 'users.acl')
  copyFileSync(LEAST_RIGHTS, path)
  appendFileSync(path, 'user admin on >admin ~* &* +@all\n')
  t.comment(path)
  return path
}

/** Makes a node that is not started. It stops with the test. */
export function nodeOf (t: Test, client: TestClient, durable = false): EngineNode {
  const node = new EngineNode(redisEngine({ client, namespace: NAMESPACE, secret: SECRET, durable }))
  t.teardown(async () => {
    await node.stop()
    client.disconnect()
    if (!t.passing()) t.comment(`${node.node}: ${node.reports.join(', ')}\n${node.lines.slice(-20).join('\n')}`)
  })
  return node
}

/** Uses everything that an engine can do. */
export async function usesAll (t: Test, a: EngineNode, b: EngineNode, name: string): Promise<void> {
  const [direct, pattern, all] = [await b.listen(`${name}.x`), await b.listen(`${name}.*`), await b.listen('>')]
  a.publish(`${name}.x`, 'hello')
  await a.engine.channels.flushed()
  for (const inbox of [direct, pattern, all]) t.strictSame(await inbox.take(1), ['hello'])
  for (const inbox of [direct, pattern, all]) inbox.unsubscribe()
  const release = await a.own(`${name}-key`)
  t.match(await b.claim(`${name}-key`), { owner: a.node })
  t.equal(await b.locate(`${name}-key`), a.node)
  release()
  await b.finds(`${name}-key`, null)
}

/** A node that uses logs and queues. */
export interface StoreNode {
  readonly node: EngineNode
  readonly logs: LogNode
  readonly queues: QueueNode
}

/** Makes a node with a group of logs, and with queues. It is not started. */
export function storeNodeOf (t: Test, client: TestClient, durable = false): StoreNode {
  const node = nodeOf(t, client, durable)
  const { logs, queues } = node.engine
  queues!.bound(BOUNDS)
  return { node, logs: new LogNode(node, logs!.group('history', { messages: 100, bytes: 1_000_000, ttl: 60_000 })), queues: new QueueNode(node) }
}

/** Uses everything that logs and queues can do. */
export async function usesStores (t: Test, a: StoreNode, b: StoreNode, name: string): Promise<void> {
  const followed = await b.logs.follow(`${name}.*`)
  const empty = await a.logs.position(`${name}.log`)
  await a.logs.append(`${name}.log`, 'one')
  await b.logs.append(`${name}.log`, 'two')
  t.strictSame(await followed.texts(2), ['one', 'two'])
  t.strictSame((await b.logs.since(`${name}.log`, empty))?.map(({ text }) => text), ['one', 'two'])
  followed.unfollow()
  const taking = b.queues.consume(`${name}.queue`, 3)
  await a.queues.pushAll(`${name}.queue`, ['one', 'two'])
  const [one, two] = await taking.take(2)
  await taking.ack(one!)
  taking.nack(two!)
  const again = await taking.next()
  t.strictSame([again.text, again.deliveries], ['two', 2])
  taking.consumer.close()
  const other = a.queues.consume(`${name}.queue`, 1)
  await other.ack(await other.next())
  other.consumer.close()
}
