import type { ClusterNode } from '../../cluster/node.ts'
import { errorType } from '../../telemetry/error-type.ts'
import type { Histogram } from '../../telemetry/histogram.ts'
import type { Telemetry } from '../../telemetry/telemetry.ts'

/** The calls of the engine that are measured. */
type Operation = 'claim' | 'locate'

const OUTCOMES = ['own', 'foreign', 'none', 'unanswered'] as const

/** The times and the answers of the questions for the owners of sessions. */
export class ClaimTimes {
  readonly #telemetry: Telemetry
  readonly #node: ClusterNode
  readonly #histograms: Readonly<Record<Operation, Histogram>>

  constructor (telemetry: Telemetry, node: ClusterNode) {
    this.#telemetry = telemetry
    this.#node = node
    this.#histograms = { claim: this.#histogram('claim'), locate: this.#histogram('locate') }
    for (const outcome of OUTCOMES) telemetry.counter('sockjs.cluster.claims', { 'sockjs.cluster.outcome': outcome })
  }

  /** Asks the engine, and counts the time of its answer. */
  async measure<T> (operation: Operation, question: () => Promise<T>): Promise<T> {
    const { clock } = this.#node
    const start = clock.now()
    try {
      const answer = await question()
      this.#histograms[operation].record((clock.now() - start) / 1000)
      return answer
    } catch (error) {
      this.#histogram(operation, errorType((error as { code?: unknown }).code)).record((clock.now() - start) / 1000)
      throw error
    }
  }

  /** Counts an answer, which is `null` if none came in time. A claim without another owner is this node's. */
  answered (operation: Operation, answer: { readonly owner: string | null } | null): void {
    const free = operation === 'claim' ? 'own' : 'none'
    const outcome = answer === null ? 'unanswered' : answer.owner === null ? free : 'foreign'
    this.#telemetry.counter('sockjs.cluster.claims', { 'sockjs.cluster.outcome': outcome }).value++
  }

  #histogram (operation: Operation, error?: string): Histogram {
    return this.#telemetry.histogram('messaging.client.operation.duration', {
      'messaging.system': this.#node.engine.facts.name, 'messaging.operation.name': operation, ...(error === undefined ? {} : { 'error.type': error })
    })
  }
}
