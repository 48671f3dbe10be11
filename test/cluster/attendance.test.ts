import { test } from 'tap'
import { FatefulNetwork, startPeers, stopAll, turns } from './peers.ts'

test('a node that is only busy is connected, one that was cut off is not', async (t) => {
  const network = new FatefulNetwork({ keysLast: 'connection' })
  const peers = await startPeers(network, 3)
  const [a, b, c] = peers as [typeof peers[number], typeof peers[number], typeof peers[number]]
  network.lose(({ to }) => to === b.id)
  t.equal(await a.node.attendance.after(), true, 'b gets nothing, and the network has its connection')
  network.cut(c.engine)
  t.equal(await a.node.attendance.after(), false)
  network.mend(c.engine)
  t.equal(await a.node.attendance.after(), true)
  await stopAll(peers)
})

test('without the engine no node is reached, and a caller that does not wait for the answer harms nothing', async (t) => {
  const network = new FatefulNetwork({ keysLast: 'connection' })
  const peers = await startPeers(network, 2)
  const { node, engine } = peers[0]!
  network.cut(engine)
  t.equal(await node.attendance.after(), false)
  node.attendance.before()
  await turns()
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
  t.strictSame(await Promise.all([attendance.after(), attendance.after(), attendance.after()]), [true, true, true])
  t.equal(asked, 2, 'two other nodes, once each')
  t.equal(attendance.before(), true, 'a moment ago')
  clock.advance(51)
  const before = [attendance.before(), attendance.before()]
  t.equal(asked, 4, 'the round begins at once')
  t.strictSame(await Promise.all(before), [true, true])
  clock.advance(51)
  network.cut(peers[1]!.engine)
  await turns()
  t.strictSame(await Promise.all([attendance.before(), attendance.after()]), [false, false])
  await stopAll(peers)
})
