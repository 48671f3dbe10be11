import { test } from 'tap'
import { TRANSPORTS } from '../../../src/sockjs/protocol/index.ts'

test('the facts about each transport', async (t) => {
  const rows = Object.entries(TRANSPORTS).map(([name, { framing, resumable, costlyHeartbeats }]) => [name, framing, resumable, costlyHeartbeats])
  t.strictSame(rows, [
    ['websocket', 'sockjs', false, false],
    ['xhr-streaming', 'sockjs', true, false],
    ['xhr-polling', 'sockjs', true, true],
    ['eventsource', 'sockjs', true, false],
    ['htmlfile', 'sockjs', true, false],
    ['jsonp-polling', 'sockjs', true, true],
    ['websocket-raw', 'none', false, false],
    ['tcp', 'none', false, false]
  ])
})
