import type { Endpoint } from '../sockjs/endpoint/endpoint.ts'
import type { TransportName } from '../sockjs/protocol/index.ts'
import type { SessionFacts } from '../sockjs/session/index.ts'

/** The facts of a client with no HTTP request under it. */
export function factsWithoutRequest ({ path }: Endpoint, transport: TransportName, ip: string, user?: unknown): SessionFacts<unknown, unknown> {
  return { transport, protocol: '', user, attributes: {}, ip, path, query: '', prefix: path, headers: {}, userKey: '', origin: '' }
}
