import type { FastifyInstance } from 'fastify'
import { version } from '../embedded/version.ts'
import type { Endpoint } from '../sockjs/endpoint/endpoint.ts'
import { ALL, type Command, CommandFailure } from './commands.ts'
import { type Answer, answerTo, OtherNodes } from './nodes.ts'
import { addUp, numbersOf, type ServerNumbers } from './numbers.ts'
import type { ResolvedInspectorOptions } from './options.ts'
import { joinRows, type RowAnswer, rowsOf } from './rows.ts'
import { BrokerError } from '../stomp/refusals.ts'
import { type SeenSession, ServerParts, speaksStomp } from './server-parts.ts'
import { sessionDetails, sessionTable } from './sessions.ts'
import { STOMP_ROWS } from './stomp-tables.ts'
import { Watches } from './watch.ts'

/** The code and the reason with which the page closes a session. */
const CLOSE = { code: 4000, reason: 'closed by an operator' } as const

/** The rows of all nodes together that a page can reach. Each node sends all rows before the last one. */
export const REACH = 500

/** One node in the answer to `numbers`. */
export interface NodeNumbers {
  readonly id: string
  readonly name: string
  readonly engine: string | null
  readonly broker: string | null
  readonly draining: boolean
  /** Milliseconds since the start of the process. */
  readonly uptime: number
  /** The memory of the process, in bytes. */
  readonly memory: number
  readonly numbers: ServerNumbers
}

type Of<Name extends Command['name']> = Extract<Command, { readonly name: Name }>

/** The inspector of one server: it runs the commands of its pages, and those of the inspectors of other nodes. */
export class Inspector {
  readonly options: ResolvedInspectorOptions
  readonly parts: ServerParts
  readonly #others: OtherNodes
  readonly #watches: Watches

  constructor (app: FastifyInstance, own: Endpoint, options: ResolvedInspectorOptions) {
    const { sample, bodies } = options
    this.options = options
    this.parts = new ServerParts(app, own)
    this.#watches = new Watches({ clock: this.parts.clock, sample, bodies })
    this.#others = new OtherNodes(this.parts.node, (command) => this.#here(command))
  }

  /** The id and the name of this node. A server without an engine has neither. */
  get #node (): { readonly id: string, readonly name: string } {
    const { node } = this.parts
    return node === null ? { id: '', name: '' } : { id: node.id, name: node.name }
  }

  /** The number of sessions that pages watch at this node. */
  get watched (): number { return this.#watches.size }

  /** Answers a command of a page. The text is its JSON. */
  async answer (text: string): Promise<Answer> {
    try {
      return await answerTo(text, (command) => this.#anywhere(command))
    } catch (error) {
      this.parts.app.log.error({ err: error }, 'The inspector has failed to answer a command.')
      return { failure: 'FAILED', text: 'The server has failed to answer. Its log has the error.' }
    }
  }

  stop (): void { this.#watches.stop() }

  /** Runs a command at the node that it names. */
  async #anywhere (command: Command): Promise<Answer> {
    if (command.name === 'hello') return await this.#here(command)
    if (command.node === ALL) {
      if (command.name === 'numbers') return { result: await this.#allNumbers(command) }
      if (command.name === 'rows') return { result: await this.#allRows(command) }
      throw new CommandFailure('INVALID_COMMAND', `${command.name} needs one node`)
    }
    return command.node === '' || command.node === this.#node.id ? await this.#here(command) : await this.#others.ask(command.node, command)
  }

  /** Runs a command at this node. */
  async #here (command: Command): Promise<Answer> {
    switch (command.name) {
      case 'hello': return { result: this.#hello() }
      case 'numbers': return { result: this.#numbers() }
      case 'rows': return { result: await this.#rows(command) }
      case 'session': return { result: sessionDetails(this.parts, this.#session(command.session), this.#node.name) }
      case 'watch': return { result: this.#watch(command) }
      case 'close': return { result: this.#close(command) }
      case 'replay': return { result: await this.#replay(command) }
    }
  }

  #hello (): object {
    const { actions, bodies, interval } = this.options
    const { parts } = this
    return { version, actions, bodies, interval, reach: REACH, node: this.#node, isCluster: parts.node !== null, hasStomp: parts.stomp !== null, engine: parts.node?.engine.facts.name ?? null }
  }

  #numbers (): { nodes: NodeNumbers[], numbers: ServerNumbers, routeBounds: readonly number[], complete: boolean } {
    const { parts } = this
    const { numbers, routeBounds } = numbersOf(parts)
    const node: NodeNumbers = {
      ...this.#node,
      engine: parts.node?.state ?? null,
      broker: parts.stomp?.broker.state ?? null,
      draining: parts.app.sockjs.draining,
      uptime: Math.trunc(process.uptime() * 1000),
      memory: process.memoryUsage.rss(),
      numbers
    }
    return { nodes: [node], numbers, routeBounds, complete: true }
  }

  async #allNumbers (command: Of<'numbers'>): Promise<object> {
    const own = this.#numbers()
    const { results, complete } = await this.#others.askAll(command)
    const all = [own, ...results as (typeof own)[]]
    return { nodes: all.flatMap(({ nodes }) => nodes), numbers: all.map(({ numbers }) => numbers).reduce(addUp), routeBounds: own.routeBounds, complete }
  }

  #rows (command: Of<'rows'>): RowAnswer | Promise<RowAnswer> {
    const { parts, options } = this
    const { name: node } = this.#node
    return command.table === 'sessions' ? rowsOf(sessionTable(parts, node), command) : STOMP_ROWS[command.table](parts, node, options.bodies, command)
  }

  async #allRows (command: Of<'rows'>): Promise<RowAnswer & { complete: boolean }> {
    const first = { ...command, from: 0, count: Math.min(REACH, command.from + command.count) }
    const [own, { results, complete }] = await Promise.all([this.#rows(first), this.#others.askAll(first)])
    return { ...joinRows([own, ...results as RowAnswer[]], command), complete }
  }

  #session (id: string): SeenSession {
    const seen = this.parts.session(id)
    if (seen === undefined) throw new CommandFailure('NOT_FOUND', 'The session has ended, or it never was at this node.')
    return seen
  }

  #watch ({ session: id, after }: Of<'watch'>): object {
    const { session, endpoint } = this.#session(id)
    const news = this.#watches.news(session, speaksStomp(endpoint), after)
    if (news === null) throw new CommandFailure('NOT_POSSIBLE', 'Too many sessions are watched already.')
    return news
  }

  #close ({ session: id }: Of<'close'>): object {
    this.#checkActions()
    const { session } = this.#session(id)
    const { log } = this.parts.app
    log.info({ session: session.id }, 'The inspector closes a session.')
    session.close(CLOSE.code, CLOSE.reason)
    return {}
  }

  async #replay ({ letter }: Of<'replay'>): Promise<object> {
    this.#checkActions()
    const replay = this.parts.broker?.replay
    if (replay === undefined || replay === null) throw new CommandFailure('NOT_POSSIBLE', 'This broker cannot send a dead letter back.')
    let found: boolean
    try {
      found = await replay(letter)
    } catch (error) {
      throw error instanceof BrokerError ? new CommandFailure('REFUSED', `${error.message}. The letter stays.`) : error
    }
    if (!found) throw new CommandFailure('NOT_FOUND', 'The letter is not there any more.')
    this.parts.app.log.info({ letter }, 'The inspector has sent a dead letter back to its queue.')
    return {}
  }

  #checkActions (): void {
    if (!this.options.actions) throw new CommandFailure('READ_ONLY', 'The inspector of this node may only read. The option actions changes that.')
  }
}
