import { expectEqual, expectThat } from '../runner/expect.ts'
import type { HttpTransport } from '../client/transports.ts'
import type { Context } from '../runner/context.ts'

/** The journal calls transports by the names of sockjs-client. */
export const journalNames: Record<HttpTransport | 'websocket', string> = {
  xhr: 'xhr-polling',
  xhr_streaming: 'xhr-streaming',
  eventsource: 'eventsource',
  htmlfile: 'htmlfile',
  jsonp: 'jsonp-polling',
  websocket: 'websocket'
}

/** One end of a session, as the demo server's journal tells it. */
export interface JournalEntry {
  endpoint: string
  transport: string
  code: number
  reason: string
  clean: boolean
  undelivered: number
}

async function read (t: Context): Promise<JournalEntry[]> {
  const answer = await t.get('/journal')
  expectEqual(answer.status, 200, 'the status of /journal')
  const entries: unknown = JSON.parse(answer.body.toString('utf8'))
  expectThat(Array.isArray(entries), '/journal', 'a JSON array', entries)
  return entries
}

/** The journal keeps the last entries only: how many of `before` have fallen off the front of `after`. */
function shift (before: readonly JournalEntry[], after: readonly JournalEntry[]): number {
  const left = before.map((entry) => JSON.stringify(entry))
  const right = after.map((entry) => JSON.stringify(entry))
  for (let lost = 0; lost < left.length; lost += 1) {
    if (left.slice(lost).every((entry, index) => entry === right[index])) return lost
  }
  return left.length
}

/** Watches the ends of one endpoint's sessions. The case that uses it must have the endpoint for itself. */
export class Journal {
  private readonly t: Context
  private readonly endpoint: string
  private before: JournalEntry[]

  private constructor (t: Context, endpoint: string, before: JournalEntry[]) {
    this.t = t
    this.endpoint = endpoint
    this.before = before
  }

  /** Begins once the sessions of earlier cases are over: their disconnect delay is at most so long. */
  static async watch (t: Context, endpoint: string, settle = 700): Promise<Journal> {
    await t.sleep(settle)
    return new Journal(t, endpoint, await read(t))
  }

  /** The ends since the watching began. */
  async ends (): Promise<JournalEntry[]> {
    const after = await read(this.t)
    return after.slice(this.before.length - shift(this.before, after)).filter((entry) => entry.endpoint === this.t.path(this.endpoint))
  }

  /** Waits for the one end that there must be, and that no second one follows. */
  async only (milliseconds: number, linger = 150): Promise<JournalEntry> {
    const deadline = Date.now() + milliseconds
    while ((await this.ends()).length === 0) {
      expectThat(Date.now() < deadline, 'the close event', `within ${milliseconds} ms`, 'none')
      await this.t.sleep(20)
    }
    await this.t.sleep(linger)
    const ends = await this.ends()
    const [end] = ends
    expectThat(ends.length === 1 && end !== undefined, 'the close events of the session', 'exactly one', ends)
    return end
  }
}
