/* global SockJS, StompJs */
const find = (selector) => document.querySelector(selector)
const [door, say, list, status] = ['#door', '#say', '#messages', '[role=status]'].map(find)

function element (tag, className, text) {
  return Object.assign(document.createElement(tag), { className, textContent: text })
}

function tell (text, refused = false) {
  status.textContent = text
  status.classList.toggle('refused', refused)
}

/** The codes of refusals for good. After any other error, the page sends a message again, under the same id. */
const FINAL = new Set(['STOMP_HANDLER_FAILED', 'STOMP_ACCESS_REFUSED'])

/** The states of a message of this page, as text. */
const STATES = { waiting: 'on its way', confirmed: 'stored, confirmed by Kafka', stored: 'stored', refused: 'refused' }

/** The messages that the page shows, by their id. */
class Messages {
  #lines = new Map()

  /** Shows a message at the place of its time. One that comes again changes its place and its node at most. */
  show ({ id, from, text, node, time }) {
    const line = this.#line(id)
    line.sent = time
    const next = [...this.#lines.values()].filter(({ sent }) => sent > time).sort((a, b) => a.sent - b.sent)[0]
    list.insertBefore(line.item, next?.item ?? null)
    line.chip.className = `chip ${node ?? ''}`
    line.chip.textContent = node ?? ''
    line.chip.hidden = node === undefined
    line.from.textContent = from
    line.time.textContent = new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' })
    line.text.textContent = text
    list.scrollTop = list.scrollHeight
  }

  note (id, state) {
    this.#line(id).state.textContent = STATES[state]
    list.scrollTop = list.scrollHeight
  }

  #line (id) {
    const known = this.#lines.get(id)
    if (known !== undefined) return known
    const item = element('li', '', '')
    const line = { item, sent: 0, from: element('b', '', ''), chip: element('span', 'chip', ''), time: element('time', '', ''), state: element('span', '', ''), text: element('p', '', '') }
    const head = element('div', 'head', '')
    head.append(line.from, line.chip, line.time, line.state)
    item.append(head, line.text)
    this.#lines.set(id, line)
    return line
  }
}

/** One user in one room. */
class Visit {
  #name
  #room
  #client
  #isForged
  #hasKafka = true
  #messages = new Messages()
  /** The messages of this page without a receipt, by their id. */
  #waiting = new Map()

  constructor ({ name, room, transport }, isForged) {
    this.#name = name
    this.#room = room
    this.#isForged = isForged
    this.#client = new StompJs.Client({
      webSocketFactory: () => new SockJS('/stomp', null, transport === '' ? {} : { transports: [transport] }),
      reconnectDelay: 1_000,
      beforeConnect: () => this.#signIn(),
      onConnect: () => this.#enter(),
      onStompError: ({ headers }) => this.#failed(headers),
      onWebSocketClose: () => { find('#session').textContent = 'not connected' }
    })
    this.#client.activate()
  }

  send (text) {
    const id = crypto.randomUUID()
    this.#waiting.set(id, text)
    this.#messages.show({ id: `${this.#name}/${id}`, from: this.#name, text, time: Date.now() })
    this.#messages.note(`${this.#name}/${id}`, 'waiting')
    if (this.#client.connected) this.#publish(id, text)
  }

  sendInvalid () {
    if (this.#client.connected) this.#client.publish({ destination: `/app/rooms/${this.#room}`, body: '{"text":17}', headers: { receipt: 'invalid' } })
  }

  async #signIn () {
    try {
      const response = await fetch('/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: this.#name, room: this.#room }) })
      if (response.status === 400) {
        tell((await response.json()).message, true)
        await this.#client.deactivate()
        return
      }
      const { token } = await response.json()
      // The last part of a token is its signature.
      this.#client.connectHeaders = { Authorization: `Bearer ${this.#isForged ? token.replace(/[^.]+$/, 'forged') : token}` }
    } catch {
      tell('The server does not answer. The page tries again.', true)
    }
  }

  #enter () {
    door.hidden = true
    find('#room').hidden = false
    find('#title').textContent = `Room ${this.#room}`
    const [name, room] = [this.#name, this.#room]
    this.#client.subscribe(`/topic/rooms/${room}`, ({ body }) => this.#messages.show(JSON.parse(body)))
    this.#client.subscribe(`/topic/counts/${room}`, ({ body }) => this.#count(JSON.parse(body)))
    this.#client.subscribe(`/app/rooms/${room}`, ({ body }) => {
      const { node, kafka, messages, count } = JSON.parse(body)
      this.#hasKafka = kafka
      find('#session').textContent = `${name}, session at node ${node}`
      for (const message of messages) this.#messages.show(message)
      if (count !== null) this.#count(count)
      if (!kafka) find('#counts-note').textContent = 'Kafka is left out, so nothing is counted.'
    })
    for (const [id, text] of this.#waiting) this.#publish(id, text)
    say.elements.text.focus()
  }

  #count ({ messages, words }) {
    find('#messages-count').textContent = messages
    find('#words-count').textContent = words
  }

  #publish (id, text) {
    // The page does not subscribe to /user/queue/errors. So a message that fails gets an ERROR, and never a RECEIPT.
    this.#client.watchForReceipt(id, () => {
      this.#waiting.delete(id)
      this.#messages.note(`${this.#name}/${id}`, this.#hasKafka ? 'confirmed' : 'stored')
    })
    this.#client.publish({ destination: `/app/rooms/${this.#room}`, body: JSON.stringify({ id, text }), headers: { receipt: id } })
  }

  #failed (headers) {
    const id = headers['receipt-id']
    const last = headers.code === 'STOMP_AUTHENTICATION_FAILED'
    if (FINAL.has(headers.code) && this.#waiting.delete(id)) this.#messages.note(`${this.#name}/${id}`, 'refused')
    tell(`ERROR ${headers.code}: ${headers.message}`, true)
    if (last) this.#client.deactivate()
  }
}

let visit = null
door.onsubmit = (event) => {
  event.preventDefault()
  tell('')
  visit = new Visit(Object.fromEntries(new FormData(door)), event.submitter?.name === 'forged')
}
say.onsubmit = (event) => {
  event.preventDefault()
  tell('')
  visit.send(say.elements.text.value)
  say.reset()
}
find('#invalid').onclick = () => visit.sendInvalid()
