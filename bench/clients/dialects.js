import { constants, inflateRawSync } from 'node:zlib'
import { SAYING } from '../said.js'
import { token } from '../token.js'
import { mustHave } from './session.js'

const code = (character) => character.charCodeAt(0)
const nothing = () => {}

// `text` is what a session sends, and `proof` is a part of what must come back.

/** The messages are all there is. */
const bare = (_id, message) => ({
  path: '/',
  text: message,
  proof: message,
  upgraded: (session) => session.opened(),
  read: () => 1
})

/** As another dialect, with more header fields in its handshake. */
const withHeaders = (dialect, headers) => (id, message) => ({ ...dialect(id, message), headers })

const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n'
/** Longer than the frames that carry no message. */
const COMPRESSED = 8
const TAIL = Buffer.from([0, 0, 0xff, 0xff])

/** All messages are equal, so the length of a compressed frame tells how many it has. One frame of each length is inflated. */
const deflated = (dialect) => {
  const counts = new Map()
  return (id, message) => {
    const { read, proof, ...rest } = dialect(id, message)
    function inflated (session, data, start, end) {
      const text = inflateRawSync(Buffer.concat([data.subarray(start, end), TAIL]), { finishFlush: constants.Z_SYNC_FLUSH })
      mustHave(session, proof, text)
      return read(session, text, 0, text.length)
    }
    return {
      ...rest,
      headers: DEFLATE,
      read (session, data, start, end) {
        const length = end - start
        if (length <= COMPRESSED) return read(session, data, start, end)
        if (!counts.has(length)) counts.set(length, inflated(session, data, start, end))
        return counts.get(length)
      }
    }
  }
}

const authorization = () => `Authorization: Bearer ${token()}\r\n`

/** An array holds k messages of known length: `a["…","…"]`. */
export const countOf = (bytes, quoted) => Math.round((bytes - 2) / (quoted.length + 1))

const sockjs = (id, message) => {
  const quoted = JSON.stringify(message)
  return {
    path: `/bench/000/${id}/websocket`,
    text: `[${quoted}]`,
    proof: quoted,
    upgraded: nothing,
    read (session, data, start, end) {
      if (data[start] === code('a')) return countOf(end - start, quoted)
      if (data[start] === code('o')) session.opened()
      return 0
    }
  }
}

const engine = (_id, message) => ({
  path: '/engine.io/?EIO=4&transport=websocket',
  text: '4' + message,
  proof: message,
  upgraded: nothing,
  read (session, data, start) {
    if (data[start] === code('4')) return 1
    if (data[start] === code('2')) session.say('3')
    else if (data[start] === code('0')) session.opened()
    return 0
  }
})

const socketIo = (_id, message) => ({
  path: '/socket.io/?EIO=4&transport=websocket',
  text: '42' + JSON.stringify(['message', message]),
  proof: JSON.stringify(message),
  upgraded: nothing,
  read (session, data, start, end) {
    if (data[start] === code('4')) {
      if (data[start + 1] === code('2')) return 1
      if (data[start + 1] === code('4')) session.failed(new Error(`refused: ${data.toString('latin1', start, end)}`))
      else session.opened()
    } else if (data[start] === code('2')) {
      session.say('3')
    } else if (data[start] === code('0')) {
      session.say('40')
    }
    return 0
  }
})

const connectFrame = 'CONNECT\naccept-version:1.2\nhost:bench\nheart-beat:0,0\n\n\0'
const subscribeFrame = (topic, headers = '', id = 'sub-0') => `SUBSCRIBE\nid:${id}\ndestination:${topic}\n${headers}\n\0`

/** The plugin of RabbitMQ has a path and a virtual host of its own. */
const RABBITMQ = { path: '/ws', connect: 'CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\nheart-beat:0,0\n\n\0', receipt: true }
const RECEIPT = 'receipt:subscribed\n'
const sendFrame = (topic, message) => `SEND\ndestination:${topic}\n\n${message}\0`

const send = (topicOf) => (id, message) => sendFrame(topicOf(id), message)

/**
 * All subscribe one topic for a fan-out; each its own for an echo. A broker that is far may need a receipt until it has the subscription.
 *
 * `topicsOf` are the topics of a session that subscribes several. `acknowledge` answers each message of a queue.
 */
