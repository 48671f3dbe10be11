import type { BrokerDeadLetter, BrokerQueue, BrokerTopic } from '../stomp/broker/inspection.ts'
import type { UserEntry } from '../stomp/users.ts'
import type { TableName } from './commands.ts'
import { type Row, type RowAnswer, type RowQuery, rowsOf, type Table } from './rows.ts'
import type { ServerParts } from './server-parts.ts'

/** The most characters of a body that are shown. */
export const MOST_SHOWN = 1_024

/** The most names of users that a row of the presence lists. */
const MOST_NAMES = 20

/** The topics of the broker, or the destinations of all subscriptions if the broker cannot tell. */
function topics (parts: ServerParts, node: string): Table<BrokerTopic> {
  const broker = parts.broker
  return {
    items: broker?.topics?.() ?? subscribedDestinations(parts),
    columns: { destination: ({ destination }) => destination, subscribers: ({ subscribers }) => subscribers },
    texts: ({ destination }) => [destination],
    row: ({ destination, subscribers }) => ({ node, destination, subscribers }),
    unknown: broker?.unknown ?? []
  }
}

function subscribedDestinations ({ stomp }: ServerParts): Iterable<BrokerTopic> {
  const counts = new Map<string, number>()
  for (const { subscriptions } of stomp?.sessions ?? []) {
    for (const { destination, source } of subscriptions) if (source === 'broker') counts.set(destination, (counts.get(destination) ?? 0) + 1)
  }
  return Array.from(counts, ([destination, subscribers]) => ({ destination, subscribers }))
}

async function queues ({ broker }: ServerParts, node: string): Promise<Table<BrokerQueue>> {
  return {
    items: await (broker?.queues?.() ?? []),
    columns: {
      destination: ({ destination }) => destination,
      messages: ({ messages }) => messages ?? -1,
      bytes: ({ bytes }) => bytes ?? -1,
      consumers: ({ consumers }) => consumers
    },
    texts: ({ destination }) => [destination],
    row: ({ destination, messages, bytes, consumers }) => ({ node, destination, messages, bytes, consumers }),
    unknown: broker?.unknown ?? []
  }
}

function users ({ stomp }: ServerParts, node: string): Table<UserEntry> {
  const subscriptionsOf = ({ sessions }: UserEntry): number => {
    let sum = 0
    for (const { subscriptions } of sessions) sum += subscriptions.size
    return sum
  }
  return {
    items: stomp?.users ?? [],
    columns: { user: ({ name }) => name, sessions: ({ sessions }) => sessions.size, subscriptions: subscriptionsOf },
    texts: ({ name }) => [name],
    row: (entry) => ({ node, user: entry.name, sessions: entry.sessions.size, subscriptions: subscriptionsOf(entry) })
  }
}

interface PresentUsers { readonly topic: string, readonly users: readonly string[] }

function presence ({ stomp }: ServerParts, node: string): Table<PresentUsers> {
  return {
    items: stomp?.server.parts.presence.inspect() ?? [],
    columns: { topic: ({ topic }) => topic, users: ({ users }) => users.length },
    texts: ({ topic, users }) => [topic, ...users],
    row: ({ topic, users }) => ({ node, topic, users: users.length, names: users.slice(0, MOST_NAMES).join(', ') })
  }
}

async function letters ({ broker }: ServerParts, node: string, bodies: boolean): Promise<Table<BrokerDeadLetter>> {
  return {
    items: await (broker?.deadLetters?.() ?? []),
    shared: broker?.sharesDeadLetters === true,
    columns: { queue: ({ queue }) => queue, reason: ({ reason }) => reason, bytes: ({ bytes }) => bytes },
    texts: ({ queue, reason, id }) => [queue, reason, id],
    row: ({ id, queue, reason, bytes, headers, body }): Row => ({
      node,
      id,
      queue,
      reason,
      bytes,
      type: headers.get('content-type') ?? '',
      replayable: broker?.replay !== null,
      ...(bodies ? { body: body.isText ? body.text.slice(0, MOST_SHOWN) : `${body.length} bytes that are not text` } : {})
    }),
    unknown: broker?.unknown ?? []
  }
}

/** Finds the rows of a table that a question asks for. `bodies` tells whether the content of messages may be shown. */
type Finder = (parts: ServerParts, node: string, bodies: boolean, query: RowQuery) => RowAnswer | Promise<RowAnswer>

/** The tables of STOMP, by name. */
export const STOMP_ROWS: Readonly<Record<Exclude<TableName, 'sessions'>, Finder>> = {
  topics: (parts, node, _bodies, query) => rowsOf(topics(parts, node), query),
  queues: async (parts, node, _bodies, query) => rowsOf(await queues(parts, node), query),
  users: (parts, node, _bodies, query) => rowsOf(users(parts, node), query),
  presence: (parts, node, _bodies, query) => rowsOf(presence(parts, node), query),
  letters: async (parts, node, bodies, query) => rowsOf(await letters(parts, node, bodies), query)
}
