import type { RefusalLine } from '../../core/refusal-log.ts'

/** The kinds of refusals that an operator must know, each with the first step towards its end. */
const KINDS = {
  scheme: {
    level: 'warn',
    text: 'A page of the server\'s own host was refused, because the server computes http for its own origin and the page has https. ' +
      'If a proxy ends TLS, set Fastify\'s trustProxy, and let the proxy send X-Forwarded-Proto. Else add the origin to the option origins.'
  },
  origin: {
    level: 'warn',
    text: 'A page was refused, because its origin is neither the server\'s own nor in the option origins. ' +
      'Add it there. If it is the server\'s own, let the proxy pass the Host that the browser sent.'
  },
  'no origin': {
    level: 'warn',
    text: 'A request of another site was refused, because it has no Origin. Add the origin of the page to the option origins, and look for a proxy that removes the header.'
  },
  hostname: { level: 'warn', text: 'A request was refused, because allowedHosts does not contain its host. Add the host to that option.' },
  upgrade: {
    level: 'warn',
    text: 'A request to a WebSocket URL did not ask for an upgrade. If a proxy removes the headers Upgrade and Connection, let it pass them on.'
  },
  version: {
    level: 'info',
    text: 'A WebSocket was refused with 426, because its version is neither 13 nor 8. If old browsers need the drafts 75 and 76, set allowDrafts.'
  },
  'slow body': {
    level: 'warn',
    text: 'A request was refused with 408, because its body was not complete within bodyTimeout. Look for a slow client or proxy, or raise that option.'
  },
  session: {
    level: 'info',
    text: 'A message came for a session that does not exist. Most often the session has ended. If this process has no engine, another process may have it: ' +
      'then the proxy must send all requests of a session to one process.'
  },
  owner: { level: 'info', text: 'A request for the session of another client was refused. The field differs says whether the user, the origin or the address is another.' },
  resume: {
    level: 'info',
    text: 'A client could not resume its session, because the session has ended, or its token is unknown, used or of another user. ' +
      'If clients are away for longer, raise resume.within. If this process has no engine, the proxy must send them back to it.'
  },
  maxSessions: { level: 'warn', text: 'A session was refused, because there are maxSessions already. Raise that option of app.register(sockjs), or add a process.' },
  maxDetachedSessions: {
    level: 'warn',
    text: 'A session was refused, because there are maxDetachedSessions without a receiver already. Raise that option of app.register(sockjs), or lower disconnectDelay.'
  },
  maxSessionsPerAddress: {
    level: 'warn',
    text: 'A session was refused, because its address has maxSessionsPerAddress already. If the address is that of a proxy, set Fastify\'s trustProxy.'
  },
  maxLookupsPerAddress: {
    level: 'warn',
    text: 'A request was refused, because maxLookupsPerAddress requests of its address wait for the engine already. ' +
      'If the address is that of a proxy, set Fastify\'s trustProxy. Else the client may ask for sessions that do not exist.'
  },
  body: { level: 'warn', text: 'A body was refused with 413, because it is larger than four times maxMessageSize. Raise that option, or let the client send smaller messages.' },
  message: { level: 'warn', text: 'A message was refused, because it is larger than maxMessageSize. Raise that option, or let the client send smaller messages.' },
  compressed: { level: 'warn', text: 'A body was refused with 415, because it is compressed. Switch that off in the client or the proxy.' },
  slow: {
    level: 'warn',
    text: 'A session closed with 1013, because more than queue.limit waits for its client, or because the client reads nothing for sendTimeout. ' +
      'Send less, or wait for drained() when send() returns false.'
  },
  flood: { level: 'warn', text: 'A session closed with 1008, because its client sends faster than the application takes messages.' },
  edge: { level: 'warn', text: 'A message was refused with 503, because too many bytes of its client wait for the node that has the session.' },
  unanswered: { level: 'info', text: 'A WebSocket closed, because its client did not answer a ping within pongTimeout.' },
  fallback: {
    level: 'warn',
    text: '{share} % of the last {clients} clients of {endpoint} do not get a WebSocket: does the proxy pass Upgrade on?'
  },
  budget: { level: 'warn', text: 'More than maxBufferedBytes wait in this process. The session with the largest queue was closed with 1013.' }
} as const satisfies Record<string, RefusalLine>

export type RefusalKind = keyof typeof KINDS

/** The lines about refusals, by kind. */
export const REFUSALS = Object.fromEntries(Object.entries(KINDS)
  .map(([kind, { level, text }]) => [kind, { level, text: `${text} See docs/troubleshooting.md` }])) as Readonly<Record<RefusalKind, RefusalLine>>
