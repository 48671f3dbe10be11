import { Redis } from 'ioredis'
import pg from 'pg'

/** The messages of a room that Redis keeps, about. */
const MOST = 1_000

/** Keeps the first of the messages with one id. */
function withoutRepeats (messages) {
  const seen = new Set()
  return messages.filter(({ id }) => !seen.has(id) && seen.add(id))
}

/** A stream for each room. A message that was sent again is there twice. Readers drop the repeat. */
function redisStore (url, report) {
  // A command waits for one new connection, and then it fails, so that the sender learns of it soon.
  const client = new Redis(url, { maxRetriesPerRequest: 1, commandTimeout: 5_000 })
  client.on('error', report)
  return {
    prepare: async () => {},
    add: async (room, message) => { await client.xadd(`pipeline:room:${room}`, 'MAXLEN', '~', MOST, '*', 'message', JSON.stringify(message)) },
    async last (room, count) {
      const entries = await client.xrevrange(`pipeline:room:${room}`, '+', '-', 'COUNT', count)
      return withoutRepeats(entries.reverse().map(([, [, text]]) => JSON.parse(text)))
    },
    count: async (room) => JSON.parse(await client.hget('pipeline:counts', room)),
    saveCount: async (room, count) => { await client.hset('pipeline:counts', room, JSON.stringify(count)) },
    close: async () => { client.disconnect() }
  }
}

/** One table for the messages of all rooms. A message that was sent again is there once. */
function postgresStore (connectionString, report) {
  const pool = new pg.Pool({ connectionString, max: 5, connectionTimeoutMillis: 5_000, query_timeout: 5_000 })
  pool.on('error', report)
  return {
    prepare: async () => {
      await pool.query('CREATE TABLE IF NOT EXISTS pipeline_messages (place bigserial, room text, id text PRIMARY KEY, message jsonb)')
      await pool.query('CREATE INDEX IF NOT EXISTS pipeline_rooms ON pipeline_messages (room, place)')
      await pool.query('CREATE TABLE IF NOT EXISTS pipeline_counts (room text PRIMARY KEY, count jsonb)')
    },
    add: async (room, message) => {
      await pool.query('INSERT INTO pipeline_messages (room, id, message) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING', [room, message.id, message])
    },
    async last (room, count) {
      const { rows } = await pool.query('SELECT message FROM pipeline_messages WHERE room = $1 ORDER BY place DESC LIMIT $2', [room, count])
      return rows.reverse().map(({ message }) => message)
    },
    count: async (room) => (await pool.query('SELECT count FROM pipeline_counts WHERE room = $1', [room])).rows[0]?.count ?? null,
    saveCount: async (room, count) => {
      await pool.query('INSERT INTO pipeline_counts VALUES ($1, $2) ON CONFLICT (room) DO UPDATE SET count = excluded.count', [room, count])
    },
    close: () => pool.end()
  }
}

/** Opens the store: PostgreSQL if POSTGRES_URL is set, else Redis. `report` gets the errors of its connections. */
export function openStore ({ POSTGRES_URL, REDIS_URL }, report) {
  return POSTGRES_URL ? postgresStore(POSTGRES_URL, report) : redisStore(REDIS_URL, report)
}
