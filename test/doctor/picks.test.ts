import t from 'tap'
import { picks } from '../../protocol-tests/doctor/checks/picks.ts'
import { parseTarget } from '../../protocol-tests/client/target.ts'
import { newFacts } from '../../protocol-tests/doctor/facts.ts'
import { Visit } from '../../protocol-tests/doctor/visit.ts'

/** Runs the check with the times that others have measured: of `/info`, and of the first frame by transport. */
async function judge (roundTrip: number, works: Readonly<Record<string, number>>, fails: Readonly<Record<string, string>> = {}) {
  const facts = newFacts(parseTarget('http://app.example/echo')!, {})
  facts.roundTrip = roundTrip
  for (const [name, milliseconds] of Object.entries(works)) facts.works.set(name, milliseconds)
  for (const [name, why] of Object.entries(fails)) facts.fails.set(name, why)
  const seen: string[] = []
  const found: [code: string, detail: string][] = []
  await picks.run(new Visit(facts), { saw: (text) => seen.push(text), find: (code, detail) => found.push([code, detail]) })
  return { seen, found }
}

t.test('a WebSocket that opens more slowly than sockjs-client waits', async (t) => {
  const { seen, found } = await judge(20, { websocket: 2000, xhr_streaming: 30, xhr: 30 })
  t.same(found, [['pick-slow', 'it opens after 2.0 s, and sockjs-client waits 640 ms (/info answers within 20 ms)']])
  t.equal(seen[0], 'sockjs-client in a browser: websocket, after about 2.0 s')
  t.same((await judge(20, { websocket: 640 })).found, [], 'one measurement is not every client\'s')
  t.same((await judge(400, { websocket: 2000 })).found, [], 'the client waits longer where /info takes longer')
})

t.test('what each client picks, and when', async (t) => {
  const { seen, found } = await judge(50, { xhr_streaming: 60, xhr: 70 }, { websocket: 'The handshake is not answered' })
  t.same(seen, [
    'sockjs-client in a browser: xhr-streaming, after about 810 ms',
    'sockjs-client where WebSocket is blocked: xhr-streaming, after about 110 ms',
    'a client of plain WebSocket, as most of STOMP: nothing'
  ])
  t.same(found, [])
  t.same((await judge(50, {}, { websocket: 'is refused', xhr: 'is held back' })).found, [['nothing-works', 'websocket is refused; xhr-polling is held back']])
})
