import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { TYPESCRIPT } from '../support/typescript.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = fileURLToPath(new URL('../../examples/demo/src/main.ts', import.meta.url))

interface Outcome { readonly code: number | null, readonly stdout: string, readonly stderr: string }

/** Runs the command to its end. */
function run (args: readonly string[], variables: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [TYPESCRIPT, MAIN, ...args], { cwd: ROOT, env: { ...process.env, ...variables } }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr })
    })
  })
}

const WRONG: Readonly<Record<string, { args: readonly string[], env?: Record<string, string>, says: RegExp }>> = {
  'an unknown flag': { args: ['--prot', '1'], says: /unknown option '--prot'\n\(Did you mean --port\?\)/ },
  'a port that is no number': { args: ['--port', 'http'], says: /'http' is invalid\. a port is a number from 0 to 65535/ },
  'a port that is too large': { args: ['--port', '65536'], says: /'65536' is invalid/ },
  'a wrong variable': { args: [], env: { PORT: 'abc' }, says: /'abc' from env 'PORT' is invalid/ },
  'a log level that does not exist': { args: ['--log-level', 'loud'], says: /Allowed choices are trace, debug, info/ },
  'a Kafka without a port': { args: ['--kafka', 'kafka.example'], says: /'kafka\.example' is invalid\. the address of Kafka is written host:port\[,host:port\]/ },
  'a word too many': { args: ['now'], says: /too many arguments/ }
}

for (const [mistake, { args, env, says }] of Object.entries(WRONG)) {
  t.test(`${mistake}: the error and the way to the options are printed`, async (t) => {
    const { code, stdout, stderr } = await run(args, env)
    t.equal(code, 1)
    t.match(stderr, says)
    t.match(stderr, /\n\(--help shows all options\)\n$/)
    t.notMatch(stderr, /Usage:/)
    t.equal(stdout, '')
  })
}

t.test('an obstacle is named in one line', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.teardown(() => { taken.close() })
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo

  const BLOCKED: Readonly<Record<string, readonly [args: readonly string[], line: string]>> = {
    'the port is taken': [['--port', `${port}`], `Another program uses port ${port} of 127.0.0.1. Choose another with --port or PORT.`],
    'the port for STOMP is taken': [['--port', '0', '--stomp-tcp-port', `${port}`], `Another program uses port ${port} of 127.0.0.1. Choose another with --stomp-tcp-port or STOMP_TCP_PORT.`],
    'an address that is not here': [['--port', '0', '--host', '192.0.2.1'], '192.0.2.1 is not an address of this machine. Choose another with --host or HOST.'],
    'a certificate alone': [['--tls-cert', 'cert.pem'], 'TLS needs a certificate and its key. Set both TLS_CERT and TLS_KEY.'],
    'no such certificate': [['--tls-cert', 'no-cert.pem', '--tls-key', 'no-key.pem'], 'Cannot read no-cert.pem: ENOENT.']
  }
  for (const [what, [args, line]] of Object.entries(BLOCKED)) {
    t.test(what, async (t) => {
      t.same(await run(args), { code: 1, stdout: '', stderr: `${line}\n` })
    })
  }
})

t.test('the server starts, serves its page and its endpoints, and ends on SIGTERM', async (t) => {
  const child = spawn(process.execPath, [TYPESCRIPT, MAIN, '--port', '0'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const [line] = await once(child.stdout, 'data') as [Buffer]
  const [url] = /http:\S+/.exec(String(line))!
  const [page, script, echo] = await Promise.all(['/', '/main.js', '/echo'].map((path) => fetch(url + path)))
  t.same([page!.status, script!.status, await echo!.text()], [200, 200, 'Welcome to SockJS!\n'])
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  t.same(await exited, [0, null])
})

t.test('a Kafka that is away does not stop the server', async (t) => {
  const away = createServer().listen(0, '127.0.0.1')
  await once(away, 'listening')
  const { port } = away.address() as AddressInfo
  await once(away.close(), 'close')
  const child = spawn(process.execPath, [TYPESCRIPT, MAIN, '--port', '0', '--log-level', 'silent'], { cwd: ROOT, env: { ...process.env, KAFKA: `127.0.0.1:${port}` }, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const [line] = await once(child.stdout, 'data') as [Buffer]
  const [url] = /http:\S+/.exec(String(line))!
  t.equal(await (await fetch(`${url}/echo`)).text(), 'Welcome to SockJS!\n')
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  t.same(await exited, [0, null])
})
