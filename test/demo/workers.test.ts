import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { ask } from '../support/http.ts'
import { TYPESCRIPT } from '../support/typescript.ts'
import { Arrivals, until, within } from '../support/wait.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = fileURLToPath(new URL('../../examples/demo/src/main.ts', import.meta.url))

/** The line by which the demo server says that it listens. */
const READY = /^SockJS demo server at http:\/\/127\.0\.0\.1:(\d+)$/m

const OPEN = 'o\n'

/** Stands for the frame of a poll whose connection was cut. */
const BROKEN = ''

interface Health { readonly node: string, readonly state: string, readonly engine: string | null, readonly peers: readonly unknown[] }

/** The demo server with several workers, in processes of its own. */
class Workers {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly ended: Promise<unknown[]>
  output = ''
  errors = ''
  /** True when the process of the primary has ended. */
  over = false

  constructor (t: Test, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [TYPESCRIPT, MAIN, '--port', '0', ...args], { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => { this.output += text })
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => { this.errors += text })
    this.ended = once(this.child, 'close')
    this.child.once('exit', () => { this.over = true })
    t.teardown(async () => {
      this.child.kill('SIGKILL')
      await this.ended
      if (!t.passing()) t.comment(this.errors)
    })
  }

  static async start (t: Test, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Workers> {
    const workers = new Workers(t, args, env)
    await until(() => READY.test(workers.output), 'the demo server listens')
    return workers
  }

  get port (): number { return Number(READY.exec(this.output)![1]) }

  /** The processes that have listened, in order, as the log names them. */
  get pids (): number[] {
    return this.output.split('\n').filter((line) => line.includes('Server listening at')).map((line) => (JSON.parse(line) as { pid: number }).pid)
  }

  /** Sends one request. Without an agent it has a connection of its own, so that any worker may serve it. */
  async post (path: string, body = '', agent: http.Agent | false = false): Promise<string> {
    const { status, body: text } = await ask({ port: this.port, path, method: 'POST', body, agent })
    return status === 204 ? '' : status === 200 ? text : `status ${status} ${text}`
  }

  async health (agent: http.Agent | false = false): Promise<Health> { return JSON.parse((await ask({ port: this.port, path: '/health', agent })).body) as Health }

  /** Makes an agent with one connection, which the given worker serves. */
  async agentOf (t: Test, node: string): Promise<http.Agent> {
    for (;;) {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
      t.teardown(() => agent.destroy())
      if ((await this.health(agent)).node === node) return agent
    }
  }

  /** Waits until both workers serve, each with the other one as its peer. */
  async connected (): Promise<void> {
    await until(async () => {
      const seen = await Promise.all(Array.from({ length: 10 }, () => this.health()))
      return new Set(seen.map(({ node }) => node)).size === 2 && seen.every(({ engine, peers }) => engine === 'available' && peers.length === 1)
    }, 'both workers know each other')
  }

  async sessions (count: number): Promise<Visitor[]> {
    return await Promise.all(Array.from({ length: count }, () => new Visitor(this).open()))
  }
}

/** A client of one session over polling. Each of its requests has a connection of its own, so that any worker may serve it. */
class Visitor {
  readonly #server: Workers
  readonly #path = `/where/000/${randomBytes(6).toString('hex')}`
  readonly #answers = new Arrivals<string>()
  #resting = false
  /** The sessions that have opened, one after the other. */
  openings = 0
  /** The close frame, or the status that ended the polls. */
  ended: string | null = null

  constructor (server: Workers) {
    this.#server = server
  }

  async open (): Promise<this> {
    const frame = await this.#server.post(`${this.#path}/xhr`)
    if (frame !== OPEN) throw new Error(`expected the open frame, received ${frame}`)
    this.openings++
    this.#poll()
    return this
  }

