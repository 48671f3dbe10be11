/** An acknowledgement that waits for its answer. */
export interface Ack {
  readonly number: string
  resolve (): void
  reject (error: unknown): void
}

/** The operations of a node on a queue in one turn of its event loop. */
export class Turn {
  /** The acknowledgements. */
  readonly acks: Ack[] = []
  /** The numbers of messages that consumers give back. */
  readonly backs: string[] = []
  /** The numbers of messages that go back and that no consumer has seen. */
  readonly unseen: string[] = []

  get isEmpty (): boolean { return this.acks.length + this.backs.length + this.unseen.length === 0 }

  /** The last arguments of the script. */
  get numbers (): (string | number)[] {
    return [this.acks.length, this.backs.length, ...this.acks.map(({ number }) => number), ...this.backs, ...this.unseen]
  }

  /** Takes over the messages to give back of a turn that Redis has refused. */
  repeat ({ backs, unseen }: Turn): void {
    this.backs.push(...backs)
    this.unseen.push(...unseen)
  }

  /** Fails the acknowledgements. */
  fail (error: unknown): void {
    for (const ack of this.acks) ack.reject(error)
  }
}

/** A message that was taken, as Redis answers it: its number, how often it came back, and its data. */
export interface Found {
  readonly number: string
  readonly returns: number
  readonly data: Buffer
}

/** The answer of Redis to a turn. */
export type TurnReply = readonly [waiting: number, missing: readonly Buffer[], found: readonly Buffer[]]

/** Reads the messages of an answer. */
export function * foundIn (list: readonly Buffer[]): Generator<Found> {
  for (let i = 0; i < list.length; i += 3) yield { number: String(list[i]), returns: Number(String(list[i + 1])), data: list[i + 2]! }
}
