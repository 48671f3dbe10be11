import { copyFileSync, appendFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { redisEngine } from '../../../src/redis.ts'
import { EngineNode } from '../../support/engines/node.ts'
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
export function nodeOf (t: Test, client: TestClient, namespace = NAMESPACE): EngineNode {
  const node = new EngineNode(redisEngine({ client, namespace, secret: SECRET }))
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
