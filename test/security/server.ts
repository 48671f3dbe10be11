// The process under attack: `server.ts <site>`. It answers questions about its inside over the channel to its parent.
import Fastify, { type FastifyInstance } from 'fastify'
import type { Inside, LogLine } from '../support/target.ts'
import { onWarning } from '../support/warnings.ts'
import { type Journal, SITES } from './sites.ts'

// K1: a warning ends the server, and the attack that caused it fails.
onWarning((text) => {
  process.stderr.write(`${text}\n`)
  process.exit(70)
})

const site = SITES[process.argv[2]!]!
const lines: LogLine[] = []
const journal: Journal = []
const app = Fastify({ logger: { level: 'info', stream: { write: (line: string) => { lines.push(JSON.parse(line) as LogLine) } } }, ...site.fastify }) as unknown as FastifyInstance
await site.build(app, journal)
await app.listen({ port: 0, host: '127.0.0.1' })
const started = lines.splice(0)

function count (names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const ANSWERS: { [Q in keyof Inside]: () => Inside[Q] } = {
  memory () {
    // What this program itself has written down is not the server's.
    lines.length = journal.length = 0
    globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    return { rss, heap: heapUsed, outside: external }
  },
  resources: () => ({ ...count(process.getActiveResourcesInfo()), 'upgrade listeners': app.server.listenerCount('upgrade') }),
  closings: () => journal.splice(0),
  log: () => lines.splice(0),
  started: () => started,
  sessions () {
    const all = [...app.sockjs.endpoints.values()].map((endpoint) => endpoint.stats())
    return {
      open: all.reduce((sum, { sessions }) => sum + sessions, 0),
      bufferedBytes: all.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0)
    }
  },
  stall () {
    for (const end = performance.now() + 2000; performance.now() < end;);
    return true
  },
  cpu () {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
}

process.on('message', ({ id, question }: { id: number, question: keyof Inside }) => {
  process.send!({ id, value: ANSWERS[question]() })
})
// Whoever started it is gone.
process.on('disconnect', () => process.exit())
process.on('SIGTERM', () => { app.close().then(() => process.exit(0), () => process.exit(1)) })
process.send!({ port: (app.server.address() as { port: number }).port, tcpPort: app.hasDecorator('stomp') ? app.stomp.tcpPort ?? 0 : 0 })
