import { newId, type TransportName, type Wire } from './client.ts'
import { type Answer, startRequest } from './http.ts'
import { within } from './wait.ts'

/** The request that opens a session, for each transport. */
const DOORS: Readonly<Record<TransportName, { method: string, url: string }>> = {
  websocket: { method: 'GET', url: '/000/ID/websocket' },
  'websocket-raw': { method: 'GET', url: '/websocket' },
  'xhr-streaming': { method: 'POST', url: '/000/ID/xhr_streaming' },
  eventsource: { method: 'GET', url: '/000/ID/eventsource' },
  htmlfile: { method: 'GET', url: '/000/ID/htmlfile?c=cb' },
  'xhr-polling': { method: 'POST', url: '/000/ID/xhr' },
  'jsonp-polling': { method: 'GET', url: '/000/ID/jsonp?c=cb' }
}

export interface Knock {
  readonly port: number
  readonly wire?: Wire | undefined
  readonly transport: TransportName
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly id?: string
}

/** The handshake of RFC 6455. */
export const UPGRADE = {
  connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw=='
} as const

/** What a transport's opening request is answered: 200 or 101 when a session is there, and the connection is dropped then. */
export async function knock ({ port, wire = {}, transport, path = '/echo', headers = {}, id = newId() }: Knock): Promise<Answer> {
  const { method, url } = DOORS[transport]
  const upgrade = transport.startsWith('websocket') ? UPGRADE : {}
  const what = `${method} ${path}${url}`
  const { request, response: coming } = startRequest({ port, ...wire, path: path + url.replace('ID', id), method, headers: { ...upgrade, ...headers } })
  const response = await within(coming, what)
  const status = response.statusCode!
  let body = ''
  if (status === 200 || status === 101) request.destroy()
  else await within((async () => { for await (const chunk of response) body += chunk })(), `the end of ${what}`)
  return { status, headers: response.headers, body }
}

/** How an endpoint lets a session in: 101 for a WebSocket, else 200. */
export function welcome (transport: TransportName): number {
  return transport.startsWith('websocket') ? 101 : 200
}
