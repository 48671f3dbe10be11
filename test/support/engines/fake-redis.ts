import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { LOG_RIGHTS, QUEUE_RIGHTS } from '../../../src/engine/redis/rights.ts'
import { FREE, PUBLISH, RENEW, TAKE } from '../../../src/engine/redis/scripts.ts'
import { FakeLogs } from './fake-redis-logs.ts'
import { FakeQueues } from './fake-redis-queues.ts'

/** A value that a reply has: a status is an `Error` where Redis refuses. */
type Reply = string | number | null | Error | Reply[] | Buffer

const OK = Symbol('OK')

/** The commands that only scripts use here. The engine tries its rights to them on a key that has a text. */
const TRIED = new Set([...LOG_RIGHTS, ...QUEUE_RIGHTS].map((line) => line.split(' ')[0]!))

function encoded (reply: Reply | typeof OK): Buffer {
  if (reply === OK) return Buffer.from('+OK\r\n')
  if (reply === null) return Buffer.from('$-1\r\n')
  if (reply instanceof Error) return Buffer.from(`-${reply.message}\r\n`)
  if (typeof reply === 'number') return Buffer.from(`:${reply}\r\n`)
  if (Array.isArray(reply)) return Buffer.concat([Buffer.from(`*${reply.length}\r\n`), ...reply.map(encoded)])
  const bytes = Buffer.from(reply as string)
  return Buffer.concat([Buffer.from(`$${bytes.byteLength}\r\n`), bytes, Buffer.from('\r\n')])
}

/** One connection to the server, with its subscriptions. */
class Peer {
  readonly socket: Socket
  readonly channels = new Set<string>()
  readonly patterns = new Set<string>()
  #input: Buffer = Buffer.alloc(0)

  constructor (socket: Socket, run: (peer: Peer, args: Buffer[]) => void) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (data) => {
      this.#input = Buffer.concat([this.#input, data])
      for (let args = this.#command(); args !== null; args = this.#command()) run(this, args)
    })
  }

  reply (reply: Reply | typeof OK): void { this.socket.write(encoded(reply)) }

  /** Takes one command out of the input, if it is whole. */
  #command (): Buffer[] | null {
    let at = 0
    const number = (): number => {
      const end = this.#input.indexOf('\r\n', at)
      if (end < 0) return -1
      const value = Number(this.#input.toString('latin1', at + 1, end))
      at = end + 2
      return value
    }
    const args: Buffer[] = []
    const count = number()
    if (count < 0) return null
    while (args.length < count) {
      const length = number()
      if (length < 0 || this.#input.byteLength < at + length + 2) return null
      args.push(this.#input.subarray(at, at + length))
      at += length + 2
    }
    this.#input = this.#input.subarray(at)
    return args
  }
}

/** A server with the commands that the engine uses, for tests without a redis-server. It knows the scripts by their texts. */
export class FakeRedis {
  readonly data = new Map<string, string>()
  /** Answers that replace those of commands, by the name of the command. */
  readonly refusals = new Map<string, string>()
  policy = 'noeviction'
  port = 0
  #silent = false
  #run = 0
  #server: Server | null = null
  readonly #logs = new FakeLogs((channel, data) => { this.#publish(channel, data) })
  readonly #queues = new FakeQueues((channel, data) => { this.#publish(channel, data) })
  readonly #peers = new Set<Peer>()

  async revive (): Promise<void> {
    if (this.#server !== null) return
    this.#run++
    this.#server = createServer({ noDelay: true }, (socket) => {
      const peer = new Peer(socket, (from, args) => { if (!this.#silent) this.#answer(from, args) })
      this.#peers.add(peer)
      socket.once('close', () => this.#peers.delete(peer))
    }).listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.port = (this.#server.address() as { port: number }).port
  }

  /** Ends all connections, and forgets all data. */
  async kill (): Promise<void> {
    const server = this.#server
    if (server === null) return
    this.#server = null
    this.data.clear()
    this.#logs.clear()
    this.#queues.clear()
    const closed = once(server, 'close')
    server.close()
    for (const { socket } of this.#peers) socket.destroy()
    await closed
  }

  /** Answers nothing. What comes meanwhile is lost. */
  silence (on: boolean): void { this.#silent = on }

  #answer (peer: Peer, args: Buffer[]): void {
    const [name = '', ...texts] = args.map(String)
    const refusal = this.refusals.get(name)
    if (refusal !== undefined) return peer.reply(new Error(refusal))
    const kind = name.startsWith('p') ? peer.patterns : peer.channels
    if (/^p?(?:un)?subscribe$/.test(name)) {
      for (const channel of texts) {
        if (name.includes('un')) kind.delete(channel)
        else kind.add(channel)
        peer.reply([name, channel, peer.channels.size + peer.patterns.size])
      }
      return
    }
    peer.reply(this.#value(name, texts, args))
  }

  #value (name: string, args: string[], bytes: Buffer[]): Reply | typeof OK {
    const [key = '', value = ''] = args
    switch (name) {
      case 'get': return this.data.get(key) ?? null
      case 'set':
        if (args.includes('NX') && this.data.has(key)) return null
        this.data.set(key, value)
        return OK
      case 'exists': case 'pexpire': return Number(this.data.has(key))
      case 'del': return Number(this.data.delete(key))
      case 'publish': return this.#publish(key, bytes[2]!)
      case 'info': return `# Server\r\nrun_id:${this.#run}\r\nuptime_in_seconds:100\r\nmaxmemory_policy:${this.policy}\r\n`
      case 'hkeys': return key.endsWith(':owners') ? this.#queues.owners(key) : new Error('WRONGTYPE')
      case 'eval': {
        const first = 2 + Number(value)
        const keys = args.slice(2, first)
        const values = bytes.slice(1 + first)
        const kept = this.#logs.run(key, this.data.get(keys[0] ?? '') ?? '', keys, values)
        return kept === undefined ? this.#queues.run(key, keys, values) ?? this.#script(key, args[2] ?? '', args.slice(3), bytes) : kept
      }
      default: return new Error(TRIED.has(name) ? 'WRONGTYPE' : `ERR unknown command '${name}'`)
    }
  }

  #script (script: string, key: string, args: string[], bytes: Buffer[]): Reply {
    const holder = this.data.get(key)
    if (script === PUBLISH) return this.#publish(args[0]!, bytes[5]!)
    if (script === FREE) return holder === args[0] ? Number(this.data.delete(key)) : 0
    if (script === RENEW) {
      this.#publish(args[1]!, Buffer.from(args[2]!))
      return Number(this.data.has(key))
    }
    if (script !== TAKE) return 1
    if (holder !== undefined && holder !== args[0] && holder !== args[1]) return holder
    this.data.set(key, args[0]!)
    return args[0]!
  }

  #publish (channel: string, data: Buffer): number {
    for (const peer of this.#peers) {
      if (peer.channels.has(channel)) peer.reply(['message', channel, data])
      for (const pattern of peer.patterns) if (channel.startsWith(pattern.slice(0, -1))) peer.reply(['pmessage', pattern, channel, data])
    }
    return 0
  }
}
