import { WebSocket } from 'ws'
import { deferred, type Deferred, within } from '../../support/wait.ts'

export type Headers = Readonly<Record<string, string>>

/** A frame from the server. Escapes in values stay as they are, so that a client can repeat them. */
export interface StompFrame { readonly command: string, readonly headers: Headers, readonly body: string }

/** The time for which a client waits for CONNECTED, in milliseconds. A connection that was dealt to a worker just before its end is never answered. */
const PATIENCE = 5_000

const FRAME = /^\n*([A-Z]+)\n((?:[^\n]+\n)*)\n([^]*)$/

/** A client of STOMP over WebSocket. */
export class StompClient {
  /** Called with each MESSAGE. */
  received: (frame: StompFrame) => void = () => {}
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>
  readonly #socket: WebSocket
  readonly #receipts = new Map<string, Deferred<Headers>>()
  readonly #connected = deferred<Headers>()
  #asked = 0
  /** The text of the last ERROR, for errors. */
  #refusal = ''

  private constructor (port: number) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/stomp`, ['v12.stomp'])
    this.#socket.on('error', () => {})
    this.#socket.on('message', (data) => { for (const text of String(data).split('\0')) this.#take(text) })
    this.closed = new Promise<void>((resolve) => { this.#socket.once('close', () => resolve()) }).then(() => {
      const error = new Error(`the connection has ended. ${this.#refusal}`)
      this.#connected.reject(error)
      for (const receipt of this.#receipts.values()) receipt.reject(error)
      this.#receipts.clear()
    })
  }

  /** Connects. Rejects if the connection ends before the server says CONNECTED. */
  static async connect (port: number, headers: Headers = {}): Promise<StompClient> {
    const client = new StompClient(port)
    client.#socket.once('open', () => client.#say('CONNECT', { 'accept-version': '1.2', host: 'bars', 'heart-beat': '0,0', ...headers }, ''))
    try {
      await within(client.#connected.promise, 'CONNECTED', PATIENCE)
    } catch (error) {
      client.cut()
      throw error
    }
    return client
  }

  /** Sends a frame. Resolves with the headers of its RECEIPT; rejects if the connection ends first. */
  ask (command: string, headers: Headers, body = ''): Promise<Headers> {
    const receipt = String(++this.#asked)
    const answer = deferred<Headers>()
    if (this.#socket.readyState !== WebSocket.OPEN) answer.reject(new Error('the connection has ended'))
    else this.#receipts.set(receipt, answer)
    this.#say(command, { ...headers, receipt }, body)
    return answer.promise
  }

  get open (): boolean { return this.#socket.readyState === WebSocket.OPEN }

  /** Cuts the connection, without a word to the server. */
  cut (): void { this.#socket.terminate() }

  #say (command: string, headers: Headers, body: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    this.#socket.send(`${command}\n${Object.entries(headers).map(([name, value]) => `${name}:${value}\n`).join('')}\n${body}\0`)
  }

  #take (text: string): void {
    const [, command, lines, body] = FRAME.exec(text) ?? []
    if (command === undefined) return
    const headers: Headers = Object.fromEntries(lines!.split('\n').slice(0, -1).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
    if (command === 'MESSAGE') this.received({ command, headers, body: body! })
    else if (command === 'CONNECTED') this.#connected.resolve(headers)
    else if (command === 'ERROR') this.#refusal = headers['message'] ?? ''
    else {
      this.#receipts.get(headers['receipt-id']!)?.resolve(headers)
      this.#receipts.delete(headers['receipt-id']!)
    }
  }
}
