import type { FastifyRequest } from 'fastify'
import { hideIds } from '../protocol/index.ts'

/** The serializers of our routes. Ids that clients choose are in the URL, and must not be in a log (SEC-S43). */
export function logSerializers (depth: number) {
  return {
    req (request: FastifyRequest) {
      return {
        method: request.method,
        url: hideIds(request.url, depth),
        host: request.host,
        remoteAddress: request.ip,
        remotePort: request.socket?.remotePort
      }
    }
  }
}
