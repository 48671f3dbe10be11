/* global location, document, sessionStorage */
import { connectStomp } from 'fastify-sockjs/client/stomp'
import { contract } from './contract.js'

const $ = (selector) => document.querySelector(selector)
const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}

let client = null
let me = ''
let room = ''
/** The people in each room. */
let people = new Map()
/** The two subscriptions of a room: the earlier messages, and the new ones. */
let subscriptions = []
/** The messages on the page, by id. A message may come twice, from the history and as a new one. */
let shown = new Set()

// --- the connection ------------------------------------------------------------------------------------------

/** The transports to choose from. Without a choice, the client takes the first one that works. */
const TRANSPORTS = { websocket: undefined, http: ['xhr-streaming', 'xhr-polling'] }

function connect (name, by) {
  me = name
  client = connectStomp(new URL('stomp', location), { contract, headers: { login: name }, transports: TRANSPORTS[by] })
  client.onconnected = enter
  client.onrecovered = () => show('Connected again')
  client.oninterrupted = () => show('Not connected; trying again …')
  client.onerror = ({ error }) => { $('#refused').textContent = error.message }
  client.onclosed = ({ error }) => leave(error?.message)
  // The subscriptions live over all connections, so each is made once.
  client.subscribe('/app/rooms', {}, ({ body }) => watch(body))
  open('Lobby')
}

function enter () {
  $('#door').hidden = true
  $('#house').hidden = false
  $('#me').textContent = me
  show('Connected')
}

function leave (problem = '') {
  room = ''
  people = new Map()
  subscriptions = []
  $('#door').hidden = false
  $('#house').hidden = true
  $('#problem').textContent = problem
  $('#name').focus()
}

// --- rooms ---------------------------------------------------------------------------------------------------

function open (name) {
  if (name === room) return
  for (const subscription of subscriptions) subscription.unsubscribe()
  showRoom(name)
  // The page subscribes to new messages first. So a message that is sent meanwhile comes twice, and is not lost.
  const params = { room: name }
  subscriptions = [
    client.subscribe('/topic/rooms/:room', { params }, ({ body }) => add(body)),
    client.subscribe('/app/rooms/:room', { params }, ({ body }) => body.forEach(add))
  ]
}

function showRoom (name) {
  room = name
  shown = new Set()
  $('#room').textContent = name
  $('#messages').replaceChildren()
  showRooms()
}

/** Watches who is in each room. A room that the page knows has its subscription. */
function watch (rooms) {
  for (const name of rooms) {
    if (people.has(name)) continue
    people.set(name, new Set())
    client.subscribe('/topic/$presence/rooms/:room', { params: { room: name } }, ({ body: { type, users, user } }) => {
      if (type === 'list') people.set(name, new Set(users))
      else if (type === 'join') people.get(name).add(user)
      else people.get(name).delete(user)
      showRooms()
    })
  }
}

function showRooms () {
  const focused = document.activeElement?.dataset?.room
  $('#rooms').replaceChildren(...[...people].map(([name, { size }]) => {
    const count = element('span', { className: 'count', textContent: size || '' })
    if (size > 0) count.setAttribute('aria-label', `${size} here`)
    const button = element('button', { onclick: () => { open(name); $('#text').focus() } }, name, count)
    button.dataset.room = name
    if (name === room) button.setAttribute('aria-current', 'page')
    return element('li', {}, button)
  }))
  $('#people').textContent = [...people.get(room) ?? []].sort().join(', ')
  const again = [...$('#rooms').querySelectorAll('button')].find((button) => button.dataset.room === focused)
  again?.focus()
}

// --- messages ------------------------------------------------------------------------------------------------

function add ({ id, from, text, time }) {
  if (shown.has(id)) return
  shown.add(id)
  const list = $('#messages')
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60
  const line = element('article', {},
    element('div', { className: 'head' },
      element('b', { textContent: from }),
      element('time', { dateTime: new Date(time).toISOString(), textContent: new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }) })),
    element('p', { textContent: text }))
  line.dataset.from = from
  line.dataset.time = time
  line.classList.toggle('own', from === me)
  // A message of the history may be older than the messages on the page.
  const after = [...list.children].findLast((other) => Number(other.dataset.time) <= time)
  if (after === undefined) list.prepend(line)
  else after.after(line)
  for (const each of [line, line.nextElementSibling]) each?.classList.toggle('more', each.previousElementSibling?.dataset.from === each.dataset.from)
  if (atEnd) list.scrollTop = list.scrollHeight
}

function show (state) {
  $('#link').textContent = state
}

// --- actions ------------------------------------------------------------------------------------------

$('#enter').addEventListener('submit', (event) => {
  event.preventDefault()
  const name = $('#name').value.trim()
  sessionStorage.setItem('name', name)
  $('#problem').textContent = ''
  connect(name, $('[name=by]:checked').value)
})

$('#say').addEventListener('submit', async (event) => {
  event.preventDefault()
  const text = $('#text').value
  if (text.trim() === '') return
  $('#text').value = ''
  $('#refused').textContent = ''
  try {
    // It resolves when the server has taken the message. While there is no connection, the message waits.
    await client.send('/app/rooms/:room', { text }, { params: { room } })
  } catch ({ message }) {
    $('#refused').textContent = message
    $('#text').value ||= text
  }
})

$('#leave').addEventListener('click', () => client.close())

$('#name').value = sessionStorage.getItem('name') ?? ''
