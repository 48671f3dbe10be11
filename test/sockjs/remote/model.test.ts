// The model of sessions across nodes: requests, messages, cuts, late and lost publications, stopped nodes and an engine that fails, in any
// order. `npm run test:soak` takes 100,000 steps.
import fc from 'fast-check'
import t from 'tap'
import type { Session } from '../../../src/index.ts'
import { newId } from '../../support/client.ts'
import { buildCluster, type TestCluster } from '../../support/cluster.ts'
import { startRequest } from '../../support/http.ts'
import { until } from '../../support/wait.ts'

const STEPS = process.env.SOAK === undefined ? 2_000 : 100_000
const STEPS_OF_A_RUN = 40
const NODES = 3
const CLIENTS = 3

/** A client that checks what it gets: the messages of one session, in order, each once. */
class ModelClient {
  readonly id = newId()
  readonly #cluster: TestCluster
  readonly #route: string
  #session: string | null = null
  /** The messages that were answered by 204. */
  #accepted = 0
  #opened = false
  #received = 0
  #sent = 0
  #request: ReturnType<typeof startRequest>['request'] | null = null
  #sending: ReturnType<typeof startRequest>['request'] | null = null
  #isSending = false
  isOver = false
  problem: string | null = null

  constructor (cluster: TestCluster, isStreaming: boolean) {
    this.#cluster = cluster
    this.#route = isStreaming ? 'xhr_streaming' : 'xhr'
  }

