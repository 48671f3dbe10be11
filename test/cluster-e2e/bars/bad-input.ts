import { setTimeout as delay } from 'node:timers/promises'
import { ask, chunksOf, startRequest } from '../../support/http.ts'
import { newId } from '../../support/client.ts'
import type { Bar } from '../bar.ts'
import type { ServerName } from '../engines.ts'
import { letStrangerIn } from '../hostile.ts'
import { during } from '../load/during.ts'
import { allComplete } from './engine-faults.ts'
import { allTalk } from './odd-nodes.ts'

/** Rubbish, torn copies and repeated publications on the channels of the nodes change nothing for their sessions. */
export const stranger: Bar = {
  name: 'bad input: a stranger on the channels',
  group: 'faults',
  engines: ['nats', 'redis'],
  async run (bench, engine) {
    const { server, port } = await bench.world({ engine })
    const visitor = await letStrangerIn(engine as ServerName, server!.port)
    try {
      await allTalk(bench, port, { parallel: 20 })
      bench.row({ transport: '', figure: `${visitor.published} publications of the stranger`, wanted: 'more than 1,000', ok: visitor.published > 1_000 })
    } finally {
      await visitor.leave()
    }
  }
}

const PAIRS = 200

/** Opens a stream at each node and reads its first frame, behind the prelude. The streams stay open until both frames are there. */
async function firstFrames (ports: readonly number[], id: string): Promise<string[]> {
  const streams = ports.map((port) => startRequest({ port, path: `/echo/000/${id}/xhr_streaming`, method: 'POST' }))
  const frames = await Promise.all(streams.map(async ({ response }) => {
    const chunks = chunksOf(await response)
    let text = ''
    while (!/\n.+\n/.test(text)) text += await chunks.next('the first frame')
    return text.split('\n')[1]!
  }))
  for (const { request } of streams) request.destroy()
  return frames
}

/** Of two first receivers at two nodes one opens the session, and the other is told of it. */
export const twoFirst: Bar = {
  name: 'bad input: two first receivers at two nodes',
  group: 'faults',
  engines: ['nats', 'redis', 'hub'],
  async run (bench, engine) {
    const { nodes } = await bench.world({ engine, hub: 'own' })
    const [one, two] = nodes.map((node) => node.port) as [number, number]
    const outcomes = new Map<string, number>()
    for (let i = 0; i < PAIRS; i += 20) {
      await Promise.all(Array.from({ length: 20 }, async () => {
        const id = newId()
        const frames = await firstFrames([one, two], id)
        const outcome = frames.toSorted().join(' and ')
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }))
    }
    bench.row({
      transport: 'xhr-streaming',
      figure: [...outcomes].map(([outcome, times]) => `${times} x ${outcome}`).join(', '),
      wanted: `${PAIRS} x one o, one 2010`,
      ok: outcomes.size === 1 && outcomes.get('c[2010,"Another connection still open"] and o') === PAIRS
    })
  }
}

/** More than one publication may have. NATS takes 1 MiB. */
const LARGE = 3 * 1024 * 1024

/** A message that is larger than the engine takes goes through an edge in both directions. */
export const largeMessage: Bar = {
  name: 'bad input: a message above the engine\'s maximum',
  group: 'faults',
  engines: ['nats', 'redis', 'hub'],
  async run (bench, engine) {
    const { nodes } = await bench.world({ engine, hub: 'own' })
    const [owner, edge] = nodes.map((node) => node.port) as [number, number]
    const path = `/echo/000/${newId()}`
    const text = 'x'.repeat(LARGE)
    const opened = await ask({ port: owner, path: `${path}/xhr`, method: 'POST' })
    const [sent, polled] = await Promise.all([
      ask({ port: edge, path: `${path}/xhr_send`, method: 'POST', headers: { 'content-type': 'text/plain' }, body: JSON.stringify([text]) }),
      ask({ port: edge, path: `${path}/xhr`, method: 'POST' })
    ])
    bench.row({
      transport: 'xhr-polling',
      figure: `opened ${JSON.stringify(opened.body)}, send ${sent.status}, poll ${polled.status} with ${polled.body.length} bytes`,
      wanted: `send 204, poll 200 with ${LARGE + 6} bytes`,
      ok: sent.status === 204 && polled.status === 200 && polled.body === `a["${text}"]\n`
    })
  }
}

const FLOOD = 3_000

/** Sends to sessions that do not exist are refused, while the sessions of others go on. */
export const flood: Bar = {
  name: 'bad input: an edge flooded with unknown ids',
  group: 'faults',
  engines: ['nats', 'redis', 'hub'],
  async run (bench, engine) {
    const { nodes, port } = await bench.world({ engine, hub: 'own' })
    const statuses = new Map<number, number>()
    const witnesses = await during(bench, port, [{ transport: 'xhr-polling', sessions: 50 }, { transport: 'xhr-streaming', sessions: 50 }], async () => {
      for (let i = 0; i < FLOOD; i += 50) {
        await Promise.all(Array.from({ length: 50 }, async () => {
          const { status } = await ask({ port: nodes[0]!.port, path: `/echo/000/${newId()}/xhr_send`, method: 'POST', body: '["x"]' })
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
        }))
        await delay(1)
      }
    })
    bench.row({
      transport: 'xhr_send',
      figure: [...statuses].map(([status, times]) => `${times} x ${status}`).join(', '),
      wanted: `${FLOOD} x 404`,
      ok: statuses.get(404) === FLOOD
    })
    allComplete(bench, witnesses)
  }
}
