/* global SockJS, StompJs, Worker, connectStomp */
/**
 * What a page, a worker or a program does with a server, as functions that the suites call by name. Each resolves with facts as JSON can
 * carry them, and with a `problem` in words where something went wrong. `messages` names the address of the texts, where that is not
 * the folder of the page.
 */

/** Everything that was asked for arrives before this, or never. */
const PATIENCE = 60_000

/** The least that sockjs-client waits for a transport. Its own figure, a multiple of one round trip, is too little on a busy machine. */
const ATTEMPT = 4000

function connect ({ url, transports }) {
  return new SockJS(url, null, { timeout: ATTEMPT, ...(transports ? { transports } : {}) })
}

function opened (socket) {
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve(socket.transport)
    socket.onclose = ({ code, reason }) => reject(new Error(`closed with ${code} ${reason}`))
  })
}

function inTime (promise, what) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${PATIENCE} ms for ${what()}`)), PATIENCE)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

async function messages ({ messages = 'messages.json' }) {
  return (await fetch(messages)).json()
}

const shown = (text) => JSON.stringify(text).slice(0, 80)

/** Sends all texts at once and waits for them to come back one by one in the same order. */
function roundTrip (socket, texts) {
  let next = 0
  const all = new Promise((resolve, reject) => {
    socket.onmessage = ({ data }) => {
      if (data !== texts[next]) reject(new Error(`message ${next}: ${shown(texts[next])} came back as ${shown(data)}`))
      else if (++next === texts.length) resolve()
    }
    socket.onclose = ({ code, reason }) => reject(new Error(`closed with ${code} ${reason} before message ${next}`))
  })
  for (const text of texts) socket.send(text)
  return inTime(all, () => `message ${next} of ${texts.length}`)
}

/** Nothing comes but heartbeats, as many as were asked for. */
function idle (socket, heartbeats) {
  let count = 0
  return inTime(new Promise((resolve, reject) => {
    socket.addEventListener('heartbeat', () => { if (++count === heartbeats) resolve() })
    socket.onclose = ({ code, reason }) => reject(new Error(`closed with ${code} ${reason} after ${count} heartbeats`))
  }), () => `heartbeat ${count} of ${heartbeats}`)
}

/** Waits until a session ends that nobody talks to. */
function ended (socket) {
  return inTime(new Promise((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean })
  }), () => 'the end')
}

/** Runs one trial; whatever happens, the socket is gone afterwards. */
async function trial (options, run) {
  const begun = performance.now()
  const socket = connect(options)
  const facts = {}
  try {
    facts.transport = await inTime(opened(socket), () => 'an open session')
    facts.openMs = Math.round(performance.now() - begun)
    await run(socket, facts)
  } catch (error) {
    facts.problem = error.message
  }
  socket.onclose = null
  socket.close()
  return facts
}

globalThis.trials = {
  /** `sizes: ['awkward', 'large', 'small']` or some of them go round. */
  async echo ({ sizes, ...options }) {
    const texts = await messages(options)
    return trial(options, async (socket, facts) => {
      const begun = performance.now()
      await roundTrip(socket, sizes.flatMap((size) => texts[size]))
      facts.echoMs = Math.round(performance.now() - begun)
    })
  },

  /** Silence for some heartbeats, and then small messages. */
  async survive ({ heartbeats, ...options }) {
    const texts = await messages(options)
    return trial(options, async (socket) => {
      await idle(socket, heartbeats)
      await roundTrip(socket, texts.small)
    })
  },

  /** Runs another trial in a worker. */
  inWorker ({ trial, ...options }) {
    const worker = new Worker('worker.js')
    return new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = ({ message }) => resolve({ problem: message })
      worker.postMessage({ trial, options })
    }).finally(() => worker.terminate())
  },

  /** Silence that somebody else ends. */
  endOf: (options) => trial(options, async (socket, facts) => { facts.end = await ended(socket) }),

  /** Two people in a room say everything that is hard to say; both hear both, each in order. */
  async chat (options) {
    const { wellFormed: texts } = await messages(options)
    const room = Math.random().toString(36).slice(2)
    const people = ['ann', 'bob'].map((name) => new Person(name, room, options))
    try {
      await inTime(Promise.all(people.map((person) => person.ready)), () => 'two subscriptions')
      for (const person of people) person.say(texts)
      await inTime(Promise.all(people.map((person) => person.heard(people.length * texts.length))), () => 'all that was said')
      const wrong = people.flatMap((person) => people.flatMap(({ name }) => person.wrong(name, texts)))
      return { transport: people[0].transport, ...(wrong.length > 0 ? { problem: wrong[0] } : {}) }
    } catch (error) {
      return { problem: error.message }
    } finally {
      await Promise.all(people.map(({ client }) => client.deactivate()))
    }
  },

  /** The STOMP client of this package in a room: a loop, receipts, and a clean end. */
  async ownChat (options) {
    const { wellFormed: texts } = await messages(options)
    const transports = []
    const client = connectStomp(options.url, { transports: options.transports, headers: options.headers, timeout: ATTEMPT, onattempt: ({ transport, reason }) => transports.push(`${transport}: ${reason}`) })
    try {
      const room = client.subscribe('/topic/chat/:room', { params: { room: Math.random().toString(36).slice(2) } })
      await inTime(room.ready, () => 'the subscription')
      const said = Promise.all(texts.map((content) => client.send(room.destination.replace('/topic', '/app'), { sender: 'ann', content })))
      const heard = []
      await inTime((async () => {
        for await (const { body } of room) if (heard.push(body.content) === texts.length) break
      })(), () => `message ${heard.length} of ${texts.length}`)
      await inTime(said, () => 'the receipts')
      if (JSON.stringify(heard) !== JSON.stringify(texts)) throw new Error(`heard ${shown(heard)}`)
      await inTime(client.close(), () => 'the end')
      return transports.length > 0 ? { problem: transports.join() } : {}
    } catch (error) {
      client.close()
      return { problem: error.message }
    }
  }
}

class Person {
  constructor (name, room, options) {
    this.name = name
    this.room = room
    this.said = []
    this.transport = null
    let socket
    this.client = new StompJs.Client({ reconnectDelay: 0, webSocketFactory: () => (socket = connect(options)) })
    this.ready = new Promise((resolve, reject) => {
      this.client.onConnect = () => {
        this.transport = socket.transport
        this.client.watchForReceipt('here', resolve)
        this.client.subscribe(`/topic/chat/${room}`, ({ body }) => this.hear(JSON.parse(body)), { receipt: 'here' })
      }
      this.client.onStompError = ({ headers }) => reject(new Error(headers.message))
      this.client.onWebSocketClose = ({ code, reason }) => reject(new Error(`${name}: closed with ${code} ${reason}`))
    })
    this.client.activate()
  }

  say (texts) {
    for (const content of texts) {
      this.client.publish({ destination: `/app/chat/${this.room}`, body: JSON.stringify({ sender: this.name, content }) })
    }
  }

  hear (message) {
    this.said.push(message)
    this.onHear?.()
  }

  heard (count) {
    return new Promise((resolve) => {
      this.onHear = () => { if (this.said.length >= count) resolve() }
      this.onHear()
    })
  }

  /** What of somebody's words is not as it was said. */
  wrong (sender, texts) {
    const contents = this.said.filter((message) => message.sender === sender).map(({ content }) => content)
    return JSON.stringify(contents) === JSON.stringify(texts) ? [] : [`${this.name} heard of ${sender}: ${shown(contents)}`]
  }
}
