import { DIALECTS } from './dialects.js'
import { EnginePollingSession } from './engine-polling.js'
import { SockjsHttpSession } from './sockjs-http.js'
import { WebSocketSession } from './websocket.js'

const BATCH = 100

/** By the transport of a workload; a participant says which dialect it speaks there. */
const KINDS = {
  websocket: ({ dialect, ...rest }) => new WebSocketSession({ ...rest, dialect: DIALECTS[dialect] }),
  'xhr-streaming': (options) => new SockjsHttpSession(options),
  eventsource: (options) => new SockjsHttpSession(options),
  'xhr-polling': (options) => options.dialect === 'sockjs'
    ? new SockjsHttpSession(options)
    : new EnginePollingSession(options)
}

let made = 0

export function openSession (options) {
  return KINDS[options.transport]({ ...options, id: `s${made++}` })
}

/** Sessions for as long as `work` takes. */
export async function withSessions (count, options, work) {
  const sessions = await openSessions(count, options)
  try {
    return await work(sessions)
  } finally {
    closeAll(sessions)
  }
}

export function closeAll (sessions) {
  for (const session of sessions) session.close()
}

/** A hundred at a time, so that no backlog overflows. `onOpen` is called for each. */
export async function openSessions (count, options, onOpen = () => {}) {
  const sessions = []
  while (sessions.length < count) {
    const batch = Array.from({ length: Math.min(BATCH, count - sessions.length) }, () => openSession(options))
    await Promise.all(batch.map((session) => session.whenOpen.then(onOpen)))
    sessions.push(...batch)
  }
  return sessions
}
