const code = (character) => character.charCodeAt(0)
const nothing = () => {}

/** The messages are all there is. */
const bare = (_id, message) => ({
  path: '/',
  text: message,
  upgraded: (session) => session.opened(),
  read: () => 1
})

/** An array holds k messages of known length: `a["…","…"]`. */
export const countOf = (bytes, message) => Math.round((bytes - 2) / (message.length + 3))

const sockjs = (id, message) => ({
  path: `/bench/000/${id}/websocket`,
  text: JSON.stringify([message]),
  upgraded: nothing,
  read (session, data, start, end) {
    if (data[start] === code('a')) return countOf(end - start, message)
    if (data[start] === code('o')) session.opened()
    return 0
  }
})

const engine = (_id, message) => ({
  path: '/engine.io/?EIO=4&transport=websocket',
  text: '4' + message,
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
  upgraded: nothing,
  read (session, data, start) {
    if (data[start] === code('4')) {
      if (data[start + 1] === code('2')) return 1
      session.opened()
    } else if (data[start] === code('2')) {
      session.say('3')
    } else if (data[start] === code('0')) {
      session.say('40')
    }
    return 0
  }
})

const connectFrame = 'CONNECT\naccept-version:1.2\nhost:bench\nheart-beat:0,0\n\n\0'
const subscribeFrame = (topic, headers = '') => `SUBSCRIBE\nid:sub-0\ndestination:${topic}\n${headers}\n\0`
const RECEIPT = 'receipt:subscribed\n'
const sendFrame = (topic, message) => `SEND\ndestination:${topic}\n\n${message}\0`

const send = (topicOf) => (id, message) => sendFrame(topicOf(id), message)

/** All subscribe one topic for a fan-out; each its own for an echo. A broker that is far may need a receipt until it has the subscription. */
const stomp = (topicOf, { frameFor = send(topicOf), receipt = false } = {}) => (id, message) => ({
  path: '/stomp',
  protocol: 'v12.stomp',
  text: frameFor(id, message),
  upgraded: (session) => session.say(connectFrame),
  read (session, data, start) {
    if (data[start] === code('M')) return 1
    if (data[start] === code('C')) {
      session.say(subscribeFrame(topicOf(id), receipt ? RECEIPT : ''))
      if (!receipt) session.opened()
    } else if (data[start] === code('R')) {
      session.opened()
    } else if (data[start] === code('E')) {
      session.failed(new Error(data.toString('latin1', start, start + 200)))
    }
    return 0
  }
})

const NUL = Buffer.from('\\u0000')

/** The length of a MESSAGE varies with its id, so the ends of frames are counted. */
const stompInSockjs = (topicOf) => (id, message) => ({
  path: `/stomp/000/${id}/websocket`,
  text: JSON.stringify([sendFrame(topicOf(id), message)]),
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

/** A message for a route, from a page that has a trace. */
const routeFrame = (id, message) => `SEND\ndestination:/app/echo/${id}\ntraceparent:00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n\n${message}\0`

export const DIALECTS = {
  bare,
  sockjs,
  'engine.io': engine,
  'socket.io': socketIo,
  'stomp fan-out': stomp(shared),
  'stomp fan-out with receipts': stomp(shared, { receipt: true }),
  'stomp echo': stomp(own),
  'stomp route': stomp(own, { frameFor: routeFrame }),
  'stomp fan-out in sockjs': stompInSockjs(shared),
  'stomp echo in sockjs': stompInSockjs(own)
}