const stomp = (topicOf, { frameFor = send(topicOf), topicsOf = (id) => [topicOf(id)], path = '/stomp', connect = connectFrame, receipt = false, acknowledge = false, proof } = {}) => (id, message) => ({
  path,
  protocol: 'v12.stomp',
  text: frameFor(id, message),
  proof: proof ?? message,
  upgraded: (session) => session.say(connect),
  read (session, data, start, end) {
    if (data[start] === code('M')) {
      if (acknowledge) session.say(`ACK\nid:${ackOf(data.toString('latin1', start, end))}\n\n\0`)
      return 1
    }
    if (data[start] === code('C')) {
      const topics = topicsOf(id)
      for (const [i, topic] of topics.entries()) {
        session.say(subscribeFrame(topic, (acknowledge ? QUEUED : '') + (receipt && i === topics.length - 1 ? RECEIPT : ''), `sub-${i}`))
      }
      if (!receipt) session.opened()
    } else if (data[start] === code('R')) {
      session.opened()
    } else if (data[start] === code('E')) {
      session.failed(new Error(data.toString('latin1', start, start + 200)))
    }
    return 0
  }
})

const QUEUED = 'ack:client-individual\nprefetch-count:10\n'
const ackOf = (frame) => /\nack:(.*)\n/.exec(frame)[1]

const NUL = Buffer.from('\\u0000')

/** The length of a MESSAGE varies with its id, so the ends of frames are counted. */
const stompInSockjs = (topicOf) => (id, message) => ({
  path: `/stomp/000/${id}/websocket`,
  text: JSON.stringify([sendFrame(topicOf(id), message)]),
  proof: JSON.stringify(message).slice(1, -1),
  upgraded: nothing,
  read (session, data, start, end) {
    if (data[start] === code('o')) session.say(JSON.stringify([connectFrame]))
    if (data[start] !== code('a')) return 0
    if (data[start + 3] === code('C')) {
      session.say(JSON.stringify([subscribeFrame(topicOf(id))]))
      session.opened()
      return 0
    }
    let count = 0
    for (let at = data.indexOf(NUL, start); at !== -1 && at < end; at = data.indexOf(NUL, at + 6)) count++
    return count
  }
})

const shared = () => '/topic/bench'
const own = (id) => `/topic/${id}`
const queue = () => '/queue/bench'

/** The topics of a session among many: a thousand sessions that open one after the other have ten subscriptions to each topic. */
const TOPICS = 10_000
const OF_EACH = 100
const many = (id) => Array.from({ length: OF_EACH }, (_, i) => `/topic/t${(Number(id.slice(1)) * OF_EACH + i) % TOPICS}`)
const first = () => '/topic/t0'

/** The answer has the fields of the message, and one more. */
const SAID_AGAIN = SAYING.slice(0, -1) + ','

/** A message to a room, and how socket.io sends it. */
const sayFrame = () => `SEND\ndestination:/app/rooms/bench\ncontent-type:application/json\n\n${SAYING}\0`
const saySocketIo = (id) => ({ ...socketIo(id, ''), text: `42["say",${SAYING}]`, proof: SAID_AGAIN })

/** A message for a route, from a page that has a trace. */
const routeFrame = (id, message) => `SEND\ndestination:/app/echo/${id}\ntraceparent:00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n\n${message}\0`

export const DIALECTS = {
  bare,
  'bare, deflated': deflated(bare),
  'bare, with a token': (id, message) => withHeaders(bare, authorization())(id, message),
  'sockjs, deflated': deflated(sockjs),
  'sockjs, with a token': (id, message) => withHeaders(sockjs, authorization())(id, message),
  'socket.io, with a token': (id, message) => withHeaders(socketIo, authorization())(id, message),
  'socket.io room': saySocketIo,
  sockjs,
  'engine.io': engine,
  'socket.io': socketIo,
  'stomp fan-out': stomp(shared),
  'stomp fan-out with receipts': stomp(shared, { receipt: true }),
  'stomp echo': stomp(own),
  'stomp fan-out of RabbitMQ': stomp(shared, RABBITMQ),
  'stomp many topics': stomp(first, { topicsOf: many }),
  'stomp many topics with receipts': stomp(first, { topicsOf: many, receipt: true }),
  'stomp queue': stomp(queue, { receipt: true, acknowledge: true }),
  'stomp queue of RabbitMQ': stomp(queue, { ...RABBITMQ, acknowledge: true }),
  'stomp room': stomp(() => '/topic/rooms/bench', { frameFor: sayFrame, proof: SAID_AGAIN }),
  'stomp route': stomp(own, { frameFor: routeFrame }),
  'stomp fan-out in sockjs': stompInSockjs(shared),
  'stomp echo in sockjs': stompInSockjs(own)
}
