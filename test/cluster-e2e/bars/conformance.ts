import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { within } from '../../support/wait.ts'
import type { Bar } from '../bar.ts'

const RUNNER = fileURLToPath(new URL('../../../protocol-tests/dist/main.js', import.meta.url))

interface Report { readonly results: readonly { readonly id: string, readonly verdict: string, readonly [more: string]: unknown }[] }

/** The rules of SockJS hold through a random balancer as they do on one node, on which `npm test` passes every case. */
export const conformance: Bar = {
  name: 'sockjs-conformance --strict',
  group: 'routing',
  engines: ['nats', 'redis', 'hub'],
  async run ({ processes, world, row }, engine) {
    const { port, folder } = await world({ engine, hub: 'own', journal: true, balancer: 'connections' })
    const file = join(folder, 'report.json')
    const run = processes.start('sockjs-conformance', process.execPath, [RUNNER, `http://127.0.0.1:${port}`, '--strict', '--suite', 'sockjs', '--reporter', 'json', '--output', file])
    await within(run.ended, 'the conformance runner', 600_000)
    const { results } = JSON.parse(await readFile(file, 'utf8')) as Report
    const missing = results.filter(({ verdict }) => verdict !== 'passed').map(({ id }) => id)
    for (const result of results) if (missing.includes(result.id)) process.stderr.write(`${JSON.stringify(result)}\n`)
    row({
      transport: '',
      figure: `${results.length - missing.length} cases passed${missing.length > 0 ? `, without ${missing.join(', ')}` : ''}`,
      wanted: `${results.length} as on one node`,
      ok: results.length > 0 && missing.length === 0
    })
  }
}