  /** Sends a question. Resolves with the empty string if the server has taken it. */
  async ask (agent?: http.Agent): Promise<string> { return await this.#server.post(`${this.#path}/xhr_send`, '["where are you?"]', agent) }

  /** Asks for the name of the owner. Gives the reason instead if the session has ended. */
  async owner (): Promise<string> {
    const refusal = await this.ask()
    if (refusal !== '') return this.ended ?? refusal
    return await this.#answers.next('the answer of the owner').catch((error: unknown) => this.ended ?? String(error))
  }

  /** Stops to poll when the next answer has come. The session has no response then. */
  async rest (): Promise<string> {
    this.#resting = true
    return await this.owner()
  }

  /** Polls again. */
  wake (): void {
    this.#resting = false
    this.#poll()
  }

  /** Polls until the session or the server ends, or until it may rest. */
  async #poll (): Promise<void> {
    while (this.ended === null && !this.#server.over) {
      const frame = await this.#server.post(`${this.#path}/xhr`).catch(() => BROKEN)
      if (frame.startsWith('a')) {
        for (const text of JSON.parse(frame.slice(1)) as string[]) this.#answers.push((JSON.parse(text) as { node: string }).node)
        if (this.#resting) return
      // The poll of a client whose session is lost opens the next one.
      } else if (frame === OPEN) this.openings++
      // The owner may still have the poll that was at a worker when that was killed.
      else if (frame === BROKEN || frame.startsWith('c[2010,')) await delay(100)
      else if (frame !== 'h\n') this.#end(frame)
    }
  }

  #end (how: string): void {
    this.ended = how
    this.#answers.end(new Error(`the session has ended with ${how}`))
  }
}

interface StompFrame { readonly command: string, readonly headers: Readonly<Record<string, string>>, readonly body: string }

/** A client of STOMP over a WebSocket of its own. */
class StompVisitor {
  readonly #socket: WebSocket
  readonly #frames = new Arrivals<StompFrame>()
  #receipts = 0

  private constructor (socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data) => this.#received(String(data)))
  }

  static async connect (t: Test, port: number): Promise<StompVisitor> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/stomp`, ['v12.stomp'])
    t.teardown(() => socket.terminate())
    const visitor = new StompVisitor(socket)
    await within(once(socket, 'open'), 'the WebSocket')
    visitor.#say('CONNECT', { 'accept-version': '1.2', host: 'demo' }, '')
    await visitor.next('CONNECTED')
    return visitor
  }

  /** Resolves with the next frame of a command, for one subscription where that is given. Other frames are dropped. */
  async next (command: string, subscription?: string): Promise<StompFrame> {
    for (;;) {
      const frame = await this.#frames.next(command)
      if (frame.command === command && (subscription === undefined || frame.headers['subscription'] === subscription)) return frame
      if (frame.command === 'ERROR') throw new Error(`the server refused: ${frame.headers['message']}`)
    }
  }

  /** Sends a frame. Resolves when the server has done it. */
  async asked (command: string, headers: Readonly<Record<string, string>>, body = ''): Promise<void> {
    const receipt = `r${++this.#receipts}`
    const done = new Promise<void>((resolve, reject) => {
      const listen = (data: unknown): void => {
        const text = String(data)
        if (text.startsWith('ERROR')) reject(new Error(text))
        if (text.startsWith('RECEIPT') && text.includes(`receipt-id:${receipt}\n`)) resolve()
        else return
        this.#socket.off('message', listen)
      }
      this.#socket.on('message', listen)
    })
    this.#say(command, { ...headers, receipt }, body)
    await within(done, `the receipt of ${command}`)
  }

  #say (command: string, headers: Readonly<Record<string, string>>, body: string): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`)
    this.#socket.send(`${command}\n${lines.join('')}\n${body}\0`)
  }

  #received (text: string): void {
    const [, command, lines, body] = /^([A-Z]+)\n((?:.+\n)*)\n([^\0]*)\0/.exec(text) ?? []
    // A line feed alone is a heartbeat, and a receipt has its own listener.
    if (command === undefined || command === 'RECEIPT') return
    const headers = Object.fromEntries(lines!.split('\n').filter((line) => line !== '').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
    this.#frames.push({ command, headers, body: body! })
  }
}

