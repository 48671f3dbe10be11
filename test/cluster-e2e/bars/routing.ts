import type { Bar, Bench } from '../bar.ts'
import { figuresOf, shown } from '../load/figures.ts'
import { HTTP_TRANSPORTS } from '../load/lines.ts'
import { Load } from '../load/load.ts'
import type { Plan } from '../load/plan.ts'

/** The transports of sockjs-client under Node. The others need a browser, so that the client of these bars speaks them. */
const LIBRARY = new Set<string>(['xhr-polling', 'xhr-streaming', 'eventsource'])

/** Runs finite sessions over one transport in two processes. */
export async function talkAll ({ processes }: Bench, port: number, transport: Plan['transport'], sessions: number, more: Partial<Plan> = {}): Promise<ReturnType<typeof figuresOf>> {
  const client = LIBRARY.has(transport) ? 'library' : 'own'
  const halves = [Math.ceil(sessions / 2), Math.floor(sessions / 2)].filter((half) => half > 0)
  const loads = halves.map((half) => new Load(processes, { port, transport, client, sessions: half, parallel: 50, ...more }))
  return figuresOf((await Promise.all(loads.map((load) => load.finish()))).flat())
}

/** The control: the same sessions fail where the nodes have no engine. */
export const control: Bar = {
  name: 'any node, without an engine',
  group: 'routing',
  engines: ['none'],
  async run (bench) {
    const { port } = await bench.world({ engine: null })
    for (const transport of HTTP_TRANSPORTS) {
      const figures = await talkAll(bench, port, transport, 100, { patience: 20_000 })
      // A stream serves a session whose sends all met its node by chance.
      bench.row({ transport, figure: shown(figures), wanted: '0 of 100 complete', ok: figures.complete === 0 && figures.sessions === 100 })
    }
  }
}

export const anyNode: Bar = {
  name: 'any node',
  group: 'routing',
  engines: ['nats', 'redis', 'hub'],
  async run (bench, engine) {
    const { sessions } = bench.options
    const { port } = await bench.world({ engine })
    for (const transport of [...HTTP_TRANSPORTS, 'websocket'] as const) {
      const figures = await talkAll(bench, port, transport, sessions)
      bench.row({
        transport,
        figure: shown(figures),
        wanted: `${sessions} of ${sessions} complete`,
        ok: figures.complete === sessions && figures.duplicates === 0 && figures.gaps === 0
      })
    }
  }
}
