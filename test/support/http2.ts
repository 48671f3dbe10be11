import type http from 'node:http'
import http2 from 'node:http2'
import type { RequestOptions } from './http.ts'
import { deferred } from './wait.ts'

/**
 * Sends a request over HTTP/2, on a connection of its own. Request and response are one stream there; it gets the two members
 * by which these tests know a response of `node:http`.
 */
export function startStream ({ port, path, method = 'GET', headers = {}, body, ca }: RequestOptions): { request: http.ClientRequest, response: Promise<http.IncomingMessage> } {
  const session = ca === undefined ? http2.connect(`http://127.0.0.1:${port}`) : http2.connect(`https://127.0.0.1:${port}`, { ca })
  const response = deferred<http.IncomingMessage>()
  const fail = (error: Error): void => response.reject(error)
  session.on('error', fail)
  const { host, ...rest } = headers
  const authority = host === undefined ? {} : { ':authority': String(host) }
  const stream = session.request({ ':method': method, ':path': path, ...authority, ...rest })
  stream.on('response', ({ ':status': statusCode, ...headers }) => {
    response.resolve(Object.assign(stream, { statusCode, headers }) as unknown as http.IncomingMessage)
  })
  stream.on('error', fail)
  stream.on('close', () => {
    fail(new Error('the stream has closed without a response'))
    session.close()
  })
  stream.end(body)
  return { request: stream as unknown as http.ClientRequest, response: response.promise }
}
