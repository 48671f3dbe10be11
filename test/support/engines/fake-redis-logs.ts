import { APPEND, LAST, POSITION, SINCE } from '../../../src/engine/redis/logs/scripts.ts'

interface Entry {
  readonly offset: number
  readonly previous: number
  readonly data: Buffer
  readonly at: number
}

interface Log {
  readonly epoch: string
  last: number
  readonly entries: Entry[]
}

type Answer = null | Answer[] | Buffer | string

/** The logs of the small server: its scripts, by their texts. */
export class FakeLogs {
  readonly #logs = new Map<string, Log>()
  readonly #ids = new Set<string>()
  readonly #publish: (channel: string, data: Buffer) => void
  #epochs = 0

  constructor (publish: (channel: string, data: Buffer) => void) {
    this.#publish = publish
  }

  clear (): void {
    this.#logs.clear()
    this.#ids.clear()
  }

  /** Runs a script of logs. `undefined` for any other script. */
  run (script: string, rule: string, [, key = '', , id = '']: readonly string[], args: readonly Buffer[]): Answer | Error | undefined {
    if (script !== APPEND && script !== POSITION && script !== SINCE && script !== LAST) return undefined
    const [messages, bytes, ttl] = rule.split(' ').map(Number)
    if (ttl === undefined) return new Error('NORULE the rule of the group is gone')
    const log = this.#logs.get(key) ?? { epoch: `epoch-${++this.#epochs}`, last: 0, entries: [] }
    const alive = Date.now() - ttl
    while (log.entries.length > 0 && log.entries[0]!.at <= alive) log.entries.shift()
    if (script === SINCE) return this.#logs.has(key) ? since(log, String(args[0]), Number(String(args[1]))) : null
    if (script === LAST) return this.#logs.has(key) ? newest(log) : null
    this.#logs.set(key, log)
    if (script === APPEND && !this.#ids.has(id)) {
      this.#ids.add(id)
      this.#append(log, args[0]!, String(args[1]))
      while (log.entries.length > messages! || (log.entries.length > 1 && sizeOf(log) > bytes!)) log.entries.shift()
    }
    return [log.epoch, String(log.last)]
  }

  #append (log: Log, data: Buffer, channel: string): void {
    const previous = log.last
    log.last += 10
    log.entries.push({ offset: log.last, previous, data: Buffer.from(data), at: Date.now() })
    this.#publish(channel, Buffer.concat([Buffer.from(`${log.epoch} ${log.last} ${previous}\n`), data]))
  }
}

const sizeOf = ({ entries }: Log): number => entries.reduce((sum, { data }) => sum + data.byteLength, 0)

function newest ({ epoch, entries }: Log): Answer {
  const entry = entries.at(-1)
  return entry === undefined ? null : [epoch, [`${entry.offset}-${entry.previous}`, ['m', entry.data]]]
}

function since ({ epoch, last, entries }: Log, wanted: string, offset: number): Answer {
  if (epoch !== wanted) return null
  if (last === offset) return []
  const behind = entries.filter((entry) => entry.offset > offset)
  return behind[0]?.previous === offset ? behind.map((entry) => [`${entry.offset}-${entry.previous}`, ['m', entry.data]]) : null
}
