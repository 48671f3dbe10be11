/** What a STOMP case has at hand. */
import type { HttpTransport } from '../client/transports.ts'
import { SockjsCarrier, TcpCarrier, WebSocketCarrier } from '../client/stomp-carriers.ts'
import type { Carrier, CarrierName, End } from '../client/stomp-carriers.ts'
import { StompClient } from '../client/stomp-client.ts'
import type { StompFrame, Version } from '../client/stomp-frame.ts'
import type { WebSocketOptions } from '../client/websocket.ts'
import type { Context } from '../runner/context.ts'
import { expectEqual, expectThat, Mismatch } from '../runner/expect.ts'
import { endpoint } from './site.ts'
import type { StompSite } from './site.ts'

/** A frame that is ignored is noticed by the answer to the next one; that one waits so long. */
const patience = 400

export class Stomp {
  readonly t: Context
  readonly site: StompSite
  readonly carrier: CarrierName

  constructor (t: Context, carrier: CarrierName) {
    this.t = t
    this.site = t.stomp
    this.carrier = carrier
  }

  /** A connection before its CONNECT. */
  async open (carrier: CarrierName = this.carrier): Promise<StompClient> {
    switch (carrier) {
      case 'ws-text':
      case 'ws-binary': return await this.openWebSocket(carrier)
      case 'sockjs': return await this.openSockjs('websocket')
      case 'sockjs-xhr': return await this.openSockjs('xhr_streaming')
      case 'tcp': return await this.openTcp()
    }
  }

  async openWebSocket (name: 'ws-text' | 'ws-binary' = 'ws-text', options: WebSocketOptions = {}): Promise<StompClient<WebSocketCarrier>> {
    const socket = await this.t.webSocket(this.site.webSocketPath, options).open()
    return this.client(new WebSocketCarrier(name, socket))
  }

  async openSockjs (transport: HttpTransport | 'websocket'): Promise<StompClient<SockjsCarrier>> {
    const session = await this.t.session(endpoint, transport)
    return this.client(new SockjsCarrier(transport === 'websocket' ? 'sockjs' : 'sockjs-xhr', session))
  }

  async openTcp (): Promise<StompClient<TcpCarrier>> {
    const { tcp } = this.site
    if (tcp === undefined) this.t.notApplicable('no address of STOMP over TCP is given')
    return this.client(await TcpCarrier.connect(tcp.host, tcp.port))
  }

  async connect (version: Version = '1.2', headers: Readonly<Record<string, string>> = {}, carrier: CarrierName = this.carrier): Promise<StompClient> {
    const client = await this.open(carrier)
    await client.connect(version, headers)
    return client
  }

  topic (): string {
    return `${this.site.topic}/${this.t.id()}`
  }

  queue (): string {
    return `${this.site.queue}/${this.t.id()}`
  }

  /** One message there and back on a topic of its own. */
  async exchange (client: StompClient, body: string | Uint8Array = 'x', headers: Readonly<Record<string, string>> = {}): Promise<StompFrame> {
    const destination = this.topic()
    const id = `x${this.t.id()}`
    await client.subscribe(destination, { id })
    client.send('SEND', { destination, ...headers }, body)
    return await client.message(id)
  }

  /** The server does not go along with what it got: ERROR, or the end of the connection. */
  async expectRefused (client: StompClient): Promise<void> {
    if (!await client.stirs(patience)) {
      client.send('SUBSCRIBE', { id: 'after', destination: this.topic(), receipt: 'after' })
      await client.stirs(patience)
    }
    while (client.unread[0]?.command === 'MESSAGE') await client.frame()
    if (client.unread.length === 0) await client.ended('ERROR or the end of the connection')
    const [answer] = client.unread
    if (answer !== undefined && answer.command !== 'ERROR') throw new Mismatch('the answer', 'ERROR or the end of the connection', answer.toString())
  }

  /** ERROR that says what was wrong, then the end. */
  async expectError (client: StompClient, receipt?: string): Promise<{ error: StompFrame, end: End }> {
    if (!await client.stirs(patience)) client.send('SUBSCRIBE', { id: 'after', destination: this.topic(), receipt: 'after' })
    const error = await client.error()
    expectThat((error.get('message') ?? '') !== '', 'the header message of ERROR', 'some text', error.toString())
    if (receipt !== undefined) expectEqual(error.get('receipt-id'), receipt, 'receipt-id of ERROR')
    const end = await client.ended('the end of the connection after ERROR')
    expectEqual(client.unread.map(({ head }) => head), [], 'frames after ERROR')
    return { error, end }
  }

  /** Nothing else comes on this subscription: what is sent last is the next thing to arrive. */
  async expectNothingBefore (client: StompClient, destination: string, subscription?: string): Promise<void> {
    const fence = `fence ${this.t.id()}`
    client.send('SEND', { destination }, fence)
    expectEqual((await client.message(subscription)).text, fence, `the next message of ${destination}`)
  }

  private client<Carried extends Carrier> (carrier: Carried): StompClient<Carried> {
    return this.t.keep(new StompClient(carrier, this.site))
  }
}
