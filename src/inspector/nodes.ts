import { Reader, Writer } from '../cluster/bytes.ts'
import type { ClusterNode } from '../cluster/node.ts'
import { QUESTIONS } from '../cluster/services.ts'
import { checkCommand, type Command, CommandFailure, type FailureCode } from './commands.ts'

/** The time for which a question waits for the answer of another node, in milliseconds. */
const PATIENCE = 2_000

/** The time for which a node that has not answered is left out of questions to all nodes, in milliseconds. */
const LEFT_OUT = 10_000

/** The most characters of an answer. */
const LONGEST = 256 * 1024

/** The result of a command, or the reason why there is none. */
export type Answer = { readonly result: unknown } | { readonly failure: FailureCode, readonly text: string }

/** The answers of the other nodes. */
export interface OtherAnswers {
  readonly results: readonly unknown[]
  /** False if a node did not answer. */
  readonly complete: boolean
}

/** Asks the other nodes, and answers their questions. Each node needs the inspector for that. */
export class OtherNodes {
  readonly #node: ClusterNode | null
  /** The nodes that did not answer, each with the time until which it is left out. */
  readonly #silent = new Map<string, number>()

  /** @param run runs a command at this node. Its options decide there. */
  constructor (node: ClusterNode | null, run: (command: Command) => Promise<Answer>) {
    this.#node = node
    node?.calls.serve(QUESTIONS.inspect, async (body) => {
      const answer = JSON.stringify(await answerTo(new Reader(body).text(), run))
      return new Writer().text(answer.length > LONGEST ? TOO_LONG : answer).done()
    })
  }

  /** Runs a command at another node. */
  async ask (id: string, command: Command): Promise<Answer> {
    if (this.#node?.members.has(id) !== true) return AWAY
    const answer = await this.#node.calls.ask(id, QUESTIONS.inspect, bodyOf(command), PATIENCE)
    return answer === null ? AWAY : JSON.parse(new Reader(answer).text()) as Answer
  }

  /** Runs a command at all other nodes. A node that was silent before is left out for some time. */
  async askAll (command: Command): Promise<OtherAnswers> {
    if (this.#node === null) return { results: [], complete: true }
    const now = this.#node.clock.now()
    const ids = Array.from(this.#node.members.all, ({ id }) => id)
    for (const id of this.#silent.keys()) if (!ids.includes(id)) this.#silent.delete(id)
    const answers = await Promise.all(ids.map(async (id) => {
      if ((this.#silent.get(id) ?? 0) > now) return AWAY
      const answer = await this.ask(id, command)
      if (answer === AWAY) this.#silent.set(id, now + LEFT_OUT)
      else this.#silent.delete(id)
      return answer
    }))
    const results = answers.flatMap((answer) => 'result' in answer ? [answer.result] : [])
    return { results, complete: this.#node.state === 'available' && results.length === ids.length }
  }
}

const AWAY: Answer = { failure: 'NODE_AWAY', text: 'The node does not answer. It has left, it is busy, or it has no inspector.' }
const TOO_LONG = JSON.stringify({ failure: 'FAILED', text: 'The answer of the node is too long.' } satisfies Answer)

function bodyOf (command: Command): Uint8Array { return new Writer().text(JSON.stringify({ ...command, ...('node' in command ? { node: '' } : {}) })).done() }

/** Runs a command that came as JSON. It never rejects. */
export async function answerTo (text: string, run: (command: Command) => Promise<Answer>): Promise<Answer> {
  try {
    return await run(checkCommand(JSON.parse(text)))
  } catch (error) {
    if (error instanceof CommandFailure) return { failure: error.code, text: error.message }
    if (error instanceof SyntaxError) return { failure: 'INVALID_COMMAND', text: 'a command must be JSON' }
    throw error
  }
}
