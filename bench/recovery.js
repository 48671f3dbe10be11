// Cuts the connections of chatting clients again and again, and counts the messages that are lost or come twice: `node bench/recovery.js`.
// A proxy cuts all connections and takes another address for the next ones, as a phone does that leaves a WiFi.
import { createServer } from 'node:http'
import { connect, createServer as listenTcp } from 'node:net'
import Fastify from 'fastify'
import { Server } from 'socket.io'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'
import sockjs from '../dist/index.js'
import { resumable } from '../dist/client.js'

globalThis.WebSocket ??= WebSocket

/** The messages in each direction, the cuts, and the pause between two messages in milliseconds. */
const COUNT = 2000
const CUTS = 20
const PAUSE = 1

const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))

/** Starts a proxy. `cut()` cuts all connections, and the next ones come from another address. */
async function startProxy (target) {
  const sockets = new Set()
  let cuts = 0
  const server = listenTcp((client) => {
    const behind = connect({ port: target, host: '127.0.0.1', localAddress: `127.0.0.${2 + cuts % 200}` })
    for (const [from, to] of [[client, behind], [behind, client]]) {
      sockets.add(from)
      from.setNoDelay(true).pipe(to)
      from.on('error', () => {}).on('close', () => { sockets.delete(from); to.destroy() })
    }
  })
  const port = await listen(server)
  return {
    port,
    cut () {
      cuts++
      for (const socket of sockets) socket.resetAndDestroy()
    },
    stop () {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}

/** Numbers that arrived, and the sessions that the server saw. */
const newLog = () => ({ ofServer: [], ofClient: [], sessions: 0 })

async function ofThisPackage (transport, log) {
  const app = Fastify()
  await app.register(sockjs, { origins: '*' })
  app.sockjs('/chat', { resume: true, queue: { limit: 2 ** 24 } }, (session) => {
    log.sessions++
    session.on('message', (text) => log.ofClient.push(Number(text)))
    log.sendOfServer = (i) => session.send(`${i}`)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    port: app.server.address().port,
    open (port) {
      const socket = resumable(`http://127.0.0.1:${port}/chat`, { transports: transport })
      socket.onmessage = ({ data }) => log.ofServer.push(Number(data))
      return new Promise((resolve) => { socket.onopen = () => resolve({ send: (i) => socket.send(`${i}`), close: () => socket.close() }) })
    },
    stop: () => app.close()
  }
}

async function ofSocketIo (transport, log) {
  const server = createServer()
  const sockets = new Server(server, { connectionStateRecovery: {}, transports: [transport] })
  sockets.on('connection', (socket) => {
    if (!socket.recovered) log.sessions++
    socket.join('chat')
    socket.on('m', (i) => log.ofClient.push(i))
    log.sendOfServer = (i) => sockets.to('chat').emit('m', i)
  })
  return {
    port: await listen(server),
    open (port) {
      const socket = io(`http://127.0.0.1:${port}`, { transports: [transport], reconnectionDelay: 250, reconnectionDelayMax: 5000 })
      socket.on('m', (i) => log.ofServer.push(i))
      return new Promise((resolve) => socket.on('connect', () => resolve({ send: (i) => socket.emit('m', i), close: () => socket.close() })))
    },
    stop: () => new Promise((resolve) => sockets.close(resolve))
  }
}

const count = (numbers) => {
  const seen = new Set(numbers)
  return { lost: COUNT - seen.size, twice: numbers.length - seen.size, ordered: numbers.every((n, i) => i === 0 || n > numbers[i - 1]) }
}

const CANDIDATES = [
  ['fastify-sockjs, websocket', ofThisPackage, 'websocket'],
  ['fastify-sockjs, xhr-polling', ofThisPackage, 'xhr-polling'],
  ['socket.io 4.8 with connectionStateRecovery, websocket', ofSocketIo, 'websocket'],
  ['socket.io 4.8 with connectionStateRecovery, polling', ofSocketIo, 'polling']
]

console.log('| server and transport | sessions | of the server: lost / twice | of the client: lost / twice | in order |\n|---|---|---|---|---|')
for (const [name, start, transport] of CANDIDATES) {
  const log = newLog()
  const server = await start(transport, log)
  const proxy = await startProxy(server.port)
  const client = await server.open(proxy.port)
  await delay(100)
  for (let i = 0; i < COUNT; i++) {
    log.sendOfServer(i)
    client.send(i)
    if (i % (COUNT / CUTS) === COUNT / CUTS / 2) {
      proxy.cut()
      await delay(50)
    }
    await delay(PAUSE)
  }
  // The last messages, also behind the longest pause of a client.
  for (let waited = 0; waited < 10_000 && (log.ofServer.length < COUNT || log.ofClient.length < COUNT); waited += 100) await delay(100)
  const [down, up] = [count(log.ofServer), count(log.ofClient)]
  console.log(`| ${name} | ${log.sessions} | ${down.lost} / ${down.twice} | ${up.lost} / ${up.twice} | ${down.ordered && up.ordered ? 'yes' : 'no'} |`)
  client.close()
  await server.stop()
  proxy.stop()
}
process.exit()
