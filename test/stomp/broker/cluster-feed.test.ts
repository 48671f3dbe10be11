import t from 'tap'
import { Feed } from '../../../src/stomp/broker/cluster/feed.ts'
import type { Source } from '../../../src/stomp/broker/cluster/sources.ts'
import { SerialQueue } from '../../../src/stomp/broker/local/serial-queue.ts'
import { Serial } from '../../../src/stomp/broker/serial.ts'
import { turns } from '../../cluster/peers.ts'

t.test('a source that cannot start ends the others, also those that start later', async (t) => {
  let running = 0
  const source = (patience: number): Source => ({
    async start () {
      await turns(patience)
      running++
      return () => { running-- }
    }
  })
  const broken: Source = {
    async start () {
      await turns(5)
      throw new Error('the engine refuses it')
    }
  }
  const feed = new Feed('/topic/**', [source(1), broken, source(10)], null, new SerialQueue(), new Serial())
  await t.rejects(feed.ready, { message: 'the engine refuses it' })
  await turns(20)
  t.equal(running, 0)
  feed.close()
  t.equal(running, 0, 'each ends once')
})
