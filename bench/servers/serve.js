import { getHeapSpaceStatistics } from 'node:v8'

/** What the server is to do with messages: `echo` or `broadcast`. */
export const mode = process.argv[2]

/** What else a server was given, as an object. */
export const settings = JSON.parse(process.argv[3] ?? '{}')

export { HEARTBEAT } from '../heartbeat.js'

/**
 * V8 keeps the pages of its young generation when they are empty. How many it has depends on the speed of earlier allocations,
 * and differs by 10 MB and more between runs: that is no memory of a session.
 */
function emptyPages () {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
  return young.physical_space_size - young.space_used_size
}

const ANSWERS = {
  cpu: () => process.cpuUsage(),
  memory () {
    globalThis.gc()
    globalThis.gc()
    return { rss: process.memoryUsage.rss() - emptyPages() }
  },
  exit: () => process.exit()
}

/**
 * The channel on which the harness asks; it is apart from the server's own port, so that asking costs no connection.
 * A server may have answers of its own.
 */
export function ready (port, answers = {}) {
  const all = { ...ANSWERS, ...answers }
  process.on('message', async (question) => process.send(await all[question]()))
  process.on('disconnect', () => all.exit())
  process.send({ port })
}

/** For the peers that attach to a server of node:http. */
export function serve (server) {
  server.keepAliveTimeout = 60_000
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => ready(server.address().port))
}
