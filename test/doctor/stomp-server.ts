import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { WebSocketServer } from 'ws'

/** The part of STOMP that a server leaves out. */
export type Omission = 'receipt' | 'message' | 'error' | 'heart-beat'

/** Starts a server that speaks as much STOMP as the doctor asks for, over WebSocket alone, without one part. Returns its URL. */
export async function startStomp (t: Test, omission: Omission): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url!.endsWith('/info')) response.end(`{"websocket":true,"entropy":${Math.random()}}`)
    else response.writeHead(404).end()
  })
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'v12.stomp' })
  sockets.on('connection', (socket) => socket.on('message', (data) => {
    const [head = '', body = ''] = data.toString().split(/\n\n([^]*)/)
    const [command, ...lines] = head.split('\n')
    const headers = new Map(lines.map((line) => line.split(/:(.*)/) as [string, string]))
    const send = (...frame: string[]): void => socket.send(`${frame.join('\n')}\0`)
    if (command === 'CONNECT') send('CONNECTED', 'version:1.2', `heart-beat:${omission === 'heart-beat' ? '0,0' : '10000,10000'}`, '', '')
    if (command === 'SUBSCRIBE' && omission !== 'receipt') send('RECEIPT', `receipt-id:${headers.get('receipt')!}`, '', '')
    const wrong = command === 'SEND' && !headers.has('destination')
    if (wrong && omission !== 'error') send('ERROR', 'message:no destination', '', '')
    if (command === 'SEND' && !wrong && omission !== 'message') {
      socket.send(`MESSAGE\nsubscription:s1\nmessage-id:1\ndestination:x\ncontent-length:${headers.get('content-length')!}\ndoctor:${headers.get('doctor')!}\n\n${body}`)
    }
  }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/stomp`
}
