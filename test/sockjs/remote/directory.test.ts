import { test } from 'tap'
import { MemoryNetwork } from '../../../src/engine/memory.ts'
import { Directory } from '../../../src/sockjs/remote/directory.ts'
import { ClaimTimes } from '../../../src/sockjs/remote/claim-times.ts'
import { Lookups } from '../../../src/sockjs/remote/lookups.ts'
import { Telemetry } from '../../../src/telemetry/telemetry.ts'
import { startPeers, stopAll } from '../../cluster/peers.ts'

test('the key of a session is one of its endpoint and its id, on every node, also if more sessions come than a node remembers', async (t) => {
  const peers = await startPeers(new MemoryNetwork(), 2)
  const [one, other] = peers.map(({ node }) => new Directory(node, new ClaimTimes(new Telemetry((error) => { throw error }), node), new Lookups(0)))
  const sessions = [['/chat', 'abc'], ['/chat', 'abd'], ['/chat/abc', 'd'], ['/chat/abc', 'abc'], ['', 'chat']] as const
  const keys = sessions.map(([name, id]) => one!.keyOf({ name }, id))
  t.equal(new Set(keys).size, sessions.length)
  const again = (): string[] => sessions.map(([name, id]) => one!.keyOf({ name }, id))
  t.strictSame(again(), keys)
  t.strictSame(sessions.map(([name, id]) => other!.keyOf({ name }, id)), keys)
  const others = new Set(Array.from({ length: 10_500 }, (_, i) => one!.keyOf({ name: '/chat' }, `s${i}`)))
  t.equal(others.size, 10_500)
  t.strictSame(again(), keys)
  await stopAll(peers)
})
