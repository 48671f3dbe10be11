import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, createServer as createTcpServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import Fastify from 'fastify'
import { reporters, runConformance, UnreachableError, UsageError } from '../protocol-tests/index.ts'
import type { Report } from '../protocol-tests/index.ts'
import { reset } from '../protocol-tests/client/reset.ts'
import { buildDemo } from '../examples/demo/src/demo.ts'
import sockjs from '../src/index.ts'
import { TYPESCRIPT } from './support/typescript.ts'
import { within } from './support/wait.ts'

const MAIN = fileURLToPath(new URL('../protocol-tests/main.ts', import.meta.url))

interface Outcome { readonly code: number | null, readonly stdout: string, readonly stderr: string }

/** Runs the command to its end. */
function run (...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [TYPESCRIPT, MAIN, ...args], (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }))
  })
}

async function listen (t: Test, server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const serve = (t: Test, answer: RequestListener): Promise<string> => listen(t, createServer(answer))

async function unreachable (url: string, options = {}): Promise<UnreachableError> {
  const error = await runConformance(url, { timeout: 2000, wait: 200, ...options }).then(() => undefined, (error: unknown) => error)
  if (!(error instanceof UnreachableError)) throw new Error(`the run did not say that there is nothing to judge: ${String(error)}`)
  return error
}

t.test('U28: a plain HTTP server is told from a SockJS server', async (t) => {
  const servers: [name: string, url: string][] = [
    ['200 for everything', await serve(t, (_request, response) => response.end('<!doctype html><title>A site</title>'))],
    ['JSON for everything', await serve(t, (_request, response) => response.end('{"hello":"world"}'))],
    ['404 for everything', await serve(t, (_request, response) => response.writeHead(404).end())],
    ['302 for everything', await serve(t, (_request, response) => response.writeHead(302, { location: '/login' }).end())],
    ['500 for everything', await serve(t, (_request, response) => response.writeHead(500).end())],
    ['something that is no HTTP', await listen(t, createTcpServer((socket) => socket.on('error', () => {}).end('220 smtp.example ESMTP\r\n')))]
  ]
  for (const [name, url] of servers) {
    const error = await unreachable(url)
    t.match(error.message, /no SockJS server here/, name)
    t.match(error.message, /\/echo/, 'the endpoints are named')
    t.equal(error.report?.totals.failed, 0)
    t.equal(error.report?.totals['not run'], error.report?.results.length)
  }
})

t.test('U28: a SockJS server whose info is wrong is judged all the same', async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.url === '/echo') response.end('Welcome to SockJS!\n')
    else response.end('nonsense')
  })
  const report = await runConformance(url, { suite: 'sockjs', only: ['info'], timeout: 2000 })
  t.ok(report.totals.failed > 0)
  t.notOk(report.ok)
})

t.test('U28: a URL that is itself an endpoint gets a hint at --endpoint', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sockjs)
  app.sockjs('/echo', (session) => { session.on('message', (text) => session.send(text)) })
  app.sockjs('/a/chat', (session) => { session.on('message', (text) => session.send(text)) })
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  for (const [path, base, endpoint] of [['/echo', '', '/echo'], ['/echo/', '', '/echo'], ['/a/chat', '/a', '/chat']] as const) {
    const { message } = await unreachable(origin + path)
    t.ok(message.includes(`give ${origin}${base} and --endpoint echo=${endpoint}`), message)
  }
  const { results } = await runConformance(`${origin}/a`, { endpoints: { '/echo': '/chat' }, only: ['greeting'] })
  t.ok(results.some(({ verdict }) => verdict === 'passed'), 'the hint leads to a run')
})

