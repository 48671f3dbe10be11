import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { within } from '../../support/wait.ts'
import type { Bar, Bench } from '../bar.ts'

const RUNNER = fileURLToPath(new URL('../../../protocol-tests/dist/main.js', import.meta.url))

interface Report { readonly results: readonly { readonly id: string, readonly verdict: string }[] }

/** The cases that passed, by their ids. */
async function passed ({ processes }: Bench, port: number, file: string): Promise<Set<string>> {
  const run = processes.start('sockjs-conformance', process.execPath, [RUNNER, `http://127.0.0.1:${port}`, '--strict', '--suite', 'sockjs', '--reporter', 'json', '--output', file])
  await within(run.ended, 'the conformance runner', 240_000)
  const { results } = JSON.parse(await readFile(file, 'utf8')) as Report
  return new Set(results.filter(({ verdict }) => verdict === 'passed').map(({ id }) => id))
}

/** The rules of SockJS hold through a random balancer as they do on one node. */
export const conformance: Bar = {
  name: 'sockjs-conformance --strict',
  group: 'routing',
  engines: ['nats', 'redis'],
  async run (bench, engine) {
    const alone = await bench.world({ engine: null, nodes: 1, balancer: 'connections' })
    const cluster = await bench.world({ engine, journal: true, balancer: 'connections' })
    const wanted = await passed(bench, alone.port, join(alone.folder, 'report.json'))
    const found = await passed(bench, cluster.port, join(cluster.folder, 'report.json'))
    const missing = [...wanted].filter((id) => !found.has(id))
    bench.row({
      transport: '',
      figure: `${found.size} cases passed${missing.length > 0 ? `, without ${missing.join(', ')}` : ''}`,
      wanted: `${wanted.size} as on one node`,
      ok: wanted.size > 0 && missing.length === 0
    })
  }
}
