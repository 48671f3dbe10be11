import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { buildClientScript, STOMP_CLIENT } from '../../../scripts/client-script.js'
import { stompClientScript } from '../../../src/embedded/stomp-client.ts'
import { startStomp } from './support.ts'

/** The most bytes of the script, after gzip: SockJS, sessions that are resumed, many sessions one after the other, and STOMP. */
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
  t.match([typeof page['SockJS'], typeof page['StompClientError']], ['function', 'function'])
})

t.test('the guide explains every code, event and option', async (t) => {
  const text = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
  const guide = text('docs/stomp-client.md')
  const codes = [.../export type ClientErrorName =([^]*?)\n\n/.exec(text('src/client/stomp/errors.ts'))![1]!.matchAll(/'(\w+)'/g)].map(([, name]) => `STOMP_CLIENT_${name}`)
  const options = [...text('src/client/stomp/options.ts').matchAll(/^ {2}readonly (\w+)\?/gm)].map(([, name]) => name!)
  const events = [.../interface StompEventMap \{([^]*?)\n\}/.exec(text('src/client/stomp/events.ts'))![1]!.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name!)
  t.match([codes.length, options.length, events.length], [9, 9, 6])
  for (const name of [...codes, ...options, ...events]) t.ok(guide.includes(`| \`${name}\` |`), name)
})
