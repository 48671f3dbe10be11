import Fastify, { type FastifyInstance } from 'fastify'
import WebSocket from 'ws'
import type { Endpoint } from '../../src/index.ts'
import sockjs from '../../src/index.ts'
import inspector, { type InspectorOptions } from '../../src/inspector.ts'
import stomp, { memoryBroker } from '../../src/stomp.ts'
import type { InjectedClient } from '../../src/stomp.ts'
import { openMany, suspend } from '../inspector/support.ts'

/** The sizes of a server that the page is tried with. */
export interface Crowd {
  readonly sessions: number
  readonly destinations: number
  /** True if clients come and go all the time, in many ways. */
  readonly isLively?: boolean
}

export const LARGE: Crowd = { sessions: 50_000, destinations: 5_000 }

const NAMES = ['ada', 'alan', 'barbara', 'claude', 'dennis', 'donald', 'edsger', 'frances', 'grace', 'hedy', 'john', 'karen', 'kim', 'leslie', 'margaret', 'niklaus', 'radia', 'tim'] as const

/** The transports of the crowd, by their share in ten. */
const TRANSPORTS = ['websocket', 'websocket', 'websocket', 'websocket', 'websocket', 'websocket', 'xhr-streaming', 'xhr-streaming', 'eventsource', 'xhr-polling'] as const

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36'

/** A server with many sessions, destinations and messages, whose inspector the suites open. */
export class InspectedSite {
  readonly app: FastifyInstance
  url = ''
  readonly #timers: NodeJS.Timeout[] = []
  readonly #sockets: WebSocket[] = []

  constructor () { this.app = Fastify({ forceCloseConnections: true }) as unknown as FastifyInstance }

  async start (crowd: Crowd, options: InspectorOptions = { open: true, actions: true, bodies: true, interval: 500 }): Promise<void> {
    const { app } = this
    await app.register(sockjs, { maxSessions: crowd.sessions + 10_000 })
    const rooms = app.sockjs('/rooms', { userKey: String, user: (request) => request.headers['x-user'] }, (session) => { session.on('message', (message) => session.send(message)) })
    const news = app.sockjs('/news', () => {})
    const trades = app.sockjs('/trades', { resume: { within: 3_600_000 } }, () => {})
    await app.register(stomp, { path: '/stomp', broker: memoryBroker({ maxDeliveries: 1, maxQueues: crowd.destinations + 100 }), presence: [{ pattern: '/topic/rooms/**' }] })
    app.stomp.message('/chat/:room', { sendTo: '/topic/rooms/:room' }, ({ body }) => body)
    app.stomp.message('/orders', async () => { await new Promise((resolve) => setTimeout(resolve, 20)) })
    await app.register(inspector, options)
    this.url = await app.listen({ port: 0, host: '127.0.0.1' })
    this.#seat(rooms, news, crowd.sessions)
    openMany(trades, 3, () => ({ userKey: 'trader', path: '/trades/:server/:session', prefix: '/trades' }))
    for (const session of [...trades.sessions].slice(1)) suspend(trades, session)
    await this.#fill(crowd.destinations)
    await this.#talk()
    if (crowd.isLively === true) this.#come(rooms)
  }

  async stop (): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    for (const socket of this.#sockets) socket.terminate()
    for (const endpoint of this.app.sockjs.endpoints.values()) for (const session of [...endpoint.sessions]) session.terminate()
    await this.app.close()
  }

