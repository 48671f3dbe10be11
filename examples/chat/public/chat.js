/* global StompJs, SockJS, location, document, sessionStorage */

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

function connect (name, by) {
  me = name
  client = new StompJs.Client({
    ...(by === 'sockjs' ? { webSocketFactory: () => new SockJS(new URL('stomp', location)) } : { brokerURL: new URL('stomp', location).href.replace(/^http/, 'ws') }),
    connectHeaders: { login: name },
    reconnectDelay: 2000,
    onConnect () {
      enter()
      show(`Connected by ${by === 'sockjs' ? `SockJS, ${client.webSocket.transport}` : 'WebSocket'}`)
    },
    onWebSocketClose () {
      show('Not connected; trying again …')
      $('#say button').disabled = true
    },
    onStompError ({ headers }) {
      leave(headers.message)
    }
  })
  client.activate()
}

function enter () {
  $('#door').hidden = true
  $('#house').hidden = false
  $('#me').textContent = me
  client.subscribe('/user/queue/errors', ({ body }) => { $('#refused').textContent = JSON.parse(body).message })
  client.subscribe('/app/rooms', ({ body }) => watch(JSON.parse(body)))
  // A new connection has no subscriptions yet.
  subscriptions = []
  open(room || 'Lobby')
  $('#say button').disabled = false
}

function leave (problem = '') {
  client?.deactivate()
  $('#door').hidden = false
  $('#house').hidden = true
  $('#problem').textContent = problem
  $('#name').focus()
}

// --- rooms ---------------------------------------------------------------------------------------------------

function open (name) {
  for (const subscription of subscriptions) subscription.unsubscribe()
  if (name !== room) showRoom(name)
  // The page subscribes to new messages first. So a message that is sent meanwhile comes twice, and is not lost.
  subscriptions = [
    client.subscribe(`/topic/rooms/${name}`, ({ body }) => add(JSON.parse(body))),
    client.subscribe(`/app/rooms/${name}`, ({ body }) => JSON.parse(body).forEach(add))
  ]
}

function showRoom (name) {
  room = name
  shown = new Set()
  $('#room').textContent = name
  $('#messages').replaceChildren()
  showRooms()
}

/** Watches who is in each room: a list of all people first, and then each person who comes or leaves. */
function watch (rooms) {
  people = new Map(rooms.map((name) => [name, new Set()]))
  for (const name of rooms) {
    client.subscribe(`/topic/$presence/rooms/${name}`, ({ body }) => {
      const { type, users, user } = JSON.parse(body)
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

$('#say').addEventListener('submit', (event) => {
  event.preventDefault()
  const text = $('#text').value
  if (text.trim() === '' || !client.connected) return
  $('#refused').textContent = ''
  client.publish({ destination: `/app/rooms/${room}`, body: JSON.stringify({ text }) })
  $('#text').value = ''
})

$('#leave').addEventListener('click', () => {
  room = ''
  leave()
})

$('#name').value = sessionStorage.getItem('name') ?? ''
