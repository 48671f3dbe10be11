import { opcodes } from '../../client/frames.ts'
import { json } from '../mutations/http.ts'
import { fromClient } from '../mutations/websocket.ts'
import { at, on, perSession, when } from '../mutations/where.ts'
import type { JournalEntry } from '../../sockjs/journal.ts'
import type { Fault, Mutation } from '../types.ts'

/** The journal says something else about the ends of sessions. */
const journal = (change: (entry: JournalEntry) => JournalEntry | JournalEntry[]): Mutation =>
  at('/journal', json<JournalEntry[]>((entries) => entries.flatMap(change)))

/** A session of /quick is gone so long after its first request, whatever happens meanwhile. */
function limitedLife (milliseconds: number): Mutation {
  const births = perSession(() => Date.now())
  return at('/quick', when((exchange) => exchange.session !== '' && Date.now() - births(exchange) > milliseconds, (exchange) => exchange.respond(404)))
}

export const lifetime: readonly Fault[] = [
  {
    id: 'delay-too-short',
    row: 'SESSION-9',
    breaks: 'the disconnect delay is half as long as it should be',
    server: { everywhere: { disconnectDelay: 2500 }, endpoints: { '/quick': { disconnectDelay: 250 } } },
    expect: ['SESSION-9', 'SESSION-10', 'SESSION-4.ends']
  },
  {
    id: 'delay-by-sweep',
    row: 'SESSION-9',
    breaks: 'a sweep that comes every five seconds ends sessions, up to five seconds too late',
    server: { everywhere: { disconnectDelay: 10_000 }, endpoints: { '/quick': { disconnectDelay: 2500 } } },
    expect: ['SESSION-9.*', 'SESSION-10', 'SESSION-20', 'SESSION-14.delay', 'SESSION-7']
  },
  {
    id: 'delay-from-the-start',
    row: 'SESSION-10',
    breaks: 'the disconnect delay counts from the opening of a session',
    proxy: limitedLife(500),
    expect: ['SESSION-10']
  },
  {
    id: 'id-never-forgotten',
    row: 'SESSION-20',
    breaks: 'the id of a session that is over is 404 for ever',
    proxy: limitedLife(550),
    expect: ['SESSION-20', 'SESSION-7']
  },
  {
    id: 'close-forgotten',
    row: 'SESSION-4',
    breaks: 'the c frame of the server is remembered for two seconds',
    server: { endpoints: { '/close': { disconnectDelay: 2000 } } },
    expect: ['SESSION-4.ends']
  },
  {
    id: 'close-remembered',
    row: 'SESSION-4',
    breaks: 'the c frame of the server is repeated for ever',
    server: { endpoints: { '/close': { disconnectDelay: 3_600_000 } } },
    expect: ['SESSION-4.ends']
  },
  {
    id: 'abort-code',
    row: 'SESSION-8',
    breaks: 'an abort is told to the application as 1006',
    proxy: journal((entry) => entry.code === 1002 ? { ...entry, code: 1006 } : entry),
    expect: ['SESSION-8']
  },
  {
    id: 'close-event-twice',
    row: 'SESSION-14',
    breaks: 'the application gets two close events',
    proxy: journal((entry) => [entry, entry]),
    expect: ['SESSION-8', 'SESSION-14']
  },
  {
    id: 'undelivered-not-counted',
    row: 'SESSION-8',
    breaks: 'undelivered messages are not counted',
    proxy: journal((entry) => ({ ...entry, undelivered: 0 })),
    expect: ['SESSION-14.delay']
  },
  {
    id: 'undelivered-miscounted',
    row: 'SESSION-8',
    breaks: 'frames count as undelivered messages too',
    proxy: journal((entry) => ({ ...entry, undelivered: entry.undelivered + 1 })),
    expect: ['SESSION-8', 'SESSION-14.delay', 'SESSION-14.client', 'SESSION-14.*.server']
  },
  {
    id: 'never-clean',
    row: 'SESSION-14',
    breaks: 'no end of a session is clean',
    proxy: journal((entry) => ({ ...entry, clean: false })),
    expect: ['SESSION-14.client', 'SESSION-14.*.server']
  },
  {
    id: 'always-clean',
    row: 'SESSION-14',
    breaks: 'every end of a session is clean',
    proxy: journal((entry) => ({ ...entry, clean: true })),
    expect: ['SESSION-14.cut']
  },
  {
    id: 'close-event-anonymous',
    row: 'SESSION-14',
    breaks: 'the close event has neither code nor reason of the close',
    proxy: journal((entry) => ({ ...entry, code: 1000, reason: '' })),
    expect: ['SESSION-8', 'SESSION-14.*.server']
  },
  {
    id: 'client-close-not-read',
    row: 'SESSION-14',
    breaks: "a client's close frame is not read",
    proxy: on(['websocket', 'raw'], fromClient(opcodes.close, () => undefined)),
    expect: ['SESSION-14.client', 'RAW-2.client', 'WS-16.reuse']
  }
]
