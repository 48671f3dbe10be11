import { randomBytes } from 'node:crypto'
import type { ClusterNode } from '../../cluster/node.ts'
import type { Clock } from '../../core/clock.ts'
import type { MessageContent } from '../broker/message-record.ts'
import { FrameHeaders } from '../codec/index.ts'
import type { ClientDestination } from '../destinations.ts'
import { stompErrors } from '../errors.ts'
import type { StompSession } from '../session/stomp-session.ts'
import type { Users } from '../users.ts'
import { RequestsElsewhere } from './elsewhere.ts'
import type { Outcome, Unanswered } from './outcome.ts'
import { Wait } from './wait.ts'

/** A question that the application asks one session. */
export interface Question {
  /** The message, with the destination below `/user` to which the session subscribes. */
  readonly message: MessageContent
  /** The time for the answer, in milliseconds. */
  readonly timeout: number
  readonly signal: AbortSignal | undefined
}

/**
 * The questions of the application to single sessions.
 *
 * Each question has a `reply-to` of its own with 128 random bits. It counts for the asked session alone, so that no other client can answer, even if it learns
 * the address. A rule is not asked, because the question itself allows its answer.
 */
export class Requests {
  readonly #users: Users
  readonly #prefix: string
  readonly #waiting = new Map<StompSession, Map<string, Wait>>()
  #clock: Clock | null = null
  #elsewhere: RequestsElsewhere | null = null

  /** @param prefix the beginning of the addresses of answers */
  constructor (users: Users, prefix: string) {
    this.#users = users
    this.#prefix = prefix
  }

  /** Takes the clock, and the node of this server if there is an engine. */
  join (clock: Clock, node: ClusterNode | null): void {
    this.#clock = clock
    if (node !== null) this.#elsewhere = new RequestsElsewhere(node, (session, message, timeout) => this.#askHere(session, { message, timeout, signal: undefined }))
  }

  /**
   * Asks a session, by itself or by its id, on any node. Resolves with the answer.
   *
   * @throws FST_STOMP_REQUEST_GONE, FST_STOMP_REQUEST_UNHEARD, FST_STOMP_REQUEST_TIMEOUT, FST_STOMP_REQUEST_UNREACHABLE, and the reason of the signal
   */
  async ask (session: StompSession | string, question: Question): Promise<MessageContent> {
    const { message, timeout, signal } = question
    signal?.throwIfAborted()
    const id = typeof session === 'string' ? session : session.id
    const isElsewhere = typeof session === 'string' && this.#elsewhere !== null && this.#users.session(id) === undefined
    const outcome = await (isElsewhere ? this.#askElsewhere(this.#elsewhere!, id, question) : this.#askHere(id, question))
    if (outcome.type === 'answered') return outcome.answer
    throw outcome.type === 'aborted' ? signal!.reason : errorOf(outcome.type, id, message.destination, timeout)
  }

  /** Tells whether a destination is the address of an answer. */
  owns ({ owner, name }: ClientDestination): boolean { return owner === 'application' && name.startsWith(this.#prefix) }

  /** Takes an answer. An answer that nothing waits for is late, or comes from another session. */
  answered (session: StompSession, answer: MessageContent): void {
    const wait = this.#waiting.get(session)?.get(answer.destination)
    if (wait === undefined) session.log.debug({ session: session.id }, 'an answer came for which nothing waits')
    else wait.end({ type: 'answered', answer })
  }

  /** Ends the questions to a session that has left. */
  left (session: StompSession): void {
    for (const wait of [...this.#waiting.get(session)?.values() ?? []]) wait.end({ type: 'gone' })
  }

  #askHere (id: string, { message: { destination, headers: given, body }, timeout, signal }: Question): Promise<Outcome> {
    const session = this.#users.session(id)
    if (session === undefined) return Promise.resolve({ type: 'gone' })
    const serial = randomBytes(16).toString('base64url')
    const address = this.#prefix + serial
    const waits = this.#waiting.get(session) ?? new Map<string, Wait>()
    this.#waiting.set(session, waits)
    const wait = new Wait(this.#clock!, timeout, signal)
    waits.set(address, wait)
    wait.onEnd(() => {
      waits.delete(address)
      if (waits.size === 0) this.#waiting.delete(session)
    })
    const headers = new FrameHeaders(given).set('reply-to', address).set('correlation-id', serial)
    if (this.#users.deliver([session], destination, headers, body) === 0) wait.end({ type: 'unheard' })
    return wait.outcome
  }

  #askElsewhere (elsewhere: RequestsElsewhere, id: string, { message, timeout, signal }: Question): Promise<Outcome> {
    const wait = new Wait(this.#clock!, timeout, signal)
    elsewhere.ask(id, message, timeout).then((outcome) => wait.end(outcome), () => wait.end({ type: 'unreachable' }))
    return wait.outcome
  }
}

function errorOf (type: Exclude<Unanswered, 'aborted'>, session: string, destination: string, timeout: number): Error {
  switch (type) {
    case 'gone': return new stompErrors.RequestGone(session)
    case 'unheard': return new stompErrors.RequestUnheard(session, destination)
    case 'timeout': return new stompErrors.RequestTimeout(session, timeout)
    case 'unreachable': return new stompErrors.RequestUnreachable(session)
  }
}
