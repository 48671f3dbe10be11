import { test } from 'tap'
import { FatefulNetwork, startPeers, stopAll } from './peers.ts'

test('a node that is only busy is connected, one that was cut off is not', async (t) => {
  const network = new FatefulNetwork({ keysLast: 'connection' })
  const peers = await startPeers(network, 3)
  const [a, b, c] = peers as [typeof peers[number], typeof peers[number], typeof peers[number]]
  network.lose(({ to }) => to === b.id)
  t.equal(await a.node.attendance.all(), true, 'b gets nothing, and the network has its connection')
  network.cut(c.engine)
  t.equal(await a.node.attendance.all(), false)
  network.mend(c.engine)
  t.equal(await a.node.attendance.all(), true)
  await stopAll(peers)
})

test('callers of one turn share a round, and its answer counts for a moment', async (t) => {
  const network = new FatefulNetwork({ keysLast: 'connection' })
  const peers = await startPeers(network, 3)
  const { node, clock, engine } = peers[0]!
  let asked = 0
  const reaches = engine.reaches.bind(engine)
  engine.reaches = async (id) => {
    asked++
    return await reaches(id)
  }
  const { attendance } = node
  t.equal(attendance.isFresh, false)
  t.strictSame(await Promise.all([attendance.all(), attendance.all(), attendance.all()]), [true, true, true])
  t.equal(asked, 2, 'two other nodes, once each')
  t.equal(attendance.isFresh, true)
  clock.advance(51)
  t.equal(attendance.isFresh, false)
  await stopAll(peers)
})
