import { PUSH, RETURN, TURN, VIEW } from '../../../src/engine/redis/queues/scripts.ts'

interface Message {
  readonly number: number
  readonly data: Buffer
  returns: number
  owner: string | null
}

type Answer = Answer[] | Buffer | string | number

/** The queues of the small server: their scripts, by their texts. */
export class FakeQueues {
  /** The messages of each queue, in order, by the name of the queue. */
  readonly #queues = new Map<string, Message[]>()
  readonly #ids = new Set<string>()
  readonly #publish: (channel: string, data: Buffer) => void
  #number = 0

  constructor (publish: (channel: string, data: Buffer) => void) {
    this.#publish = publish
  }

  clear (): void {
    this.#queues.clear()
    this.#ids.clear()
  }

  /** Returns the owners of the messages of a queue. */
  owners (key: string): string[] {
    return [...new Set(this.#queue(key).map(({ owner }) => owner))].filter((owner) => owner !== null)
  }

  /** Runs a script of queues. `undefined` for any other script. */
  run (script: string, keys: readonly string[], args: readonly Buffer[]): Answer | undefined {
    const texts = args.map(String)
    if (script === PUSH) return this.#push(this.#queue(keys[0]!), keys[3]!, args[0]!, texts)
    if (script === VIEW) return view(this.#queue(keys[0]!), texts)
    if (script !== TURN && script !== RETURN) return undefined
    const queue = this.#queue(keys[0]!)
    const [owner = '', channel = ''] = texts
    const waited = waiting(queue)
    const answer = script === TURN ? turn(queue, texts) : back(queue, owner)
    if (waited === 0 && waiting(queue) > 0) this.#publish(channel, Buffer.alloc(0))
    return script === TURN ? [waiting(queue), ...answer as Answer[]] : answer
  }

  /** The queue of a key, whose text between braces is its name. */
  #queue (key: string): Message[] {
    const name = /\{(.*)\}/.exec(key)![1]!
    const queue = this.#queues.get(name) ?? []
    this.#queues.set(name, queue)
    return queue
  }

  #push (queue: Message[], id: string, data: Buffer, [, messages, bytes, channel = '']: readonly string[]): string {
    if (this.#ids.has(id)) return ''
    if (queue.length >= Number(messages)) return 'messages'
    if (queue.reduce((sum, message) => sum + message.data.byteLength, data.byteLength) > Number(bytes)) return 'bytes'
    this.#ids.add(id)
    const waited = waiting(queue)
    queue.push({ number: ++this.#number, data: Buffer.from(data), returns: 0, owner: null })
    if (waited === 0) this.#publish(channel, Buffer.alloc(0))
    return ''
  }
}

/** Shows a queue. */
function view (queue: readonly Message[], [most, room]: readonly string[]): Answer[] {
  let left = Number(room)
  const first = queue.filter(({ owner }) => owner === null).slice(0, Number(most)).filter(({ data }) => {
    const fits = left > 0
    left -= data.byteLength
    return fits
  })
  return [queue.length, Buffer.from(String(queue.reduce((sum, { data }) => sum + data.byteLength, 0))), first.map(({ data }) => data)]
}

const waiting = (queue: readonly Message[]): number => queue.filter(({ owner }) => owner === null).length

function turn (queue: Message[], [owner = '', , want, , acks, backs, ...numbers]: readonly string[]): Answer[] {
  const missing: string[] = []
  numbers.forEach((number, i) => {
    const at = queue.findIndex((message) => String(message.number) === number && message.owner === owner)
    if (at < 0) {
      if (i < Number(acks)) missing.push(number)
    } else if (i < Number(acks)) {
      queue.splice(at, 1)
    } else {
      if (i < Number(acks) + Number(backs)) queue[at]!.returns++
      queue[at]!.owner = null
    }
  })
  const found = queue.filter((message) => message.owner === null).slice(0, Number(want))
  for (const message of found) message.owner = owner
  return [missing, found.flatMap(({ number, returns, data }) => [String(number), String(returns), data])]
}

function back (queue: readonly Message[], owner: string): number {
  const owned = queue.filter((message) => message.owner === owner)
  for (const message of owned) {
    message.owner = null
    message.returns++
  }
  return owned.length
}
