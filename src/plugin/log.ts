import type { FastifyRequest } from 'fastify'
import { shownUrl } from './routes/opening.ts'

/** The serializers of our routes: the ids that clients choose are in the URL, and must not be in a log (SEC-S43). */
export function logSerializers (prefix: string) {
  return {
    req (request: FastifyRequest) {
      return {
        method: request.method,
        url: shownUrl(prefix, request.url).split('?')[0],
        host: request.host,
        remoteAddress: request.ip,
        remotePort: request.socket?.remotePort
      }
    }
  }
}