  /** Asks a node for frames, unless a request waits already. */
  receive (node: number): void {
    if (this.isOver || this.#request !== null) return
    this.#receive(node).catch(() => { this.isOver = true }).finally(() => { this.#request = null })
  }

  /** Sends the next message to a node, unless the last one has no answer yet. */
  send (node: number): void {
    if (this.isOver || !this.#opened || this.#isSending) return
    this.#isSending = true
    const { request, response } = startRequest({ ...this.#to(node, 'xhr_send'), headers: { 'content-type': 'text/plain' }, body: JSON.stringify([`${this.id} ${this.#sent++}`]) })
    response.then((incoming) => {
      incoming.resume()
      if (incoming.statusCode === 204) this.#accepted++
      else this.isOver = true
    }, () => { this.isOver = true }).finally(() => { this.#isSending = false; this.#sending = null })
    this.#sending = request
  }

  /** Cuts the connections. A real client would give up. */
  cut (): void {
    if (this.isIdle) return
    this.isOver = true
    this.#request?.destroy()
    this.#sending?.destroy()
  }

  /** True while a poll waits, which a heartbeat must end. */
  get isPolling (): boolean { return this.#request !== null && this.#route === 'xhr' }

  get received (): number { return this.#received }

  /** Tells what the client lacks of a session that goes on, or what its application lacks; the empty string if nothing. */
  lacksOf (session: ModelSession): string {
    if (this.isOver || session.closings > 0) return ''
    if (session.id === this.#session && this.#received < session.sent) return `a client has ${this.#received} of ${session.sent} messages`
    const arrived = session.arrivedFrom(this.id)
    return arrived !== null && arrived < this.#accepted ? `an application has ${arrived} of ${this.#accepted} messages that were answered by 204` : ''
  }

  get isIdle (): boolean { return this.#request === null && !this.#isSending }

  #to (node: number, route: string) {
    return { port: this.#cluster.nodes[node]!.port, path: `/echo/000/${this.id}/${route}`, method: 'POST' }
  }

  async #receive (node: number): Promise<void> {
    const { request, response } = startRequest(this.#to(node, this.#route))
    this.#request = request
    const incoming = await response
    if (incoming.statusCode !== 200) this.isOver = true
    let text = ''
    for await (const chunk of incoming) {
      text += String(chunk)
      const frames = text.split('\n')
      text = frames.pop()!
      if (!this.isOver) for (const frame of frames) this.#take(frame)
    }
  }

  #take (frame: string): void {
    if (frame.startsWith('hh') || frame === 'h' || this.isOver) return
    // A second `o`, or a close frame, tells the client that the session is over.
    if (frame.startsWith('c') || (frame === 'o' && this.#opened)) this.isOver = true
    else if (frame === 'o') this.#opened = true
    else for (const message of JSON.parse(frame.slice(1)) as string[]) this.#check(message)
  }

  #check (message: string): void {
    const [session, number] = message.split(' ')
    this.#session ??= session!
    if (!this.#opened || session !== this.#session || Number(number) !== this.#received) this.problem = `message ${this.#received} of ${this.#session} was due, and ${message} came`
    this.#received++
  }
}

/** A session as its application sees it. */
class ModelSession {
  readonly #session: Session
  #sent = 0
  #last: { client: string, number: number } | null = null
  closings = 0
  problem: string | null = null

  constructor (session: Session) {
    this.#session = session
    session.on('close', ({ clean, undelivered }) => {
      this.closings++
      if (clean && undelivered > 0) this.problem = 'a clean end has undelivered messages'
    })
    session.on('message', (message) => {
      const [client, number] = String(message).split(' ')
      const isNext = this.#last === null || (this.#last.client === client && this.#last.number + 1 === Number(number))
      if (!isNext) this.problem = `${String(message)} came after ${JSON.stringify(this.#last)}`
      this.#last = { client: client!, number: Number(number) }
    })
  }

  get id (): string { return this.#session.id }
  get sent (): number { return this.#sent }

  /** The messages that have arrived from a client, `null` if the last was from another one. */
  arrivedFrom (client: string): number | null { return this.#last?.client === client ? this.#last.number + 1 : null }

  push (count: number): void { for (let i = 0; i < count && this.#session.state === 'open'; i++) this.#session.send(`${this.#session.id} ${this.#sent++}`) }

  act (action: 'close' | 'terminate' | 'pause' | 'resume'): void { this.#session[action]() }
}

const node = fc.nat(NODES - 1)
const client = fc.nat(CLIENTS - 1)
const STEP = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('receive' as const), client, node }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('push' as const), session: fc.nat(5), count: fc.nat(3) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('send' as const), client, node }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(50, 250, 500, 1_000, 3_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(8_000, 20_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), client }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('act' as const), session: fc.nat(5), action: fc.constantFrom('close', 'terminate', 'pause', 'resume') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('hold' as const), from: node, to: node }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('go' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('away' as const), node, isForgotten: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('back' as const) }) })
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never

class Model {
  readonly #cluster: TestCluster
  readonly #clients: ModelClient[] = []
  readonly #all: ModelClient[] = []
  readonly #sessions: ModelSession[]
  readonly #stopped = new Set<number>()

  constructor (cluster: TestCluster, sessions: ModelSession[]) {
    this.#cluster = cluster
    this.#sessions = sessions
    sessions.length = 0
  }

  async step (step: Step): Promise<void> {
    const cluster = this.#cluster
    switch (step.do) {
      case 'receive': if (!this.#stopped.has(step.node)) this.#client(step.client).receive(step.node); break
      case 'send': if (!this.#stopped.has(step.node)) this.#client(step.client).send(step.node); break
      case 'cut': this.#client(step.client).cut(); break
      case 'push': this.#session(step.session)?.push(step.count); break
      case 'act': this.#session(step.session)?.act(step.action as 'close'); break
      case 'pass': await cluster.pass(step.ms); break
      case 'hold': cluster.hold((from, to) => from === step.from && to === step.to); break
      case 'release': cluster.release(); break
      case 'lose': cluster.lose(); break
      case 'stop': if (!this.#stopped.has(step.node)) { this.#stopped.add(step.node); cluster.stop(step.node) } break
      case 'go': await this.#go(); break
      case 'restart': cluster.network.restart(); break
      case 'back': cluster.network.mend(); break
      case 'away':
        cluster.network.cut(cluster.engines[step.node]!)
        if (step.isForgotten) cluster.network.forget(cluster.engines[step.node]!)
    }
    await cluster.settle()
    this.check()
  }

  /** The messages that clients have received. */
  get received (): number { return this.#all.reduce((sum, { received }) => sum + received, 0) }

  /** Brings all back, lets all clients go, and checks that nothing is left. */
  async end (): Promise<void> {
    const cluster = this.#cluster
    await this.#go()
    cluster.release()
    cluster.network.mend()
    for (const session of this.#sessions) session.act('resume')
    await this.#complete()
    await cluster.pass(30_000)
    await until(async () => {
      await cluster.settle()
      return this.#all.every(({ isPolling }) => !isPolling)
    }, 'every poll has an answer', 20_000)
    for (const each of this.#all) each.cut()
    await until(() => this.#all.every(({ isIdle }) => isIdle) && cluster.nodes.every(({ sockets }) => sockets.size === 0), 'all connections are gone')
    await cluster.pass(12_000)
    await until(async () => {
      await cluster.settle()
      return this.leftovers() === ''
    }, 'nothing is left', 5_000).catch(() => { throw new Error(`left: ${this.leftovers()}`) })
    this.check()
    for (const { closings } of this.#sessions) if (closings !== 1) throw new Error(`a session has ${closings} close events`)
  }

  /** Lets every client that was not told of an end get all that its session has sent. */
  async #complete (): Promise<void> {
    for (let i = 0; i < 120; i++) {
      const lacking = this.#all.filter((each) => this.#lacks(each) !== '')
      if (lacking.length === 0) return
      for (const each of lacking) each.receive(0)
      await this.#cluster.pass(250)
    }
    for (const each of this.#all) if (this.#lacks(each) !== '') throw new Error(this.#lacks(each))
  }

  #lacks (client: ModelClient): string {
    for (const session of this.#sessions) {
      const lacks = client.lacksOf(session)
      if (lacks !== '') return lacks
    }
    return ''
  }

  check (): void {
    for (const { problem } of [...this.#all, ...this.#sessions]) if (problem !== null) throw new Error(problem)
    for (const { closings } of this.#sessions) if (closings > 1) throw new Error('a session has two close events')
  }

  leftovers (): string {
    const left = { claims: this.#cluster.network.owners.size }
    for (const [i, { endpoint }] of this.#cluster.nodes.entries()) {
      const edge = this.#cluster.edge(i)
      Object.assign(left, { [`sessions ${i}`]: endpoint.sessions.size, [`reserved ${i}`]: endpoint.reserved.size, [`lingering ${i}`]: endpoint.lingering.size, [`legs ${i}`]: edge.legs, [`sends ${i}`]: edge.sends, [`bytes ${i}`]: endpoint.registration.bufferedBytes })
    }
    return Object.entries(left).filter(([, count]) => count !== 0).map(([name, count]) => `${name}: ${count}`).join(', ')
  }

  async #go (): Promise<void> {
    for (const node of this.#stopped) await this.#cluster.go(node)
    this.#stopped.clear()
  }

  #client (number: number): ModelClient {
    const known = this.#clients[number]
    if (known !== undefined && !known.isOver) return known
    const made = new ModelClient(this.#cluster, this.#all.length % 2 === 0)
    this.#all.push(made)
    this.#clients[number] = made
    return made
  }

  /** One of the last sessions. */
  #session (number: number): ModelSession | undefined { return this.#sessions.at(-1 - number) }
}

t.test(`the invariants of delivery hold in ${STEPS} steps`, async (t) => {
  const sessions: ModelSession[] = []
  const handler = (session: Session): void => { sessions.push(new ModelSession(session)) }
  const cluster = await buildCluster(t, NODES, { handler, endpoint: { responseLimit: 90, disconnectDelay: 3_000 } })
  let steps = 0
  let received = 0
  await fc.assert(fc.asyncProperty(fc.array(STEP, { minLength: STEPS_OF_A_RUN, maxLength: STEPS_OF_A_RUN }), async (run) => {
    const model = new Model(cluster, sessions)
    for (const step of run) await model.step(step)
    steps += run.length
    await model.end()
    received += model.received
  }), { numRuns: Math.ceil(STEPS / STEPS_OF_A_RUN), endOnFailure: true })
  t.ok(steps >= STEPS)
  t.ok(received > STEPS / 50, `${received} messages`)
})
