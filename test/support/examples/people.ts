import { Client, type IMessage } from '@stomp/stompjs'
import SockJS from 'sockjs-client'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import { Arrivals, deferred, within } from '../wait.ts'

// The library is written for browsers, and says that Node needs this.
Object.assign(globalThis, { WebSocket })

/** A person at the page of an example. */
export interface Person {
  readonly client: Client
  /** What arrives at a destination from now on; resolves when the server has the subscription. */
  hear (destination: string): Promise<Arrivals<unknown>>
  say (destination: string, value: unknown): void
  /** The `message` and `code` of ERROR frames. */
  readonly errors: Arrivals<Readonly<Record<string, string>>>
}

let receipts = 0

/** A client as the page of an example makes one. */
export async function connect (t: Test, url: string, connectHeaders: Record<string, string> = {}, by: 'websocket' | 'sockjs' | 'xhr-polling' = 'websocket'): Promise<Person> {
  const errors = new Arrivals<Readonly<Record<string, string>>>()
  const connected = deferred<void>()
  const client = new Client({
    ...(by !== 'websocket' ? { webSocketFactory: () => new SockJS(`${url}/stomp`, null, by === 'sockjs' ? {} : { transports: [by] }) } : { brokerURL: `${url.replace('http', 'ws')}/stomp` }),
    connectHeaders,
    reconnectDelay: 0,
    onConnect: () => connected.resolve(),
    onStompError: ({ headers }) => {
      errors.push(headers)
      connected.reject(new Error(headers['message']))
    }
  })
  t.teardown(() => client.deactivate({ force: true }))
  client.activate()
  await within(connected.promise, 'CONNECTED')
  return {
    client,
    errors,
    async hear (destination) {
      const heard = new Arrivals<unknown>()
      const receipt = `heard-${receipts++}`
      const confirmed = deferred<void>()
      client.watchForReceipt(receipt, () => confirmed.resolve())
      client.subscribe(destination, ({ body }: IMessage) => heard.push(JSON.parse(body)), { receipt })
      await within(confirmed.promise, `the receipt for ${destination}`)
      return heard
    },
    say: (destination, value) => client.publish({ destination, body: JSON.stringify(value) })
  }
}

/** Posts JSON. */
export const post = (url: string, body: object): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

/** Every page is there, and so is each script and style that it loads. */
export async function checkPage (t: Test, url: string): Promise<void> {
  const page = await (await fetch(url)).text()
  t.match(page, /^<!doctype html>/)
  for (const [, file] of page.matchAll(/(?:src|href)="([^":]+\.(?:js|css))"/g)) t.equal((await fetch(new URL(file!, url + '/'))).status, 200, `${file!} is there`)
}
