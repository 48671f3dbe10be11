import { randomBytes } from 'node:crypto'
import type { ResumeClaim } from '../protocol/index.ts'
import { type AnySession, type ResumeLimits, Resumption, type ResumptionHost, type SuspensionOutcome } from '../session/index.ts'
import type { Endpoint } from './endpoint.ts'
import { differenceOf, type Principal } from './identity.ts'

/** The bytes of a token: 128 random bits, so that no client can guess one. */
const TOKEN_BYTES = 16

/** The sessions of one endpoint that clients can resume, by their tokens. A token is a secret, and no log has it. */
export class ResumableSessions implements ResumptionHost {
  readonly #endpoint: Endpoint
  readonly #limits: ResumeLimits
  readonly #byToken = new Map<string, AnySession>()

  constructor (endpoint: Endpoint, limits: ResumeLimits) {
    this.#endpoint = endpoint
    this.#limits = limits
  }

  /** The time within which a client can resume a session, in milliseconds. */
  get within (): number { return this.#limits.within }

  /** Lets the client of a session resume it later. */
  add (session: AnySession): void {
    session.resumption = new Resumption(session, this, this.#endpoint.clock, this.#limits)
  }

  /** Tells whether the token of a claim is that of a session. If not, no code of the application needs to know of the request. */
  knows ({ token }: ResumeClaim): boolean { return this.#byToken.has(token) }

  /**
   * Finds the session of a claim. Returns `null` if its messages are not here any more, or if it belongs to another client.
   *
   * A suspended session whose messages are not here any more ends at once, because its own client learns now that it cannot come back. A
   * session that has a connection goes on. The claim can be that of a copy of the page. A count of messages that were never sent ends nothing.
   */
  find ({ token, count }: ResumeClaim, principal: Principal): AnySession | null {
    const session = this.#byToken.get(token)
    if (session === undefined || session.state === 'closed') return null
    if (differenceOf(session, principal, this.#endpoint.options) !== null) return null
    const { resumption, suspended } = session
    if (resumption!.kept.has(count)) return session
    if (suspended && resumption!.kept.wrote(count)) resumption!.giveUp('ended')
    return null
  }

  // --- ResumptionHost ----------------------------------------------------------------------------------------

  issue (session: AnySession): string {
    const token = randomBytes(TOKEN_BYTES).toString('base64url')
    this.#byToken.set(token, session)
    this.#endpoint.registration.tokens.announce(this.#endpoint, token)
    return token
  }

  drop (token: string): void {
    this.#byToken.delete(token)
    this.#endpoint.registration.tokens.retire(this.#endpoint, token)
  }

  suspensionOver (outcome: SuspensionOutcome): void { this.#endpoint.telemetry.suspensionOver(outcome) }
}
