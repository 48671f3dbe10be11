import { once } from 'node:events'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import { type Answer, ask, startRequest } from '../../support/http.ts'

const FORM = 'application/x-www-form-urlencoded'
const CONNECT = 'CONNECT\naccept-version:1.2\nhost:x\n\n\0'
const PATIENCE = 20_000

/** Sees to it that a server, however it was loaded, serves every transport: an echo through each, the pages, and a STOMP session. */
export async function servesEverything (t: Test, url: string): Promise<void> {
  for (const [name, [expected, ask]] of Object.entries(PROBES)) {
    const found = await within(ask(url)).catch((error: unknown) => String(error))
    t.match(found, expected, name)
  }
}

/** What a client does with each transport, and what it must have seen then. */
const PROBES: Readonly<Record<string, readonly [expected: RegExp, ask: (url: string) => Promise<string>]>> = {
  greeting: [/^200 Welcome to SockJS!\n$/, async (url) => shown(await get(`${url}/echo`))],
  info: [/^200 \{"websocket":true,/, async (url) => shown(await get(`${url}/echo/info`))],
  'iframe page': [/^200 <!DOCTYPE html>[^]*\/echo\/sockjs-[\d.]+\.min\.js/, async (url) => shown(await get(`${url}/echo/iframe.html`))],
  'client script': [/^200 \/\* sockjs-client v[\d.]+ /, async (url) => {
    const { body } = await get(`${url}/echo/iframe.html`)
    return shown(await get(url + /\/echo\/sockjs-[\d.]+\.min\.js/.exec(body)![0]))
  }],
  websocket: [/^o a\["hello"\]$/, (url) => webSocket(`${url}/echo/0/ws/websocket`, 2, '["hello"]')],
  'raw websocket': [/^hello$/, (url) => webSocket(`${url}/echo/websocket`, 1, 'hello')],
  'xhr-polling': [/^o\n 204 a\["hello"\]\n$/, async (url) => {
    const session = `${url}/echo/0/xhr`
    const opened = await post(`${session}/xhr`)
    const sent = await post(`${session}/xhr_send`, '["hello"]')
    return `${opened.body} ${sent.status} ${(await post(`${session}/xhr`)).body}`
  }],
  'xhr-streaming': [/^h{2048}\no\na\["hello"\]\n$/, (url) => stream(`${url}/echo/0/xs`, 'xhr_streaming', 'POST')],
  eventsource: [/^\r\ndata: o\r\n\r\ndata: a\["hello"\]\r\n\r\n$/, (url) => stream(`${url}/echo/0/es`, 'eventsource', 'GET')],
  htmlfile: [/^<!DOCTYPE html>[^]*p\("o"\);[^]*p\("a\[\\"hello\\"\]"\);/i, (url) => stream(`${url}/echo/0/hf`, 'htmlfile?c=callback', 'GET')],
  'jsonp-polling': [/^\/\*\*\/callback\("o"\);\r\n ok \/\*\*\/callback\("a\[\\"hello\\"\]"\);\r\n$/, async (url) => {
    const session = `${url}/echo/0/jp`
    const opened = await get(`${session}/jsonp?c=callback`)
    const sent = await post(`${session}/jsonp_send`, `d=${encodeURIComponent('["hello"]')}`, FORM)
    return `${opened.body} ${sent.body} ${(await get(`${session}/jsonp?c=callback`)).body}`
  }],
  'STOMP over a WebSocket': [/^CONNECTED\nversion:1\.2\n[^]*server:fastify-sockjs\/\d/, (url) => webSocket(`${url}/stomp/websocket`, 1, CONNECT)],
  'STOMP over SockJS': [/^a\["CONNECTED\\nversion:1\.2\\n/, async (url) => {
    const session = `${url}/stomp/0/st`
    await post(`${session}/xhr`)
    await post(`${session}/xhr_send`, JSON.stringify([CONNECT]))
    return (await post(`${session}/xhr`)).body
  }]
}

function shown ({ status, body }: Answer): string {
  return `${status} ${body}`
}

function get (url: string): Promise<Answer> {
  return ask({ ...target(url), patience: PATIENCE })
}

function post (url: string, body = '', type = 'text/plain'): Promise<Answer> {
  return ask({ ...target(url), method: 'POST', body, headers: { 'content-type': type }, patience: PATIENCE })
}

function target (url: string): { port: number, path: string } {
  const { port, pathname, search } = new URL(url)
  return { port: Number(port), path: pathname + search }
}

/** Opens a streaming response, sends a message once the session is open, and returns all that came until its echo. */
async function stream (session: string, route: string, method: string): Promise<string> {
  const { request, response } = startRequest({ ...target(`${session}/${route}`), method })
  let text = ''
  let sent = false
  for await (const chunk of await response) {
    text += String(chunk)
    if (text.includes('hello')) break
    if (sent || !/(^|\n)o\n|data: o|p\("o"\)/.test(text)) continue
    sent = true
    await post(`${session}/xhr_send`, '["hello"]')
  }
  request.destroy()
  return text
}

/** Sends one message and returns the first messages that come. */
async function webSocket (url: string, count: number, message: string): Promise<string> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'))
  const heard: string[] = []
  const enough = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => { if (heard.push(String(data)) === count) resolve() })
  })
  await once(socket, 'open')
  socket.send(message)
  await enough
  const closed = once(socket, 'close')
  socket.close()
  await closed
  return heard.join(' ')
}

/** A server that does not answer fails its probe, not the whole run. */
function within<T> (promise: Promise<T>): Promise<T> {
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(reject, PATIENCE, new Error(`no answer within ${PATIENCE} ms`)).unref()
  })
  return Promise.race([promise, late])
}
