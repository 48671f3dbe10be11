import { newId } from '../support/client.ts'
import { handshake } from '../support/http.ts'

/** What hides behind another request. */
const HIDDEN = 'GET /echo/info?hidden HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

export function hiddenBehind (text: string): string {
  return text + HIDDEN
}

/** Requests that two readers may take for one or for two (SEC-S72); each opens a session of its own, so that none has to wait. */
export function smuggled (): Readonly<Record<string, string>> {
  const poll = (): string => `POST /echo/0/${newId()}/xhr HTTP/1.1\r\nHost: x\r\n`
  return {
    'both lengths': hiddenBehind(`${poll()}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX`),
    'two lengths': hiddenBehind(`${poll()}Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello`),
    'a folded header': hiddenBehind(`${poll()}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`),
    'bare line feeds': hiddenBehind(poll().replaceAll('\r\n', '\n') + 'Content-Length: 0\n\n'),
    'an odd encoding': hiddenBehind(`${poll()}Transfer-Encoding: xchunked\r\n\r\n`),
    'a space before the colon': hiddenBehind(`${poll()}Content-Length : 0\r\n\r\n`),
    'a negative length': hiddenBehind(`${poll()}Content-Length: -1\r\n\r\n`),
    'a bad chunk': hiddenBehind(`${poll()}Transfer-Encoding: chunked\r\n\r\nzz\r\n`)
  }
}

/** Upgrades that are ignored or refused, with a request behind them (SEC-S72, SEC-S73). */
export function smuggledBehindUpgrades (): Readonly<Record<string, string>> {
  const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n'
  const poll = (): string => `POST /echo/0/${newId()}/xhr HTTP/1.1\r\nHost: x\r\n${h2c}`
  return {
    'h2c without a body': hiddenBehind(`GET /echo/info HTTP/1.1\r\nHost: x\r\n${h2c}\r\n`),
    'h2c with a length': hiddenBehind(`${poll()}Content-Length: 5\r\n\r\nhello`),
    'h2c with chunks': hiddenBehind(`${poll()}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
    'h2c with two lengths': hiddenBehind(`${poll()}Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello`),
    'h2c with both lengths': hiddenBehind(`${poll()}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX`),
    'h2c that names a length as its own': hiddenBehind(`${poll().replace('Upgrade, HTTP2', 'Upgrade, Content-Length, HTTP2')}Content-Length: 5\r\n\r\nhello`),
    'a refused handshake': hiddenBehind(handshake('/echo/info')),
    'a handshake with a body': hiddenBehind(handshake('/echo/websocket', { 'Content-Length': '5' }) + 'hello')
  }
}
