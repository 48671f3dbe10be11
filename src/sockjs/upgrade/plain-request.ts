import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { announcesBody } from '../transports/index.ts'
import { isResponding, unguardErrors } from './upgrade.ts'

/** The headers that concern the connection and its upgrade (RFC 9110, 7.6.1 and 7.8; RFC 7540, 3.2.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set(['connection', 'upgrade', 'http2-settings'])

/** The number of names and values that Node keeps without `maxHeadersCount`. It drops further ones silently, the length of a body too. */
const KEPT_BY_DEFAULT = 2000

/** Characters that a header cannot contain (RFC 9110, 5.5). A lenient parser may have let them pass. */
const CONTROL = /[\r\n\0]/

/**
 * Answers a request as if it had asked for no upgrade (RFC 9110, 7.8).
 *
 * Node has let the connection go. So the gate puts the request back before the unread bytes, and the server parses it once more, with all
 * limits and the same strictness.
 *
 * Against smuggling (SEC-S72), the headers that frame the body go back unchanged, duplicates included, and the same parser judges them. The
 * connection ends with the answer, so that bytes behind the request never count as another request.
 */
export function answerPlainly (server: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  if (isResponding(request, socket)) {
    socket.destroy()
    return
  }
  const { rawHeaders } = request
  const { maxHeadersCount } = server
  const kept = typeof maxHeadersCount === 'number' ? 2 * maxHeadersCount : KEPT_BY_DEFAULT
  if (kept > 0 && rawHeaders.length >= kept) return refuse(socket, '431 Request Header Fields Too Large')
  if (rawHeaders.some((text) => CONTROL.test(text))) return refuse(socket, '400 Bad Request')
  unguardErrors(socket)
  socket.unshift(Buffer.concat([Buffer.from(plainHead(request), 'latin1'), announcesBody(request) ? head : Buffer.alloc(0)]))
  // A server of TLS decrypts each `connection`. This one is decrypted already.
  server.emit(server instanceof TlsServer ? 'secureConnection' : 'connection', socket)
  socket.resume()
}

/** Writes the head of the request byte for byte, without its upgrade. */
function plainHead ({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!HOP_BY_HOP.has(rawHeaders[i]!.toLowerCase())) text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  }
  return text + 'Connection: close\r\n\r\n'
}

function refuse (socket: Socket, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy())
}
