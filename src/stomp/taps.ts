import { func } from '../core/check.ts'
import { isPromise } from '../core/promise.ts'
import type { Done, OutgoingMessage } from './broker/broker.ts'
import { type DestinationParser, patternProblem } from './destinations.ts'
import { stompErrors } from './errors.ts'
import { PatternTrie } from './pattern-trie.ts'

/**
 * Gets each message that this node has given to the broker, and whose destination matches the pattern of the tap.
 *
 * A promise holds the RECEIPT of the SEND, and the promise of `publish()`. If it rejects, the publisher gets the error, although the subscribers
 * have the message.
 */
export type Tap = (message: OutgoingMessage) => Done

/** The taps of the application on messages for the broker. Where there are none, a message costs one comparison. */
export class Taps {
  readonly #destinations: DestinationParser
  readonly #patterns = new PatternTrie<Tap[]>()

  constructor (destinations: DestinationParser) {
    this.#destinations = destinations
  }

  /** @throws FST_STOMP_INVALID_OPTION */
  add (pattern: string, tap: Tap): void {
    const wrong = patternProblem(pattern, this.#destinations)
    if (wrong !== null) throw new stompErrors.InvalidOption('pattern', wrong)
    const noFunction = func(tap)
    if (noFunction !== null) throw new stompErrors.InvalidOption('tap', noFunction)
    const { owner, segments } = this.#destinations.parse(pattern)
    if (owner !== 'broker') throw new stompErrors.InvalidOption('pattern', `must be of destinations of the broker, not ${pattern}, which goes to the ${owner}`)
    this.#patterns.open(segments, () => []).push(tap)
  }

  /** Gives a message to its taps when the broker has it. `work` is the work of the broker. */
  after (work: Done, message: OutgoingMessage): Done {
    if (this.#patterns.size === 0) return work
    const taps = this.#of(message)
    if (taps.length === 0) return work
    return isPromise(work) ? Promise.resolve(work).then(() => tell(taps, message)) : tell(taps, message)
  }

  /** Gives the messages of a transaction to their taps, in order, when the broker has all of them. */
  afterAll (work: Done, messages: readonly OutgoingMessage[]): Done {
    if (this.#patterns.size === 0) return work
    const tellAll = (): Done => together(messages.map((message) => tell(this.#of(message), message)))
    return isPromise(work) ? Promise.resolve(work).then(tellAll) : tellAll()
  }

  #of (message: OutgoingMessage): Tap[] {
    return this.#patterns.match(this.#destinations.parse(message.destination).segments).flat()
  }
}

/** Gives a message to every tap. The error of a tap, thrown or rejected, does not keep it from the others. */
function tell (taps: readonly Tap[], message: OutgoingMessage): Done {
  return together(taps.map((tap) => {
    try {
      // Other messages share the headers, and a tap may change them.
      return tap({ ...message, headers: message.headers.copy() })
    } catch (error) {
      return Promise.reject(error)
    }
  }))
}

/** Makes one result of several, a promise only where one of them is a promise. */
function together (results: readonly Done[]): Done {
  const waiting = results.filter(isPromise)
  return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => {})
}
