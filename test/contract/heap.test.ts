import { setImmediate as turn } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Session } from '../../src/index.ts'
import type { TransportName } from '../support/client.ts'
import { contract } from '../support/contract.ts'
import { HEAP_MARGIN, keepsNothing } from '../support/heap.ts'
import { startRequest } from '../support/http.ts'
import { buildServer, type TestServer } from '../support/server.ts'
import { Sink } from '../support/sink.ts'

/** 100 times 500 messages are 50,000: with half of the margin they show the same leak for each message as 100,000. */
const BATCH = 500
const BATCHES = { times: 100, before: 20, margin: HEAP_MARGIN / 2 }
const MESSAGES = Array.from({ length: BATCH }, (_, i) => `message ${i}`)

/** Requests are dearer than messages. */
const REQUESTS = { times: 2_000, before: 1_000 }

/** Waits without a timer: this runs a thousand times. */
async function reached (condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}

async function sinkOf (t: Test, transport: TransportName, handler: (session: Session) => unknown): Promise<{ server: TestServer, sink: Sink }> {
  const server = await buildServer(t, { handler, endpoint: { responseLimit: 2 ** 30 } })
  return { server, sink: await Sink.open(server, transport) }
}

/** The two ways in which an application reads. */
const READERS: Readonly<Record<string, (session: Session, heard: () => void) => unknown>> = {
  'on(message)': (session, heard) => session.on('message', heard),
  'for await': async (session, heard) => { for await (const message of session) if (message !== '') heard() }
}

contract('K1: messages in', async (t, transport) => {
  for (const [name, read] of Object.entries(READERS)) {
    let sent = 0
    let heard = 0
    const { sink } = await sinkOf(t, transport, (session) => read(session, () => { heard++ }))
    await keepsNothing(t, `messages to ${name}`, {
      ...BATCHES,
      once: async () => {
        await sink.send(MESSAGES)
        sent += BATCH
        await reached(() => heard === sent)
      }
    })
  }
})

contract('K1: messages out, and those who wait for drained()', async (t, transport) => {
  const { sink } = await sinkOf(t, transport, () => {})
  await keepsNothing(t, 'messages out', {
    ...BATCHES,
    once: async () => {
      for (const message of MESSAGES) sink.session.send(message)
      await Promise.all([sink.session.drained(), sink.session.drained()])
      await sink.taken()
    }
  })
})

contract('K1: broadcasts of prepared messages', async (t, transport) => {
  const { server, sink } = await sinkOf(t, transport, () => {})
  await keepsNothing(t, 'prepared messages', {
    ...BATCHES,
    once: async (i) => {
      for (const message of MESSAGES) server.endpoint.broadcast(server.endpoint.prepare(`${message} of ${i}`))
      await sink.taken()
    }
  })
})

contract('K1: polls, one after the other', async (t, transport) => {
  const { sink } = await sinkOf(t, transport, () => {})
  await keepsNothing(t, 'polls', {
    ...REQUESTS,
    once: async () => {
      sink.session.send('answer')
      await sink.poll()
    }
  })
}, ['xhr-polling', 'jsonp-polling'])

contract('K1: senders that are held back, some of whom go away', async (t, transport) => {
  const { server, sink } = await sinkOf(t, transport, (session) => session.on('message', () => {}))
  const waiting = (): number => server.endpoint.registration.bufferedBytes
  await keepsNothing(t, 'held senders', {
    times: 1_000,
    before: 500,
    once: async (i) => {
      sink.session.pause()
      const { request, response } = startRequest(sink.sender('["a"]'))
      const answer = response.then((incoming) => { incoming.resume() }, () => {})
      await reached(() => waiting() > 0)
      if (i % 2 === 0) request.destroy()
      sink.session.resume()
      await answer
    },
    settle: () => reached(() => server.sockets.size <= 2)
  })
  sink.session.pause()
  await keepsNothing(t, 'senders that go away while the session is held back', {
    times: 1_000,
    before: 500,
    once: async () => {
      const seen = server.sockets.size
      const { request, response } = startRequest(sink.sender('["a"]'))
      response.catch(() => {})
      await reached(() => server.sockets.size > seen)
      request.destroy()
      await reached(() => server.sockets.size === seen)
    }
  })
  t.equal(sink.session.state, 'open')
}, ['xhr-streaming', 'jsonp-polling'])
