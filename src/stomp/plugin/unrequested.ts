import type { Endpoint } from '../../plugin/endpoint.ts'
import type { TransportName } from '../../protocol/index.ts'
import type { SessionFacts } from '../../session/index.ts'

/** The facts of a client with no HTTP request under it. */
export function factsWithoutRequest ({ path }: Endpoint, transport: TransportName, ip: string, user?: unknown): SessionFacts<unknown, unknown> {
  return { transport, protocol: '', user, attributes: {}, ip, path, query: '', prefix: path, headers: {}, userKey: '', origin: '' }
}
