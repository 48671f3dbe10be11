import { gzipSync } from 'node:zlib'
import t from 'tap'
import { buildClientScript, STOMP_CLIENT } from '../../../scripts/client-script.js'
import { stompClientScript } from '../../../src/embedded/stomp-client.ts'
import { startStomp } from './support.ts'

/** The most bytes of the script, after gzip: SockJS, its streams over many sessions, and STOMP. */
const LIMIT = 8192

t.test('the script: fresh, small, and served with a tag', async (t) => {
  t.equal(stompClientScript, buildClientScript(STOMP_CLIENT), 'npm run embed')
  const size = gzipSync(stompClientScript, { level: 9 }).length
  t.ok(size <= LIMIT, `${size} bytes`)
  const server = await startStomp(t)
  const url = `http://127.0.0.1:${server.port}/stomp/stomp-client.js`
  const response = await fetch(url)
  t.strictSame([response.status, response.headers.get('content-type'), await response.text()], [200, 'application/javascript; charset=UTF-8', stompClientScript])
  t.equal((await fetch(url, { headers: { 'if-none-match': response.headers.get('etag')! } })).status, 304)
  t.not(response.headers.get('etag'), (await fetch(url.replace('stomp-client', 'client'))).headers.get('etag'))
})

t.test('the script runs without a module system', async (t) => {
  const server = await startStomp(t)
  const page: Record<string, any> = { fetch, WebSocket, Response, setTimeout, clearTimeout, setInterval, clearInterval, TextDecoder, TextEncoder, AbortController, location: { href: `http://127.0.0.1:${server.port}/` } }
  page['globalThis'] = page
  // eslint-disable-next-line no-new-func
  new Function(...Object.keys(page), 'URL', stompClientScript)(...Object.values(page), URL)
  const client = page['connectStomp']('/stomp', { transports: 'websocket' })
  t.teardown(() => client.close())
  const subscription = client.subscribe('/topic/a')
  await subscription.ready
  await client.send('/topic/a', { a: 1 })
  t.strictSame((await subscription.next()).value.body, { a: 1 })
  t.match([typeof page['SockJS'], typeof page['SockJS'].reconnecting, typeof page['StompClientError']], ['function', 'function', 'function'])
})
