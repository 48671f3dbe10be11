import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { WebSocket } from 'ws'
import { connectStomp, plainSocket, type StompOptions } from '../../../src/stomp-client.ts'
import { SockJS } from '../../../src/client.ts'
import { Arrivals, until } from '../../support/wait.ts'
import { scripted } from '../support.ts'
import { take, watch, type WatchedClient } from './support.ts'

const CONNECTED = 'CONNECTED\nversion:1.2\n\n\0'

/** The other end of a connection, as a test plays it. */
interface Peer {
  /** Sends a text as one message. */
  say (text: string): void
  /** The next frame of the client with this command. */
  heard (command: string): Promise<string>
  readonly socket: WebSocket
}

/** Starts a server that a test plays, and a client of it. */
async function play (t: Test, options: StompOptions = {}): Promise<{ client: WatchedClient, peers: Arrivals<Peer> }> {
  const peers = new Arrivals<Peer>()
  const { url } = await scripted(t, (_request, response) => response.writeHead(404).end(), (socket) => {
    const frames = new Arrivals<string>()
    socket.on('message', (data) => { for (const frame of JSON.parse(String(data)) as string[]) if (frame !== '\n') frames.push(frame) })
    socket.send('o')
    peers.push({
      socket,
      say: (text) => socket.send(`a${JSON.stringify([text])}`),
      async heard (command) {
        for (;;) {
          const frame = await frames.next(command)
          if (frame.startsWith(command + '\n')) return frame
        }
      }
    })
  })
  const client = watch(t, connectStomp(url, { transports: 'websocket', timeout: 60_000, minDelay: 1, maxDelay: 5, heartBeat: [0, 0], errors: false, ...options }))
  // These servers do not answer DISCONNECT.
  t.teardown(() => { for (const { socket } of peers.all) socket.terminate() })
  return { peers, client }
}

const receiptOf = (frame: string): string => /^receipt:(.*)$/m.exec(frame)![1]!

/** Plays a whole session: CONNECTED, and the RECEIPT of one subscription. Returns the id of the subscription. */
async function greet (peer: Peer): Promise<string> {
  await peer.heard('CONNECT')
  peer.say(CONNECTED)
  const subscribe = await peer.heard('SUBSCRIBE')
  peer.say(`RECEIPT\nreceipt-id:${receiptOf(subscribe)}\n\n\0`)
  return /^id:(.*)$/m.exec(subscribe)![1]!
}

t.test('CONNECT and SUBSCRIBE, byte for byte', async (t) => {
  const { peers, client } = await play(t, { heartBeat: [5000, 0], headers: { login: 'kim' } })
  client.subscribe('/topic/a', { ack: 'client' })
  const peer = await peers.next()
  t.equal(await peer.heard('CONNECT'), 'CONNECT\naccept-version:1.2\nhost:127.0.0.1\nheart-beat:5000,0\nlogin:kim\n\n\0')
  peer.say(CONNECTED)
  t.equal(await peer.heard('SUBSCRIBE'), 'SUBSCRIBE\nid:1\ndestination:/topic/a\nack:client\nx-gaps:true\nreceipt:1\n\n\0')
})

t.test('after any bytes the client works on, or takes another connection, and its promises settle', async (t) => {
  const parts = ['garbage\0', 'MESSAGE\n\n\0', 'MESSAGE\nsubscription:1\n\nx\0', 'RECEIPT\n\n\0', 'RECEIPT\nreceipt-id:99\n\n\0', 'SEND\n\nx\0', CONNECTED, '\0', '\n\n\n', 'MESSAGE\na',
    'MESSAGE\nsubscription:1\nx-offset:1\nx-recovered:false\n\n\0', 'MESSAGE\nsubscription:/temp-queue/answers\ncorrelation-id:1\n\n{\0', 'ERROR\n\n\0', 'ERROR\nmessage:\\x\n\n\0',
    'MESSAGE\nsubscription:errors\ncontent-type:application/json\n\n{\0', 'constructor\n\n\0', '__proto__\n__proto__:x\n\n\0']
  await fc.assert(fc.asyncProperty(fc.array(fc.oneof(fc.constantFrom(...parts), fc.string({ unit: 'binary' })), { maxLength: 6 }), fc.boolean(), async (texts, early) => {
    const { peers, client } = await play(t)
    const seen: string[] = []
    const subscription = client.subscribe('/topic/a', {}, ({ text }) => { seen.push(text) })
    const sent = client.send('/topic/a', 1).then(() => 'done', (error: { code: string }) => error.code)
    const peer = await peers.next()
    if (!early) await greet(peer)
    for (const text of texts) peer.say(text)
    peer.socket.close()
    // An ERROR in place of CONNECTED ends the client. Otherwise the next connection works.
    await until(() => peers.waiting > 0 || client.state === 'closed', 'another connection or the end')
    if (peers.waiting > 0) {
      const next = await peers.next()
      const id = await greet(next)
      await subscription.ready
      next.say(`MESSAGE\nsubscription:${id}\n\nhello\0`)
      await until(() => seen.at(-1) === 'hello', 'a message of the next connection')
      peers.all.forEach(({ socket }) => socket.terminate())
    }
    client.close().catch(() => {})
    t.match(await sent, /^(done|STOMP_)/)
  }), { numRuns: 40 })
})

