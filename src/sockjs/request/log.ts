import type { FastifyRequest } from 'fastify'
import { hideIds } from '../protocol/index.ts'
import { restOf } from './rest-of-path.ts'

/**
 * Makes the serializers for the log of the routes.
 *
 * The URL contains ids that clients choose, and they must not be in a log (SEC-S43).
 */
export function logSerializers (path: string) {
  const depth = path.split('/').length - 1
  return {
    req (request: FastifyRequest) {
      const rest = restOf(request)
      return {
        method: request.method,
        url: rest === null ? path + '/*' : hideIds(path + rest, depth),
        host: request.host,
        remoteAddress: request.ip,
        remotePort: request.socket?.remotePort
      }
    }
  }
}
