import type { HttpTransport } from './lines.ts'

/** The task of one load process. */
export interface Plan {
  /** The port of the balancer. */
  readonly port: number
  readonly path: string
  readonly transport: HttpTransport | 'websocket'
  /** `library` is sockjs-client; `own` is the client of these bars, which sees every cut. */
  readonly client: 'library' | 'own'
  readonly sessions: number
  /** The sessions at a time. */
  readonly parallel: number
  /** The messages of a session, one after the other. With `until-told-to-stop` the sessions talk until the runner ends the load. */
  readonly messages: number | 'until-told-to-stop'
  /** The time between two messages of a session, in milliseconds. */
  readonly every: number
  /** Opens a new session where one has ended by a close frame with one of these codes. */
  readonly reopenAfter: readonly number[]
  /** The time that a session has to become complete, in milliseconds: from its start, or from the end of the load. */
  readonly patience: number
  /** The time after which a client makes a send again that has no answer, in milliseconds. A receiver has twice the time. `null` waits for the answer. */
  readonly giveUp: number | null
}