t.test('ERROR in place of CONNECTED: the end, or another attempt where that can help', async (t) => {
  for (const [code, isEnd] of [['STOMP_ACCESS_REFUSED', true], ['', true], ['STOMP_BROKER_UNAVAILABLE', false], ['STOMP_CONNECT_TIMEOUT', false]] as const) {
    const { peers, client } = await play(t)
    const peer = await peers.next()
    peer.say(`ERROR\n${code && `code:${code}\n`}message:no\n\nbody\0`)
    if (isEnd) t.match(await client.events.closed.next(), { error: { code: code || 'STOMP_ERROR', message: 'no', body: 'body' } })
    else t.match(await client.events.interrupted.next(), { code: 3000, reason: 'no', error: { code } })
  }
})

t.test('a server that says nothing, before and behind CONNECTED', async (t) => {
  const { peers, client } = await play(t, { connectTimeout: 20, heartBeat: [0, 20] })
  await peers.next()
  t.match(await client.events.interrupted.next(), { error: { code: 'STOMP_CLIENT_SILENT', message: 'silent: no CONNECTED' } })
  const peer = await peers.next()
  peer.say('CONNECTED\nversion:1.2\nheart-beat:20,0\n\n\0')
  t.match(await client.events.interrupted.next(), { reason: 'silent: no heart-beat', error: { code: 'STOMP_CLIENT_SILENT' } })
})

t.test('a silent server and a session that can be renewed: the connection goes on', async (t) => {
  let renewals = 0
  const { peers, client } = await play(t, { heartBeat: [0, 20], socket: (url) => Object.assign(new SockJS(url, null, { transports: 'websocket' }), { renew: () => ++renewals < 3 }) })
  const peer = await peers.next()
  peer.say('CONNECTED\nversion:1.2\nheart-beat:20,0\n\n\0')
  t.match(await client.events.interrupted.next(), { error: { code: 'STOMP_CLIENT_SILENT' } })
  t.equal(renewals, 3)
})

t.test('heart-beats that make no sense count as none', async (t) => {
  for (const header of ['x,y', '-5,-5', '1e400,1e400', '5', '', ',,,']) {
    const { peers, client } = await play(t, { heartBeat: [1000, 1000] })
    const peer = await peers.next()
    peer.say(`CONNECTED\nversion:1.2\nheart-beat:${header}\n\n\0`)
    await client.events.connected.next()
    const receipt = client.send('/topic/a', 1)
    peer.say(`RECEIPT\nreceipt-id:${receiptOf(await peer.heard('SEND'))}\n\n\0`)
    await receipt
    t.equal(client.events.interrupted.all.length, 0)
  }
})

t.test('a frame without an end', async (t) => {
  const { peers, client } = await play(t)
  const peer = await peers.next()
  peer.say(CONNECTED + 'MESSAGE\nsubscription:1\n\n')
  for (let i = 0; i < 17; i++) peer.say('x'.repeat(1024 * 1024))
  t.match(await client.events.interrupted.next(), { error: { code: 'STOMP_CLIENT_BAD_FRAME', message: 'bad frame: too long' } })
})

t.test('ACK and NACK, byte for byte', async (t) => {
  const { peers, client } = await play(t)
  const subscription = client.subscribe('/topic/a', { ack: 'client' })
  const peer = await peers.next()
  peer.say(CONNECTED)
  await peer.heard('SUBSCRIBE')
  peer.say('MESSAGE\nsubscription:1\nmessage-id:m-1\nack:a-1\nx:a\\nb\n\nhello\0')
  const { value } = await subscription.next()
  t.equal(value!.headers['x'], 'a\nb')
  t.strictSame([value!.ack(), value!.nack()], [true, true])
  t.equal(await peer.heard('ACK'), 'ACK\nid:a-1\n\n\0')
  t.equal(await peer.heard('NACK'), 'NACK\nid:a-1\n\n\0')
})

t.test('a server that does not answer DISCONNECT', async (t) => {
  const { peers, client } = await play(t)
  const peer = await peers.next()
  peer.say(CONNECTED)
  await client.events.connected.next()
  const closed = client.close()
  await peer.heard('DISCONNECT')
  peer.socket.terminate()
  await closed
  t.equal(client.state, 'closed')
})

t.test('a plain WebSocket: subprotocols, text and bytes, cut anywhere', async (t) => {
  const sockets = new Arrivals<WebSocket>()
  const { url: http } = await scripted(t, () => {}, (socket) => sockets.push(socket))
  const client = watch(t, connectStomp(http.replace('http', 'ws'), { socket: plainSocket, errors: false, minDelay: 1, maxDelay: 5 }))
  const socket = await sockets.next()
  socket.send(CONNECTED)
  const subscription = client.subscribe('/topic/a')
  await client.events.connected.next()
  const message = Buffer.from('MESSAGE\nsubscription:1\n\ngrüße €\0')
  for (let i = 0; i < message.length; i += 5) socket.send(message.subarray(i, i + 5))
  t.strictSame(await take(subscription, 1), ['grüße €'])
  socket.close(4000, 'enough')
  t.match(await client.events.closed.next(), { code: 4000, reason: 'enough' })
  t.throws(() => connectStomp('http://'), TypeError)
  const unreachable = watch(t, connectStomp('ws://127.0.0.1:1/', { socket: plainSocket, minDelay: 1, maxDelay: 5, attempts: 2 }))
  t.match(await unreachable.events.closed.next(), { code: 1006 })
})