/** The owners of sessions, by as many requests. */
const ownersOf = async (visitors: readonly Visitor[]): Promise<string[]> => await Promise.all(visitors.map((visitor) => visitor.owner()))

t.test('two workers serve the sessions of each other, a worker that is killed comes back, and both end together', async (t) => {
  const server = await Workers.start(t, ['--workers', '2', '--node-name', 'n', '--log-level', 'info'], {})
  await server.connected()
  const visitors = await server.sessions(20)
  const owners = await ownersOf(visitors)
  t.strictSame([...new Set(owners)].sort(), ['n-1', 'n-2'], 'each worker owns some of the sessions')
  for (let round = 0; round < 2; round++) t.strictSame(await ownersOf(visitors), owners, 'each session stays with its owner, on whatever connections its requests come')

  // A session whose response is cut is over, as on one node. The others wait for their clients, if their owner knows that the responses are over.
  const peers = visitors.filter((_visitor, i) => owners[i] === 'n-2')
  t.strictSame(await Promise.all(peers.map((visitor) => visitor.rest())), peers.map(() => 'n-2'))
  t.equal(await peers[0]!.ask(await server.agentOf(t, 'n-1')), '', 'the owner has heard all that the other worker has said before')
  await until(() => server.pids.length === 2, 'the log names both workers')
  // The process that has listened first is the first worker.
  process.kill(server.pids[0]!, 'SIGKILL')
  await until(() => server.pids.length === 3, 'a new worker listens')
  for (const visitor of peers) visitor.wake()
  t.strictSame(await ownersOf(peers), peers.map(() => 'n-2'), 'the peer of the killed worker answers')
  t.strictSame(peers.map(({ openings }) => openings), peers.map(() => 1), 'it has kept its sessions')
  const others = await server.sessions(20)
  t.strictSame([...new Set(await ownersOf(others))].sort(), ['n-1', 'n-2'], 'the new worker has the name of the killed one, and serves')
  await until(() => visitors.every(({ openings }, i) => owners[i] === 'n-2' || openings > 1), 'the clients of the killed worker have new sessions')

  server.child.kill('SIGTERM')
  t.strictSame(await within(server.ended, 'the end of the demo server'), [0, null])
  const open = [...visitors, ...others]
  t.strictSame(open.map(({ ended }) => ended), open.map(() => 'c[1012,"Server restarting"]\n'), 'the drain closes the sessions')
  t.match(server.output.split('\n').filter((line) => !line.startsWith('{')).join('\n'), /^SockJS demo server at http:\S+\n$/, 'the primary prints one line')
  t.equal(server.errors, '')
})

