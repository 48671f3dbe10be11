import t from 'tap'
import { StompError } from '../../src/stomp.ts'
import { HEAP_MARGIN, keepsNothing } from '../support/heap.ts'
import { until } from '../support/wait.ts'
import { buildStomp, type StompTestClient, type StompTestServer } from './support.ts'

/** One session sends 50,000 frames, in groups of so many that one answer confirms: with half of the margin they show the same leak as 100,000. */
const GROUP = 100
const BATCHES = { times: 50_000 / GROUP, before: 20, margin: HEAP_MARGIN / 2 }

/** Sends a group of frames and waits until the server has handled them; answers on the way are taken. */
async function group (client: StompTestClient, frames: string): Promise<void> {
  client.raw(`${frames}BEGIN\ntransaction:fence\n\n\0ABORT\ntransaction:fence\nreceipt:fence\n\n\0`)
  for (;;) {
    const frame = await client.inner.next()
    if (frame.command === 'ERROR') throw new Error(frame.headers.get('message'))
    if (frame.headers.get('receipt-id') === 'fence') return
  }
}

const repeated = (frames: (i: number) => string, from: number): string => Array.from({ length: GROUP }, (_, k) => frames(from * GROUP + k)).join('')

const ROWS: readonly (readonly [name: string, frames: (i: number) => string])[] = [
  ['receipts', (i) => `SEND\ndestination:/topic/a\nreceipt:r${i}\n\nx\0`],
  ['subscriptions come and gone', (i) => `SUBSCRIBE\nid:s${i}\ndestination:/topic/${i}\n\n\0UNSUBSCRIBE\nid:s${i}\n\n\0`],
  ['subscriptions to queues', (i) => `SUBSCRIBE\nid:s${i}\ndestination:/queue/${i}\nack:client\n\n\0UNSUBSCRIBE\nid:s${i}\n\n\0`],
  ['subscriptions to patterns', (i) => `SUBSCRIBE\nid:s${i}\ndestination:/topic/${i}/*/**\n\n\0UNSUBSCRIBE\nid:s${i}\n\n\0`],
  ['subscriptions to routes', (i) => `SUBSCRIBE\nid:s${i}\ndestination:/app/once/${i}\n\n\0UNSUBSCRIBE\nid:s${i}\n\n\0`],
  ['transactions', (i) => `BEGIN\ntransaction:t${i}\n\n\0SEND\ndestination:/topic/a\ntransaction:t${i}\nreceipt:r${i}\n\nx\0${i % 2 === 0 ? 'COMMIT' : 'ABORT'}\ntransaction:t${i}\n\n\0`],
  ['messages that a route refuses', (i) => `SEND\ndestination:/app/denied/${i}\n\n\0`],
  ['messages that are validated and refused', (i) => `SEND\ndestination:/app/valid\n\n${i}\0`],
  ['messages to topics of their own', (i) => `SEND\ndestination:/topic/${i}/b\n\n${i}\0`],
  ['messages to users that are not here', (i) => `SEND\ndestination:/user/u${i}/queue/a\n\n${i}\0`]
]

async function build (): Promise<{ server: StompTestServer, client: StompTestClient }> {
  const server = await buildStomp(t, {
    fastify: { logger: false },
    stomp: { rules: [{ allow: 'all' }, { destination: '/user/*/queue/a', allow: 'all' }] },
    routes ({ stomp }) {
      stomp.subscribe('/once/:n', ({ params }) => params)
      stomp.message('/denied/:n', { preHandler: () => { throw Object.assign(new Error('no'), { statusCode: 403 }) } }, () => {})
      stomp.message('/valid', { schema: { body: { type: 'string' } } }, () => {})
    }
  })
  const client = await server.connect({ user: 'kim' })
  await client.subscribe('e', '/user/queue/errors')
  return { server, client }
}

for (const [name, frames] of ROWS) {
  t.test(`K1: one session keeps nothing of 50,000 ${name}`, async (t) => {
    const { client } = await build()
    await keepsNothing(t, name, { ...BATCHES, once: (i) => group(client, repeated(frames, i)) })
    client.inner.abort()
  })
}

t.test('K1: a server keeps nothing of sessions that hooks and errors end', async (t) => {
  let gone = 0
  const server = await buildStomp(t, {
    fastify: { logger: false },
    stomp: { rate: { perSecond: 1000 } },
    routes ({ stomp }) {
      stomp.addHook('onConnect', (_frame, session) => { if (session.user === null) throw new StompError('STOMP_AUTHENTICATION_FAILED') })
      stomp.addHook('onDisconnect', () => { gone++ })
    }
  })
  let connected = 0
  await keepsNothing(t, 'sessions', {
    before: 200,
    times: 5_000,
    once: async (i) => {
      const client = await server.open(i % 2 === 0 ? {} : { user: `user-${i}` })
      const answer = await client.hello()
      if (answer.command === 'CONNECTED') {
        connected++
        client.frame('ACK', { id: 'unknown' })
      }
      await client.closed
      server.clock.advance(10)
    },
    settle: () => until(() => gone === connected, 'all sessions have gone')
  })
})