  /** Seats the crowd: sessions without sockets, some hours old. */
  #seat (rooms: Endpoint, news: Endpoint, count: number): void {
    const facts = (i: number): object => ({
      transport: TRANSPORTS[i % TRANSPORTS.length],
      userKey: i % 7 === 0 ? '' : `${NAMES[i % NAMES.length]!}-${i % 997}`,
      ip: `10.${(i >> 14) & 63}.${(i >> 7) & 127}.${(i & 127) + 1}`,
      headers: { 'user-agent': AGENT },
      origin: 'https://app.example.com'
    })
    openMany(rooms, Math.ceil(count * 0.7), (i) => ({ ...facts(i), path: '/rooms/:server/:session', prefix: '/rooms' }))
    openMany(news, Math.floor(count * 0.3), (i) => ({ ...facts(i + 3), path: '/news/:server/:session', prefix: '/news' }))
    let i = 0
    for (const endpoint of [rooms, news]) {
      const now = endpoint.clock.now()
      // The crowd came before the server: the page shows ages of hours.
      for (const session of endpoint.sessions) Object.defineProperty(session, 'openedAt', { value: now - (count - i++) * 200_000_000 / count })
    }
  }

  /** Fills queues, and subscribes topics. */
  async #fill (count: number): Promise<void> {
    const { stomp } = this.app
    const half = Math.floor(count / 2)
    for (let i = 0; i < half; i++) for (let copies = 1 + i % 3; copies > 0; copies--) await stomp.publish(`/queue/jobs/${i}`, { job: i })
    let client: InjectedClient | null = null
    for (let i = 0; i < count - half; i++) {
      if (i % 100 === 0) client = await stomp.inject({ user: { name: `${NAMES[i / 100 % NAMES.length]!}` } })
      await client!.subscribe(i % 20 === 0 ? `/topic/rooms/${i}` : `/topic/prices/${i}`)
    }
    const worker = await stomp.inject({ user: { name: 'worker' } })
    await worker.subscribe('/queue/orders', { ack: 'client-individual' })
    for (let i = 0; i < 5; i++) {
      await stomp.publish('/queue/orders', { order: 1_000 + i, sum: 12.5 * i })
      const { headers } = await worker.next('MESSAGE')
      worker.frame('NACK', { id: headers.get('ack')! })
    }
  }

  /** Lets some clients talk, come and go. */
  async #talk (): Promise<void> {
    const { app } = this
    for (let i = 0; i < 12; i++) this.#connect(NAMES[i]!)
    const speaker = await app.stomp.inject({ user: { name: 'speaker' } })
    await speaker.subscribe('/topic/rooms/1')
    let turn = 0
    this.#timers.push(setInterval(() => {
      turn++
      const loud = 8 + Math.round(6 * Math.sin(turn / 12))
      for (const socket of this.#sockets.slice(0, loud)) if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"position","x":12,"y":7}')
      speaker.frame('SEND', { destination: turn % 3 === 0 ? '/app/orders' : '/app/chat/1', 'content-type': 'application/json' }, '{"text":"hello"}')
      if (turn % 10 === 0) {
        this.#sockets.shift()?.terminate()
        this.#connect(NAMES[turn / 10 % NAMES.length]!)
      }
    }, 100))
  }

  /** Lets many clients come and go in waves, and some be refused. */
  #come (rooms: Endpoint): void {
    let turn = 0
    let i = 0
    this.#timers.push(setInterval(() => {
      turn++
      const coming = Math.round(60 + 55 * Math.sin(turn / 40))
      openMany(rooms, coming, () => ({ transport: TRANSPORTS[i++ % TRANSPORTS.length]!, userKey: NAMES[i % NAMES.length]!, ip: '10.9.8.7', path: '/rooms/:server/:session', prefix: '/rooms' }))
      const going = [...rooms.sessions].slice(0, 60)
      for (const [place, session] of going.entries()) {
        if (place % 20 === 0) session.end('slow')
        else if (place % 7 === 0) session.end('timeout')
        else if (place % 3 === 0) session.close()
        else session.terminate()
      }
      if (turn % 5 === 0) fetch(`${this.url}/rooms/info`, { headers: { origin: 'https://other.example' } }).catch(() => {})
    }, 100))
  }

  #connect (user: string): void {
    const socket = new WebSocket(`${this.url.replace('http', 'ws')}/rooms/websocket`, { headers: { 'x-user': user, 'user-agent': AGENT } })
    socket.on('error', () => {})
    this.#sockets.push(socket)
  }
}