t.test('STOMP: the workers share topics, queues, histories and last values', async (t) => {
  const server = await Workers.start(t, ['--workers', '2', '--node-name', 'n'], {})
  await server.connected()
  // The primary deals connections out in turn, so that both workers have some of them.
  const clients: StompVisitor[] = []
  for (let i = 0; i < 4; i++) clients.push(await StompVisitor.connect(t, server.port))
  const [first] = clients
  for (const client of clients) await client.asked('SUBSCRIBE', { id: 's', destination: '/topic/history/x' })
  await first!.asked('SEND', { destination: '/topic/history/x' }, 'to all')
  const messages = await Promise.all(clients.map((client) => client.next('MESSAGE')))
  t.strictSame(messages.map(({ body }) => body), ['to all', 'to all', 'to all', 'to all'])
  await first!.asked('SEND', { destination: '/topic/history/x' }, 'missed')
  const { 'x-epoch': epoch, 'x-offset': offset } = messages[0]!.headers
  for (let i = 0; i < 2; i++) {
    const late = await StompVisitor.connect(t, server.port)
    await late.asked('SUBSCRIBE', { id: 's', destination: '/topic/history/x', 'x-recover': `${epoch}:${offset}` })
    t.equal((await late.next('MESSAGE')).body, 'missed')
  }
  for (const text of ['old', 'last']) await first!.asked('SEND', { destination: '/topic/last/x' }, text)
  for (const client of clients) {
    await client.asked('SUBSCRIBE', { id: 'l', destination: '/topic/last/x' })
    t.equal((await client.next('MESSAGE', 'l')).body, 'last', 'each new subscriber gets the last message')
  }
  for (const client of clients) await client.asked('SEND', { destination: '/queue/x' }, 'to one')
  await clients[1]!.asked('SUBSCRIBE', { id: 'q', destination: '/queue/x' })
  for (let i = 0; i < 4; i++) t.equal((await clients[1]!.next('MESSAGE', 'q')).body, 'to one')
  await clients[2]!.asked('SUBSCRIBE', { id: 'p', destination: '/topic/$presence/rooms/1' })
  t.same(JSON.parse((await clients[2]!.next('MESSAGE', 'p')).body), { type: 'list', users: [], complete: true })
})

t.test('a worker alone that is killed comes back on the same port', async (t) => {
  const server = await Workers.start(t, ['--log-level', 'info'], { WORKERS: '1' })
  t.equal((await server.health()).node, 'worker-1')
  await until(() => server.pids.length === 1, 'the log names the worker')
  process.kill(server.pids[0]!, 'SIGKILL')
  await until(() => server.pids.length === 2, 'a new worker listens')
  t.equal((await server.health()).node, 'worker-1')
})

t.test('a fault at the start is told once, and ends the server', async (t) => {
  const FAULTS: Readonly<Record<string, readonly [args: readonly string[], says: RegExp]>> = {
    'a worker cannot read its certificate': [['--tls-cert', 'no-cert.pem', '--tls-key', 'no-key.pem'], /^Cannot read no-cert\.pem: ENOENT\.\n$/],
    'the address is not here': [['--host', '192.0.2.1'], /^192\.0\.2\.1 is not an address of this machine\. [^\n]+\n$/],
    'the number of workers is none': [['--workers', 'many'], /'many' is invalid\. the number of workers is from 1 to 64\n/],
    'the delay of a drain is no number': [['--drain-delay', 'soon'], /'soon' is invalid\. the delay of a drain is from 0 to 60000 milliseconds\n/],
    'an engine is given too': [['--engine', 'nats://127.0.0.1:1'], /'--engine <url>'|'--workers <number>'/]
  }
  await Promise.all(Object.entries(FAULTS).map(async ([fault, [args, says]]) => {
    const server = new Workers(t, args, { WORKERS: '2' })
    t.strictSame(await within(server.ended, `the end of a server: ${fault}`), [1, null], fault)
    t.match(server.errors, says, fault)
    t.equal(server.output, '')
  }))
})

t.test('/metrics has the points of all workers, whichever worker gets the scrape', async (t) => {
  const server = await Workers.start(t, ['--workers', '2', '--node-name', 'n'], {})
  await server.connected()
  const visitors = await server.sessions(12)
  const owners = await ownersOf(visitors)
  const owned = (node: string): number => owners.filter((owner) => owner === node).length
  for (const scraped of ['n-1', 'n-2']) {
    const { body } = await ask({ port: server.port, path: '/metrics', agent: await server.agentOf(t, scraped) })
    for (const node of ['n-1', 'n-2']) {
      const line = `sockjs_server_sessions_opened_total{node="${node}",sockjs_endpoint="/where",sockjs_transport="xhr-polling"} ${owned(node)}\n`
      t.ok(body.includes(line), `${line} at ${scraped}`)
    }
    t.equal(body.match(/^# TYPE sockjs_server_sessions_opened_total /gm)?.length, 1)
  }
})
