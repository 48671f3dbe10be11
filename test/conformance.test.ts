import type { AddressInfo } from 'node:net'
import { test } from 'tap'
import { reporters, runConformance } from '../protocol-tests/index.ts'
import type { Result } from '../protocol-tests/index.ts'
import { buildDemo } from '../examples/demo/src/demo.ts'

/** A busy machine is slow, not wrong: cases wait longer here than on a command line. */
const timeout = 20_000

function complaint ({ id, title, failure }: Result): string {
  const { what = '', expected = '', received = '' } = failure ?? {}
  return [`${id}: ${title}`, `  ${what}`, `  expected ${expected}`, `  received ${received}`].join('\n')
}

test('the demo server passes every case of both suites, deviations counted as failures', { timeout: 240_000 }, async (t) => {
  const app = await buildDemo({ logLevel: 'silent', stompTcpPort: 0 })
  t.teardown(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const stomp = { tcp: { host: '127.0.0.1', port: app.stomp.tcpPort ?? 0 } }
  const judge = async (only?: readonly string[]): Promise<Result[]> => {
    const alone = only === undefined ? {} : { only, concurrency: 1 }
    const { results, lost } = await runConformance(url, { strict: true, suite: 'all', timeout, stomp, ...alone })
    t.notOk(lost, 'the server still answers')
    return results
  }

  const results = await judge()
  t.ok(results.some(({ suite }) => suite === 'sockjs') && results.some(({ suite }) => suite === 'stomp'), 'both suites have run')
  const bad = results.filter(({ verdict }) => verdict === 'failed' || verdict === 'deviation')
  // Cases about intervals measure time: what failed among two dozen others must hold on its own.
  const worse = bad.length === 0 ? [] : (await judge(bad.map(({ id }) => id))).filter(({ verdict }) => verdict !== 'passed')
  t.same(worse.map(complaint), [], 'no case fails')
  // The demo's broker keeps no history; everything else that a case may ask for is there.
  t.same(results.filter(({ id, verdict }) => verdict === 'not applicable' && !id.startsWith('BROKER-3.')).map(({ id, reason }) => `${id}: ${reason}`), [],
    'the server has all that the cases ask for')
})

test('nothing more is asked of a server that has gone', async (t) => {
  const app = await buildDemo({ logLevel: 'silent' })
  t.teardown(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const stop = (): void => {
    app.server.close()
    app.server.closeAllConnections()
  }
  const report = await runConformance(url, { only: ['greeting'], concurrency: 1, timeout, onProgress: ({ done }) => { if (done === 1) stop() } })
  t.same(report.results.map(({ verdict }) => verdict), ['failed', 'not run', 'not run', 'not run', 'not run'], 'the last case that wrote is to blame')
  t.match(new Set(report.results.slice(1).map(({ reason }) => reason)), new Set(['the server had stopped answering']), 'and the others say why they were not run')
  t.match(report, { ok: false, lost: true }, 'which is no success')
  t.match(reporters.human(report), /The server stopped answering before the end of the run, during [\w.-]+\. 4 cases were not run\. .*\n$/, 'and the last line says so')
})