t.test('U28: the file that was asked for is written, whatever answers', async (t) => {
  const dir = t.testdir({ 'old.xml': 'the report of an earlier run' })
  const site = await serve(t, (_request, response) => response.end('a site'))
  const files = [['junit', 'old.xml'], ['json', 'new.json'], ['tap', 'new.tap'], ['html', 'new.html'], ['human', 'new.txt']] as const
  for (const [url, says, some] of [['http://127.0.0.1:1', /no server answers at http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED/, files], [site, /no SockJS server here/, files.slice(0, 1)]] as const) {
    for (const [reporter, file] of some) {
      const output = join(dir, file)
      const { code, stderr } = await run(url, '--wait', '0', '--timeout', '2', '--only', 'greeting', '--reporter', reporter, '--output', output)
      t.equal(code, 1, reporter)
      t.match(stderr, says)
      const text = readFileSync(output, 'utf8')
      t.match(text.replaceAll('&#39;', "'"), says, `${reporter} says why`)
      if (reporter === 'human') t.notMatch(text, /not applicable/)
      if (reporter === 'junit') t.match(text, /failures="1"[^]*<failure message="No case was run/, 'no skipped run passes')
      if (reporter === 'tap') t.match(text, /^Bail out! No case was run/m)
      if (reporter === 'json') t.match(JSON.parse(text), { ok: false, lost: true, totals: { passed: 0, failed: 0 } })
      writeFileSync(output, 'the report of an earlier run')
    }
  }
  const { stdout, code } = await run('http://127.0.0.1:1', '--wait', '0', '--reporter', 'json')
  t.equal(code, 1)
  t.match(JSON.parse(stdout), { ok: false }, 'and the standard output is a report too')
})

/** A demo server that dies of a request. */
async function mortal (t: Test, deadly: (url: string) => boolean): Promise<string> {
  const app = await buildDemo({ logLevel: 'silent' })
  t.teardown(() => app.close())
  app.server.prependListener('request', (request) => {
    if (!deadly(request.url ?? '')) return
    app.server.close()
    app.server.closeAllConnections()
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

t.test('U28: when the server dies, the case that killed it stands first, and the others were not run', async (t) => {
  for (const concurrency of [1, 24]) {
    let asked = 0
    const url = await mortal(t, (path) => path.endsWith('/iframe-.html') && ++asked === 1)
    const only = concurrency === 1 ? { only: ['greeting', 'iframe', 'cors'] } : { skip: ['heartbeat', 'lifetime', 'xhr-streaming'] }
    const report = await runConformance(url, { suite: 'sockjs', concurrency, timeout: 20_000, ...only })
    t.match(report, { ok: false, lost: true })
    const [first] = report.results
    t.equal(first?.id, report.stoppedDuring)
    t.match(first?.section, 'iframe', `concurrency ${concurrency}: ${first?.id}`)
    t.match(first, { verdict: 'failed', failure: { what: /the server stopped answering during this case/ } })
    t.ok(report.totals['not run'] > 0)
    t.notOk(report.results.some(({ verdict, reason }) => verdict === 'not applicable' && reason?.includes('stopped')))
    t.equal(report.totals.failed, 1, 'the cases beside it are not called failed')
    judgeReporters(t, report)
  }
})

function judgeReporters (t: Test, report: Report): void {
  const killer = report.stoppedDuring!
  const { json, human, tap, junit, html } = Object.fromEntries(Object.entries(reporters).map(([name, write]) => [name, write(report)])) as Record<keyof typeof reporters, string>
  t.equal((JSON.parse(json) as Report).results[0]?.id, killer)
  t.ok(human.startsWith(`✗ ${killer}  `))
  t.match(human, /· not run, the server had stopped answering: /)
  t.ok(human.trimEnd().split('\n').at(-1)?.includes(`during ${killer}.`), human.slice(-300))
  t.match(human, /\d+ not run in /)
  t.ok(tap.split('\n')[2]?.startsWith(`not ok 1 - ${killer} `))
  t.match(tap, /# SKIP not run: the server had stopped answering/)
  t.ok(tap.includes('Bail out! The server stopped answering'))
  t.equal(/<failure message="the server stopped[^]*?<\/failure>/.exec(junit)?.index, junit.indexOf('<failure message="the server'))
  t.ok(/<testcase [^>]*name="([\w.-]+) [^>]*>\n {6}<failure/.exec(junit)?.[1] === killer || junit.indexOf(killer) < junit.indexOf('skipped message'), 'junit names it before everything that was skipped')
  t.match(junit, /<skipped message="not run: the server had stopped answering"/)
  t.match(html, /<h2>Not run<\/h2>/)
  t.ok(html.indexOf(killer) < html.indexOf('<h2>'), 'the page names it at the top')
}

t.test('U28: a server that dies between cases has killed none of them wrongly', async (t) => {
  const app = await buildDemo({ logLevel: 'silent' })
  t.teardown(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  let last = ''
  const report = await runConformance(url, {
    only: ['greeting'],
    concurrency: 1,
    timeout: 20_000,
    onProgress: (progress) => {
      if (progress.done !== progress.total) return
      last = progress.last.id
      app.server.close()
      app.server.closeAllConnections()
    }
  })
  t.match(report, { ok: false, lost: true, stoppedDuring: last }, 'the last case is the one that wrote last')
})

t.test('K7: options that cannot be are refused with code 2 and a line that says why', async (t) => {
  const dir = t.testdir({})
  const wrong: [args: string[], says: RegExp][] = [
    [['ftp://x'], /"ftp:\/\/x" is not an http or https URL/],
    [['127.0.0.1:8081'], /is not an http or https URL/],
    [['http://127.0.0.1:1/?x=1'], /no query, no fragment and no credentials/],
    [['http://a:b@127.0.0.1:1'], /no query, no fragment and no credentials/],
    [[], /which server\?/],
    [['http://127.0.0.1:1', '--timeout', 'NaN'], /number of seconds/],
    [['http://127.0.0.1:1', '--timeout', '0'], /more than zero seconds/],
    [['http://127.0.0.1:1', '--timeout', '99999999999'], /at most 86400/],
    [['http://127.0.0.1:1', '--wait', 'Infinity'], /number of seconds/],
    [['http://127.0.0.1:1', '--concurrency', '0'], /whole number above zero/],
    [['http://127.0.0.1:1', '--stomp-tcp', '127.0.0.1:0'], /must look like 127\.0\.0\.1:61613/],
    [['http://127.0.0.1:1', '--endpoint', 'echo'], /must look like echo=/],
    [['http://127.0.0.1:1', '--endpoint', 'ecko=/x'], /No case needs an endpoint "ecko"/],
    [['http://127.0.0.1:1', '--only', 'no-such-case'], /no case is named "no-such-case"/],
    [['http://127.0.0.1:1', '--only', ''], /leave no case to run/],
    [['http://127.0.0.1:1', '--transport', 'smoke'], /There are xhr, xhr_streaming/],
    [['http://127.0.0.1:1', '--reporter', 'smoke'], /no reporter is named "smoke"/],
    [['http://127.0.0.1:1', '--nonsense'], /unknown option/],
    [['http://127.0.0.1:1', 'http://127.0.0.1:2'], /too many arguments/],
    [['http://127.0.0.1:1', '--output', dir], /cannot be written to .*EISDIR/],
    [['http://127.0.0.1:1', '--output', join(dir, 'no', 'such', 'file')], /cannot be written to .*ENOENT/]
  ]
  for (const [args, says] of wrong) {
    const { code, stdout, stderr } = await run(...args)
    t.match({ code, stdout }, { code: 2, stdout: '' }, args.join(' '))
    t.match(stderr, says)
    t.notMatch(stderr, /^\s+at /m, 'no stack')
  }
  t.notOk(existsSync(join(dir, 'no')))
})

t.test('K7: a program that passes such options is refused as well', async (t) => {
  const url = 'http://127.0.0.1:1'
  for (const options of [{ timeout: NaN }, { timeout: 0 }, { timeout: -1 }, { timeout: 2 ** 31 }, { wait: NaN }, { wait: -1 }, { concurrency: 0 }, { concurrency: NaN }, { concurrency: 1.5 }]) {
    await t.rejects(runConformance(url, options), UsageError, JSON.stringify(options))
  }
})

t.test('a connection that is ending can be reset, and nothing of it stays open', async (t) => {
  const server = createTcpServer((socket) => { socket.on('error', () => {}).resume() })
  const { port } = new URL(await listen(t, server))
  for (const isEnding of [false, true]) {
    const socket = connect(Number(port), '127.0.0.1')
    await once(socket, 'connect')
    const errors: Error[] = []
    socket.on('error', (error) => errors.push(error))
    const closed = once(socket, 'close')
    if (isEnding) socket.end()
    // The end is on its way now, and not over.
    process.nextTick(() => process.nextTick(() => reset(socket)))
    await within(closed, 'the connection to be closed')
    t.strictSame(errors, [], isEnding ? 'while it ends' : 'while it stands')
  }
})
