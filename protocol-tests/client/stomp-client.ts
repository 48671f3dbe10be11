import { expectEqual, expectThat, Mismatch } from '../runner/expect.ts'
import type { Carrier, Chunk, End } from './stomp-carriers.ts'
import { stompBytes, StompReader } from './stomp-frame.ts'
import type { Headers, StompFrame, Version } from './stomp-frame.ts'

/** What a client must know of the server that it talks to. */
export interface Habits {
  /** Headers for CONNECT: host, login, passcode. */
  readonly connect: Readonly<Record<string, string>>
  /** Whether the server answers `receipt`; where it does not, time must do. */
  readonly receipts: boolean
}

/** How long a server without receipts gets. */
const unconfirmed = 200

interface Waiting {
  readonly what: string
  readonly look: () => boolean
  readonly reject: (error: Error) => void
}

/** One STOMP connection over any carrier. Frames are taken in order, or by kind where two kinds may overtake each other. */
export class StompClient<Carried extends Carrier = Carrier> {
  readonly carrier: Carried
  /** Everything that came, as it was cut. */
  readonly chunks: Chunk[] = []
  /** When line feeds between frames came. */
  readonly eols: number[] = []
  private readonly habits: Habits
  private readonly reader: StompReader
  private readonly inbox: StompFrame[] = []
  private readonly waiting = new Set<Waiting>()
  private over: End | undefined
  private failure: Error | undefined
  private serial = 0

  constructor (carrier: Carried, habits: Habits) {
    this.carrier = carrier
    this.habits = habits
    this.reader = new StompReader(carrier.name === 'tcp')
    carrier.run((chunk) => this.receive(chunk)).then((end) => { this.over = end; this.wake() }, (error: unknown) => this.fail(error))
  }

  get lastWrite (): number {
    return this.carrier.lastWrite ?? 0
  }

  get lastRead (): number {
    return this.carrier.lastRead ?? 0
  }

  get version (): Version {
    return this.reader.version
  }

  raw (octets: string | Uint8Array): void {
    this.carrier.send(Buffer.from(octets))
  }

  send (command: string, headers: Headers = {}, body: string | Uint8Array = ''): void {
    this.raw(stompBytes(command, headers, body, this.version))
  }

  /** CONNECT for one version; 1.0 is what says nothing. */
  async connect (version: Version = '1.2', headers: Readonly<Record<string, string>> = {}): Promise<StompFrame> {
    this.send('CONNECT', { ...(version === '1.0' ? {} : { 'accept-version': version }), ...this.habits.connect, ...headers })
    return await this.take('CONNECTED')
  }

  /** A frame that is done when this resolves. */
  async confirmed (command: string, headers: Readonly<Record<string, string>> = {}, body: string | Uint8Array = ''): Promise<void> {
    if (!this.habits.receipts) {
      this.send(command, headers, body)
      await new Promise((resolve) => setTimeout(resolve, unconfirmed))
      return
    }
    const receipt = `done-${++this.serial}`
    this.send(command, { ...headers, receipt }, body)
    await this.receipt(receipt)
  }

  async subscribe (destination: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.confirmed('SUBSCRIBE', { id: 's1', destination, ...headers })
  }

  async publish (destination: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.confirmed('SEND', { destination, ...headers }, body)
  }

  /** The next frame, of whatever kind. */
  async frame (what = 'a frame'): Promise<StompFrame> {
    await this.until(what, () => this.inbox.length > 0)
    return this.inbox.shift() as StompFrame
  }

  /** The next frame of this command; an ERROR in its place is a failure. */
  async take (command: string, fits: (frame: StompFrame) => boolean = () => true): Promise<StompFrame> {
    const found = (): number => this.inbox.findIndex((frame) => (frame.command === command && fits(frame)) || frame.command === 'ERROR')
    await this.until(command, () => found() >= 0)
    const [frame] = this.inbox.splice(found(), 1) as [StompFrame]
    expectThat(frame.command === command, 'the answer', command, frame.toString())
    return frame
  }

