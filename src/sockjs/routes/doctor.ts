import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { setNoCache } from '../request/responses.ts'

/** The headers by which a proxy names its client. */
const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'] as const

/**
 * Answers `/doctor`: the client learns how the server saw this very request, and the times and sizes of the endpoint.
 *
 * The answer names no other client, no header but the names of a proxy's headers, and no other option.
 */
export function doctor ({ options, bodyLimit }: Endpoint, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { socket, httpVersion } = request.raw
  // Fastify has the list only with trustProxy. It ends at the first address that is not trusted.
  const { ips = [] } = request
  setNoCache(reply)
  return reply.type('application/json; charset=UTF-8').send(JSON.stringify({
    server: 'fastify-sockjs',
    request: {
      address: request.ip,
      // With the port of its own socket, the client can tell whether a proxy stands between the two.
      port: socket.remotePort ?? null,
      trusted: ips.length > 1,
      host: request.host,
      protocol: request.protocol,
      httpVersion,
      forwarded: FORWARDING.filter((name) => request.headers[name] !== undefined)
    },
    heartbeat: options.heartbeat,
    disconnectDelay: options.disconnectDelay,
    maxMessageSize: options.maxMessageSize,
    bodyLimit,
    compression: options.websocket.compression !== false
  }))
}
