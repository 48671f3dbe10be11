import { Reader, Writer } from '../../cluster/bytes.ts'
import type { ClusterNode } from '../../cluster/node.ts'
import { QUESTIONS } from '../../cluster/services.ts'
import { type MessageContent, readContent, writeContent } from '../broker/message-record.ts'
import { type Outcome, readOutcome, writeOutcome } from './outcome.ts'

/** The time that an answer may take from node to node, beside that of the client, in milliseconds. */
const WAY = 2_000

/** Asks a session of this node. */
export type AskHere = (session: string, question: MessageContent, timeout: number) => Promise<Outcome>

/** Questions to sessions of other nodes. All nodes are asked, because only the owner of a session knows its id. */
export class RequestsElsewhere {
  readonly #node: ClusterNode

  constructor (node: ClusterNode, askHere: AskHere) {
    this.#node = node
    node.calls.serve(QUESTIONS.stompRequest, async (body) => {
      const reader = new Reader(body)
      const session = reader.text()
      const timeout = reader.u32()
      return writeOutcome(await askHere(session, readContent(reader), timeout))
    })
  }

  /** Resolves with the outcome at the owner. A node that does not answer may be the owner. */
  async ask (session: string, question: MessageContent, timeout: number): Promise<Outcome> {
    const { calls, members, state } = this.#node
    const body = writeContent(new Writer().text(session).u32(timeout), question).done()
    const asked = Array.from(members.all, async ({ id }): Promise<Outcome> => {
      const answer = await calls.ask(id, QUESTIONS.stompRequest, body, timeout + WAY)
      return answer === null ? { type: 'unreachable' } : readOutcome(answer)
    })
    const owner = await Promise.any(asked.map(async (outcome) => isOwners(await outcome) ? outcome : Promise.reject(new Error('not the owner')))).catch(() => null)
    if (owner !== null) return owner
    const all = await Promise.all(asked)
    // Without the engine, this node does not know all others.
    return { type: state !== 'available' || all.some(({ type }) => type === 'unreachable') ? 'unreachable' : 'gone' }
  }
}

/** Tells whether an outcome comes from the owner of the session. */
function isOwners ({ type }: Outcome): boolean { return type === 'answered' || type === 'unheard' || type === 'timeout' }