  async message (subscription?: string): Promise<StompFrame> {
    return await this.take('MESSAGE', (frame) => subscription === undefined || frame.get('subscription') === subscription)
  }

  async messages (count: number, subscription?: string): Promise<StompFrame[]> {
    const found: StompFrame[] = []
    while (found.length < count) found.push(await this.message(subscription))
    return found
  }

  async expectBodies (bodies: readonly string[], what = 'the bodies', subscription?: string): Promise<void> {
    const found: string[] = []
    for (let index = 0; index < bodies.length; index += 1) {
      found.push((await this.message(subscription)).text)
      expectEqual(found[index], bodies[index], `${what}, number ${index + 1}`)
    }
  }

  async receipt (id: string): Promise<StompFrame> {
    return await this.take('RECEIPT', (frame) => frame.get('receipt-id') === id)
  }

  /** The ERROR that must come next of all frames but MESSAGE. */
  async error (): Promise<StompFrame> {
    let frame = await this.frame('ERROR')
    while (frame.command === 'MESSAGE') frame = await this.frame('ERROR')
    expectThat(frame.command === 'ERROR', 'the answer', 'ERROR', frame.toString())
    return frame
  }

  async ended (what = 'the end of the connection'): Promise<End> {
    await this.settled(what, () => this.over !== undefined)
    return this.over ?? { reason: '' }
  }

  get isOver (): boolean {
    return this.over !== undefined
  }

  /** Frames that came and were not asked for. */
  get unread (): readonly StompFrame[] {
    return this.inbox
  }

  /** Whether a frame comes, or the end, within the time. */
  async stirs (milliseconds: number): Promise<boolean> {
    const stirred = (): boolean => this.inbox.length > 0 || this.over !== undefined || this.failure !== undefined
    let timer: NodeJS.Timeout | undefined
    await Promise.race([
      this.settled('anything', stirred).catch(() => {}),
      new Promise((resolve) => { timer = setTimeout(resolve, milliseconds) })
    ])
    clearTimeout(timer)
    return stirred()
  }

  /** DISCONNECT, up to its RECEIPT or the end, whichever comes: how it should be answered is the matter of STOMP-D1. */
  async disconnect (): Promise<void> {
    this.send('DISCONNECT', { receipt: 'bye' })
    await this.settled('RECEIPT or the end', () => this.over !== undefined || this.inbox.some((frame) => frame.get('receipt-id') === 'bye'))
  }

  drop (): void {
    this.carrier.drop()
  }

  /** The case has run out of time. */
  expire (milliseconds: number): void {
    for (const { what, reject } of this.waiting) reject(new Error(`nothing came within ${milliseconds} ms while waiting for ${what} over ${this.carrier.name}`))
    this.waiting.clear()
    this.destroy()
  }

  destroy (): void {
    this.carrier.destroy()
  }

  private receive (chunk: Chunk): void {
    this.chunks.push(chunk)
    if (this.failure !== undefined) return
    try {
      for (const item of this.reader.push(chunk.octets)) {
        if (item === 'eol') this.eols.push(chunk.at)
        else this.inbox.push(item)
      }
    } catch (error) {
      this.fail(error)
    }
    this.wake()
  }

  private fail (error: unknown): void {
    this.failure = error instanceof Error ? error : new Error(String(error))
    this.wake()
  }

  private wake (): void {
    for (const waiting of [...this.waiting]) if (waiting.look()) this.waiting.delete(waiting)
  }

  private async until (what: string, ready: () => boolean): Promise<void> {
    await this.settled(what, () => ready() || this.over !== undefined)
    if (ready()) return
    const { code = '', reason = '' } = this.over ?? {}
    throw new Mismatch(`the connection over ${this.carrier.name}`, what, `its end ${code} ${reason}`.trim())
  }

  private async settled (what: string, ready: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): boolean => {
        if (ready()) resolve()
        else if (this.failure !== undefined) reject(this.failure)
        else return false
        return true
      }
      if (!look()) this.waiting.add({ what, look, reject })
    })
  }
}
