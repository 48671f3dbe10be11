import { Timer, type TimerOwner } from '../core/timer.ts'
import { MalformedRecord, Reader, Writer } from './bytes.ts'
import type { Link, LinkService } from './link.ts'
import type { ClusterNode } from './node.ts'
import { SERVICES } from './services.ts'

/** Answers a question of another node. */
export type Answerer = (body: Uint8Array, from: string) => Uint8Array | Promise<Uint8Array>

/** The kinds of records. */
const ASK = 0
const ANSWER = 1
const FAILED = 2

/** A question that waits for its answer. */
class Waiting implements TimerOwner {
  readonly link: Link
  readonly settle: (answer: Uint8Array | null) => void
  readonly timer = new Timer(this)

  constructor (link: Link, settle: (answer: Uint8Array | null) => void) {
    this.link = link
    this.settle = settle
  }

  expire (): void { this.settle(null) }
}

/** Questions between nodes, each with an answer or none. */
export class Calls implements LinkService {
  readonly #node: ClusterNode
  readonly #answerers = new Map<number, Answerer>()
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0

  /** @internal */
  constructor (node: ClusterNode) {
    this.#node = node
    node.serve(SERVICES.calls, this)
  }

  /** Answers a question of other nodes. An error goes to the log, and the other node gets no answer. */
  serve (question: number, answer: Answerer): void { this.#answerers.set(question, answer) }

  /** Asks a node. Resolves with `null` if it does not answer within `patience` milliseconds, if the link breaks, or if the node fails. */
  ask (peer: string, question: number, body: Uint8Array, patience: number): Promise<Uint8Array | null> {
    const id = this.#lastId = (this.#lastId + 1) >>> 0
    const link = this.#node.link(peer)
    return new Promise((resolve) => {
      const waiting = new Waiting(link, (answer) => {
        this.#node.clock.stop(waiting.timer)
        this.#waiting.delete(id)
        resolve(answer)
      })
      this.#waiting.set(id, waiting)
      this.#node.clock.start(waiting.timer, patience)
      link.send(SERVICES.calls, new Writer().u8(ASK).u32(id).u32(question).bytes(body).done())
    })
  }

  /** Asks all other nodes that are alive. The answers are complete if each of them has answered, and if the engine was there to know them. */
  async askAll (question: number, body: Uint8Array, patience: number): Promise<{ answers: { node: string, body: Uint8Array }[], complete: boolean }> {
    const { state } = this.#node
    const asked = Array.from(this.#node.members.all, async ({ id }) => ({ node: id, body: await this.ask(id, question, body, patience) }))
    const all = await Promise.all(asked)
    const answers = all.flatMap(({ node, body }) => body === null ? [] : [{ node, body }])
    return { answers, complete: state === 'available' && answers.length === all.length }
  }

  received (link: Link, record: Uint8Array): void {
    const reader = new Reader(record)
    const kind = reader.u8()
    const id = reader.u32()
    if (kind === ASK) {
      this.#answer(link, id, reader.u32(), reader.bytes())
      return
    }
    if (kind !== ANSWER && kind !== FAILED) throw new MalformedRecord(`a question or an answer, given kind ${kind}`)
    const answer = kind === ANSWER ? reader.bytes() : null
    const waiting = this.#waiting.get(id)
    if (waiting?.link === link) waiting.settle(answer)
  }

  broken (link: Link): void {
    for (const waiting of [...this.#waiting.values()]) if (waiting.link === link) waiting.settle(null)
  }

  async #answer (link: Link, id: number, question: number, body: Uint8Array): Promise<void> {
    const writer = new Writer()
    try {
      const answerer = this.#answerers.get(question)
      if (answerer === undefined) throw new Error(`this node does not know question ${question}`)
      const answer = await answerer(body, link.peer)
      writer.u8(ANSWER).u32(id).bytes(answer)
      link.send(SERVICES.calls, writer.done())
    } catch (error) {
      this.#node.log.error({ err: error, peer: link.peer, question }, 'This node has failed to answer a question of another node.')
      link.send(SERVICES.calls, new Writer().u8(FAILED).u32(id).done())
    }
  }
}
