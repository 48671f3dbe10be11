import { fileURLToPath } from 'node:url'
import type { Bar } from '../bar.ts'
import { figuresOf, shown } from '../load/figures.ts'
import { Load } from '../load/load.ts'

const START = fileURLToPath(new URL('../../../examples/cluster/start.js', import.meta.url))

/** The example starts all that it needs by one command, shows which node serves, and ends on SIGTERM. */
export const example: Bar = {
  name: 'examples/cluster',
  group: 'routing',
  engines: ['none'],
  async run (bench) {
    const started = bench.processes.start('examples/cluster', process.execPath, [START], { PORT: '0' })
    const [url] = await started.says(/http:\S+/)
    const page = await fetch(url)
    const nodes = new Set<string | null>()
    for (let i = 0; i < 60; i++) nodes.add((await fetch(`${url}/where/info`)).headers.get('x-node'))
    bench.row({
      transport: '',
      figure: `the page has status ${page.status}, and ${[...nodes].sort().join(', ')} serve`,
      wanted: 'amber, blue, cyan serve',
      ok: page.status === 200 && [...nodes].sort().join() === 'amber,blue,cyan'
    })
    const load = new Load(bench.processes, { port: Number(new URL(url).port), path: '/plain', transport: 'xhr-polling', sessions: 50 })
    const figures = figuresOf(await load.finish())
    bench.row({ transport: 'xhr-polling', figure: shown(figures), wanted: 'all complete', ok: figures.complete === 50 })
    bench.row({ transport: '', figure: `ends with ${await started.stop()}`, wanted: 'ends with 0', ok: started.child.exitCode === 0 })
  }
}
