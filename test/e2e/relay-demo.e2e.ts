import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { stompjs } from '../stomp/libraries.ts'
import { TYPESCRIPT } from '../support/typescript.ts'
import { until, within } from '../support/wait.ts'
import { startActiveMq } from './brokers/activemq.ts'
import type { BrokerProcess } from './brokers/broker-process.ts'
import { startRabbitMq } from './brokers/rabbitmq.ts'

// The chat of the demo server over an external broker, as with `STOMP_RELAY`, in two processes.
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PATIENCE = 60_000

const BROKERS: readonly (readonly [dialect: string, login: string, start: () => Promise<BrokerProcess>])[] = [
  ['rabbitmq', 'guest:guest', startRabbitMq],
  ['activemq', 'admin:admin', startActiveMq]
]

interface Server {
  readonly port: number
  /** Ends it; resolves with its exit code and signal. */
  stop (): Promise<readonly unknown[]>
}

/** The demo server in a process of its own, once the broker is there. */
async function serve (t: Test, relay: string, dialect: string): Promise<Server> {
  const child: ChildProcess = spawn(process.execPath, [TYPESCRIPT, 'examples/demo/src/main.ts', '--port', '0'], {
    cwd: ROOT, env: { ...process.env, STOMP_RELAY: relay, STOMP_RELAY_DIALECT: dialect }, stdio: ['ignore', 'pipe', 'pipe']
  })
  const gone = once(child, 'exit')
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => { output += chunk.toString() })
  const stop = async (): Promise<readonly unknown[]> => {
    child.kill('SIGTERM')
    return await within(gone, 'the end of a server', PATIENCE)
  }
  t.teardown(stop)
  const address = /http:\/\/127\.0\.0\.1:(\d+)/
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${output}`)
    return address.test(output)
  }, 'the URL', PATIENCE)
  const [url, port] = address.exec(output)!
  await until(async () => (await (await fetch(`${url}/health`)).json() as { broker: string }).broker === 'available', 'the broker is available', PATIENCE)
  return { port: Number(port), stop }
}

for (const [dialect, login, start] of BROKERS) {
  t.test(`two demo servers on one ${dialect}: clients of one receive the messages of the other`, async (t) => {
    const broker = await start()
    // Teardown functions run in reverse: the servers end before their broker.
    t.teardown(() => broker.stop())
    const relay = `tcp://${login}@127.0.0.1:${broker.port}`
    const [here, there] = [await serve(t, relay, dialect), await serve(t, relay, dialect)]
    const [alice, bob] = [here, there].map(({ port }) => stompjs({}, { port, tcpPort: 0 }))
    await Promise.all([alice!.connected, bob!.connected])
    const rooms = [alice!.subscribe('/topic/chat/garden'), bob!.subscribe('/topic/chat/garden')]
    const hello = { type: 'CHAT', sender: 'alice', content: 'äöü: hello' }
    // A broker confirms no subscription of these clients: the first message that comes round shows that it is there.
    for (const { messages } of rooms) {
      await until(() => {
        if (messages.all.length === 0) alice!.send('/app/chat/garden', JSON.stringify({ ...hello, content: 'are you connected?' }))
        return messages.all.length > 0
      }, 'the subscription', PATIENCE)
    }
    alice!.send('/app/chat/garden', JSON.stringify(hello))
    for (const { messages } of rooms) {
      await until(() => messages.all.some(({ text }) => text.includes('hello')), 'the message', PATIENCE)
      const last = messages.all.find(({ text }) => text.includes('hello'))!
      t.match(JSON.parse(last.text), { ...hello, room: 'garden' })
      t.equal(last.headers['destination'], '/topic/chat/garden', 'as the client knows it')
    }
    await Promise.all([alice!.disconnect(), bob!.disconnect()])
    for (const server of [here, there]) t.same(await server.stop(), [0, null], 'drains and exits 0')
  })
}
