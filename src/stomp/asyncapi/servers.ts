import { BINDINGS } from './drafts.ts'
import { idOf, Names } from './names.ts'
import type { DocumentSource, EndpointFacts } from './source.ts'
import type { AsyncApiServer, Reference } from './types.ts'

const VERSIONS: readonly string[] = ['1.2', '1.1', '1.0']

/** Writes the servers: each endpoint at each origin, by SockJS and by plain WebSocket, and the listener for TCP. */
export function serversOf ({ endpoints, tcp }: Pick<DocumentSource, 'endpoints' | 'tcp'>, origins: Readonly<Record<string, string>>, security: readonly Reference[]): Record<string, AsyncApiServer> {
  const names = new Names()
  const common = { ...security.length === 0 ? {} : { security }, bindings: BINDINGS, 'x-stomp-versions': VERSIONS }
  const servers: Record<string, AsyncApiServer> = {}
  for (const [name, origin] of Object.entries(origins)) {
    for (const endpoint of endpoints) {
      for (const server of serversAt(new URL(origin), endpoint)) {
        const id = names.take([...name === '' ? [] : [name], idOf(endpoint.path), server['x-stomp-transport']].join('.'))
        servers[id] = { ...server, ...common }
      }
    }
  }
  if (tcp !== null) {
    servers[names.take('tcp')] = { host: `${tcp.host.includes(':') ? `[${tcp.host}]` : tcp.host}:${tcp.port}`, protocol: 'stomp', description: 'STOMP over TCP.', ...common, 'x-stomp-transport': 'tcp' }
  }
  return servers
}

function serversAt ({ protocol, host, pathname }: URL, { path, sockjs, websocket }: EndpointFacts): Omit<AsyncApiServer, 'bindings' | 'x-stomp-versions'>[] {
  const isSecure = protocol === 'https:'
  const base = pathname.replace(/\/+$/, '') + path
  return [
    ...sockjs ? [{ host, protocol: isSecure ? 'https' : 'http', pathname: base, description: 'SockJS, for browsers behind any proxy.', 'x-stomp-transport': 'sockjs' } as const] : [],
    ...websocket ? [{ host, protocol: isSecure ? 'wss' : 'ws', pathname: base, description: 'Plain WebSocket, for STOMP clients without SockJS.', 'x-stomp-transport': 'websocket' } as const] : []
  ]
}
