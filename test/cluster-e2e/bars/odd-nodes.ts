import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { Link } from '../../support/engines/link.ts'
import type { Bar, Bench } from '../bar.ts'
import { startNatsCluster } from '../engines.ts'
import { shown } from '../load/figures.ts'
import type { Plan } from '../load/plan.ts'
import type { WorldOptions } from '../world.ts'
import { talkAll } from './routing.ts'

const SESSIONS = 200

/** A preloaded module that moves the clock of its process by an hour. */
const HOUR_AHEAD = fileURLToPath(new URL('../hour-ahead.js', import.meta.url))

/** Polling has a leg for each message, and streaming has sends through edges. */
const TRANSPORTS = ['xhr-polling', 'xhr-streaming'] as const

/** Reports that all sessions through a balancer are complete. */
export async function allTalk (bench: Bench, port: number, more: Partial<Plan> = {}): Promise<void> {
  for (const transport of TRANSPORTS) {
    const figures = await talkAll(bench, port, transport, SESSIONS, more)
    const { complete, duplicates, gaps } = figures
    bench.row({ transport, figure: shown(figures), wanted: 'all complete', ok: complete === SESSIONS && duplicates === 0 && gaps === 0 })
  }
}

/** Nodes that are set up in an odd way serve as well as others. */
function oddNodes (name: string, env: NonNullable<WorldOptions['env']>): Bar {
  return {
    name,
    group: 'faults',
    engines: ['nats', 'redis', 'hub'],
    async run (bench, engine) {
      const { port } = await bench.world({ engine, hub: 'own', env })
      await allTalk(bench, port)
    }
  }
}

export const sameName = oddNodes('nodes: two with one name', (index) => ({ NODE_NAME: `node-${index % 2}` }))

export const clocksApart = oddNodes('nodes: clocks an hour apart', (index): Readonly<Record<string, string>> => index === 1 ? { NODE_OPTIONS: `--import=${HOUR_AHEAD}` } : {})

/** A node with another secret is no member: it serves alone, and the others serve each other's sessions beside it. */
export const otherSecret: Bar = {
  name: 'nodes: one with another secret',
  group: 'faults',
  engines: ['nats', 'redis'],
  patient: true,
  async run (bench, engine) {
    const { nodes, port } = await bench.world({ engine, balanced: 2, env: (index): Readonly<Record<string, string>> => index === 2 ? { ENGINE_SECRET: 'quite another secret' } : {} })
    await allTalk(bench, port)
    const health = await Promise.all(nodes.map((node) => node.health()))
    bench.row({
      transport: '',
      figure: health.map(({ node, peers }) => `${node} sees ${peers.length}`).join(', '),
      wanted: 'the two see each other, the third sees none',
      ok: health.map(({ peers }) => peers.length).join() === '1,1,0'
    })
    await talkAlone(bench, nodes[2]!.port)
  }
}

async function talkAlone (bench: Bench, port: number): Promise<void> {
  const figures = await talkAll(bench, port, 'xhr-polling', 50)
  bench.row({ transport: 'xhr-polling', figure: shown(figures), wanted: 'the third serves its own', ok: figures.complete === 50 })
}

/**
 * The words of one node about its responses are late by half a second, so that the next poll is always faster than they are.
 *
 * The link is slow each way.
 */
export const trailingRace: Bar = {
  name: 'trailing race: one node\'s words are 500 ms late',
  group: 'faults',
  engines: ['nats', 'redis'],
  patient: true,
  async run (bench, engine) {
    const links: Link[] = []
    try {
      const { port } = await bench.world({
        engine,
        async beforeNodes (server) {
          const link = await Link.open(server.port)
          link.slow(500)
          links.push(link)
        },
        env: (index): Readonly<Record<string, string>> => index === 1 ? { ENGINE: `${engine}://127.0.0.1:${links[0]!.port}` } : {}
      })
      await allTalk(bench, port, { parallel: 100 })
    } finally {
      for (const link of links) link.close()
    }
  }
}

/** Each node has another server of a NATS cluster, so that its claims reach the others late. */
export const lateInterest: Bar = {
  name: 'late interest: a NATS cluster of three',
  group: 'faults',
  engines: ['nats'],
  async run (bench, engine) {
    const servers = await startNatsCluster()
    try {
      await delay(1_000)
      const { port } = await bench.world({ engine, env: (index) => ({ ENGINE: `nats://127.0.0.1:${servers[index]!.port}` }) })
      await allTalk(bench, port)
    } finally {
      await Promise.all(servers.map((server) => server.close()))
    }
  }
}
