import { randomInt } from 'node:crypto'
import t from 'tap'
import { type Broker, memoryBroker } from '../../src/stomp.ts'
import { StompPeer } from '../security/stomp-peer.ts'
import type { Host } from '../support/client.ts'
import { CUTS, CuttingProxy } from '../support/cutting-proxy.ts'
import { scaled, survived } from '../support/scale.ts'
import { until } from '../support/wait.ts'
import { buildStomp } from '../stomp/support.ts'

const TOPIC = '/topic/log'
const KEPT = 4000

function logBroker (): Broker {
  return memoryBroker({ history: [{ pattern: TOPIC, messages: KEPT, bytes: 16 * 1024 * 1024, ttl: 3_600_000 }] })
}

/** A client that wants every message, and remembers where it is. */
class Reader {
  next = 0
  #seen = ''

  /** Learns where the topic stands. */
  async begin (host: Host): Promise<void> {
    const peer = await StompPeer.connect(host)
    const receipt = await peer.say(`SUBSCRIBE\nid:1\ndestination:${TOPIC}\nreceipt:r\n\n\0`).see('RECEIPT')
    this.#seen = /\nx-position:([^\n]+)/.exec(receipt)![1]!
    peer.abort()
  }

  /** Subscribes, and reads until the connection is over. */
  async read (host: Host, until: number): Promise<void> {
    const peer = await StompPeer.connect(host)
    const recover = this.#seen === '' ? '' : `x-recover:${this.#seen}\n`
    await new Promise<void>((resolve, reject) => {
      peer.ws.on('close', () => resolve())
      peer.ws.on('message', (data) => {
        try {
          this.#take((data as Buffer).toString())
        } catch (error) {
          reject(error)
        }
        if (this.next === until) resolve()
      })
      peer.say(`SUBSCRIBE\nid:1\ndestination:${TOPIC}\n${recover}\n\0`)
    }).finally(() => peer.abort())
  }

  #take (message: string): void {
    if (!message.startsWith('MESSAGE\n')) throw new RangeError(message)
    if (/\nx-recovered:false\n/.test(message)) throw new RangeError('the history does not reach back')
    const body = message.slice(message.indexOf('\n\n') + 2, -1)
    if (body !== String(this.next)) throw new RangeError(`${body} in place of ${this.next}`)
    this.next++
    this.#seen = `${/\nx-epoch:([^\n]+)/.exec(message)![1]}:${/\nx-offset:([^\n]+)/.exec(message)![1]}`
  }
}

/** A gap or a repetition is a failure; anything else is the cut. */
function rethrow (error: unknown): void {
  if (error instanceof RangeError) throw error
}

t.test('STOMP history: no gap and nothing twice, however often it is cut', async (t) => {
  const count = scaled(4000, 1_000_000)
  const server = await buildStomp(t, { stomp: { broker: logBroker() }, listen: true })
  const reader = new Reader()
  const own: Host['own'] = (client) => client
  let cuts = 0
  await reader.begin({ port: server.port, own })
  let published = 0
  const publishing = (async () => {
    while (published < count) {
      await until(() => published - reader.next < KEPT / 2, 'the reader keeps up', 60_000)
      for (const end = Math.min(published + 200, count); published < end; published++) await server.stomp.publish(TOPIC, String(published))
      await new Promise((resolve) => { setImmediate(resolve) })
    }
  })()
  while (reader.next < count) {
    const at = randomInt(scaled(20_000, 1_000_000)) + 500
    const proxy = await CuttingProxy.start(server.port, { at, how: CUTS[cuts % CUTS.length]!, way: 'to client', counts: () => true })
    await reader.read({ port: proxy.port, own }, count).catch(rethrow)
    if (proxy.hasCut) cuts++
    proxy.stop()
  }
  await publishing
  t.equal(reader.next, count, `${count} messages, ${cuts} cuts`)
  t.ok(cuts > 3)
  survived(`${count} messages of a topic with history through ${cuts} cuts`)
})

t.test('a drain: clients go to the other server, and have missed nothing', async (t) => {
  const broker = logBroker()
  // Two servers with one broker, as with a broker outside: it belongs to neither.
  const shared = new Proxy(broker, {
    get (inner, name) {
      if (name === 'start' || name === 'stop') return async () => {}
      const value: unknown = Reflect.get(inner, name)
      return typeof value === 'function' ? value.bind(inner) : value
    }
  })
  const old = await buildStomp(t, { stomp: { broker }, listen: true })
  const fresh = await buildStomp(t, { stomp: { broker: shared }, listen: true })
  const readers = Array.from({ length: 10 }, () => new Reader())
  const own: Host['own'] = (client) => client
  const COUNT = 300
  const reading = readers.map(async (reader) => {
    await reader.read({ port: old.port, own }, COUNT).catch(rethrow)
    await reader.read({ port: fresh.port, own }, COUNT)
  })
  await until(() => old.stomp.subscriptions().length === readers.length, 'all have subscribed')
  let published = 0
  const publish = async (to: number): Promise<void> => { for (; published < to; published++) await old.stomp.publish(TOPIC, String(published)) }
  await publish(100)
  await until(() => readers.every(({ next }) => next === 100), 'all have read')
  const drained = old.app.sockjs.drain({ rate: 1, code: 1012 })
  while (old.stomp.sessions.size > 0) {
    if (published < 250) await publish(published + 10)
    old.clock.advance(50)
    await new Promise((resolve) => { setImmediate(resolve) })
  }
  await publish(COUNT)
  await Promise.all(reading)
  t.ok(readers.every(({ next }) => next === COUNT))
  old.clock.advance(5000)
  await drained
})
