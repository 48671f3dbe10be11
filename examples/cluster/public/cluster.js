/* global SockJS, XMLHttpRequest */
const NODES = ['amber', 'blue', 'cyan']

/** The squares that fit into a row. */
const SQUARES = 40

/** The time between two messages of a session, in milliseconds. */
const PAUSE = 1_000

const sessions = []
const served = new Map(NODES.map((name) => [name, 0]))

function element (tag, className, text = '') {
  return Object.assign(document.createElement(tag), { className, textContent: text })
}

// --- which node has served a request? sockjs-client does not tell, so that the page looks at the header of every response.

const { open } = XMLHttpRequest.prototype
XMLHttpRequest.prototype.open = function (method, url, ...rest) {
  this.addEventListener('readystatechange', () => {
    if (this.readyState !== 2) return
    const [, id, route] = /\/where\/\w+\/(\w+)\/(xhr\w*)/.exec(url) ?? []
    sessions.find((session) => session.id === id)?.serve(this.getResponseHeader('x-node'), route === 'xhr_send' ? 'send' : 'receive')
  })
  return open.call(this, method, url, ...rest)
}

/** One SockJS session and its card. */
class Session {
  id = ''
  owner = ''
  messages = 0
  #socket
  #card = element('li', '')
  #chip = element('span', 'chip')
  #rows = { receive: element('div', 'squares'), send: element('div', 'squares') }
  #foot = element('p', 'foot', 'connects')
  #timer = 0
  #isSocket

  constructor (transport) {
    this.#socket = new SockJS('/where', null, {
      transports: [transport],
      sessionId: () => {
        this.id = `s${Math.random().toString(36).slice(2, 10)}`
        return this.id
      }
    })
    const head = element('div', 'head')
    head.append(element('b', '', transport), this.#chip)
    this.#card.append(head)
    this.#isSocket = transport === 'websocket'
    if (!this.#isSocket) {
      for (const [name, squares] of Object.entries(this.#rows)) {
        const row = element('div', 'row')
        row.append(element('span', '', name === 'send' ? 'sends' : 'responses'), squares)
        this.#card.append(row)
      }
    }
    this.#card.append(this.#foot)
    document.querySelector('#sessions').append(this.#card)
    this.#socket.onopen = () => this.#say()
    this.#socket.onmessage = ({ data }) => this.#take(JSON.parse(data))
    this.#socket.onclose = ({ code, reason }) => {
      clearTimeout(this.#timer)
      this.#foot.textContent = `closed with ${code} ${reason}`
    }
  }

  greetAll () { this.#socket.send('all:hello') }

  get isOpen () { return this.#socket.readyState === 1 }

  #say () { this.#socket.send(`message ${this.messages + 1}`) }

  #take ({ owner, from, text }) {
    if (from !== undefined) {
      document.querySelector('[role=status]').textContent = `${from} says ${text} to every session`
      this.#card.animate([{ transform: 'scale(1)' }, { transform: 'scale(1.03)' }, { transform: 'scale(1)' }], 400)
      return
    }
    this.messages++
    this.owner = owner
    this.#chip.className = `chip ${owner}`
    this.#chip.textContent = `owner: ${owner}`
    this.#foot.textContent = `${this.messages} messages${this.#isSocket ? ' on one connection, which stays with its node' : ''}`
    showNodes()
    this.#timer = setTimeout(() => this.#say(), PAUSE)
  }

  /** Notes that a node has served a request of this session. */
  serve (node, row) {
    if (!served.has(node)) return
    served.set(node, served.get(node) + 1)
    const square = element('i', node, node[0].toUpperCase())
    square.title = `served by ${node}`
    if (this.owner !== '' && node !== this.owner) square.classList.add('foreign')
    this.#rows[row].prepend(square)
    while (this.#rows[row].childElementCount > SQUARES) this.#rows[row].lastChild.remove()
    showNodes()
  }
}

function showNodes () {
  document.querySelector('#nodes').replaceChildren(...NODES.map((name) => {
    const owned = sessions.filter(({ owner, isOpen }) => owner === name && isOpen).length
    const line = element('li', name)
    line.append(element('b', '', name), element('span', '', `owns ${owned} ${owned === 1 ? 'session' : 'sessions'}`), element('span', '', `served ${served.get(name)} requests`))
    return line
  }))
}

function openSession (transport) { sessions.push(new Session(transport)) }

for (const transport of ['xhr-polling', 'xhr-polling', 'xhr-streaming', 'xhr-streaming', 'websocket']) openSession(transport)
for (const button of document.querySelectorAll('[data-open]')) button.onclick = () => openSession(button.dataset.open)
document.querySelector('#all').onclick = () => sessions.find(({ isOpen }) => isOpen)?.greetAll()
showNodes()
