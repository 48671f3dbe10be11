import { BARE, TRANSPORTS } from './catalogue.js'
import { createComeback } from './comeback.js'
import { dial } from './dial.js'
import { createLog } from './log.js'
import { createRooms } from './rooms.js'
import { createStompClient } from './stomp.js'

/** The events of Spring's well-known chat, and their words on this page. */
const EVENTS = { JOIN: 'came in', LEAVE: 'left' }

/** One person of the chat: a connection of its own, and one room at a time. It inserts all content as text, never as HTML. */
export function createPane (person, onRoom) {
  const element = document.getElementById('pane').content.firstElementChild.cloneNode(true)
  const part = (name) => element.querySelector(`[data-part=${name}]`)
  const frames = createLog(part('frames'), 2000)
  const comeback = createComeback(connect)
  let connection = null
  let client = null
  let online = false
  let leaveRoom = () => {}

  const rooms = createRooms({ list: part('rooms'), place: part('room'), other: part('other') }, (room) => {
    onRoom(room)
    if (online) enterRoom(room)
  })

  function show (state, words) {
    element.dataset.state = state
    part('state').textContent = words
    part('connect').textContent = state === 'open' ? 'Leave' : state === 'connecting' || state === 'waiting' ? 'Stop' : 'Connect'
    for (const name of ['text', 'send']) part(name).disabled = state !== 'open'
    part('name').disabled = state === 'open' || state === 'connecting' || state === 'waiting'
  }

  const say = (room, type, content) => client.send(`/app/chat/${room}`, { type, sender: part('name').value, content })

  function enterRoom (room) {
    leaveRoom()
    const unsubscribe = client.subscribe(`/topic/chat/${room}`, ({ type, sender, content, time }) => {
      rooms.add(room, EVENTS[type] === undefined
        ? { sender, content, time, own: sender === part('name').value }
        : { event: `${sender} ${EVENTS[type]}` })
    })
    say(room, 'JOIN', '')
    leaveRoom = () => {
      say(room, 'LEAVE', '')
      unsubscribe()
    }
  }

  function hangUp () {
    if (online) leaveRoom()
    online = false
    leaveRoom = () => {}
    const ending = connection
    connection = null
    ending?.close()
  }

  function connect () {
    hangUp()
    const transport = part('transport').value
    let by = ''
    let refused = null
    show('connecting', 'Connecting …')
    frames.clear()
    frames.begin()

    const mine = dial({ path: 'stomp', transport, protocols: ['v12.stomp'] }, {
      tried: ({ tried }) => { if (connection === mine && by === '') show('connecting', `Trying ${tried.at(-1)} …`) },
      open (opened) {
        by = opened.transport
        client.connect()
      },
      message (text) {
        frames.frame('in', text)
        if (connection === mine) client.take(text)
      },
      failed (words) { if (connection === mine) end(words) },
      closed ({ code }, words) { if (connection === mine) end(refused ?? `Closed with ${code}: ${words}`) }
    })
    connection = mine
    client = createStompClient((text) => {
      frames.frame('out', text)
      mine.send(text)
    }, {
      connected ({ version }) {
        online = true
        comeback.arrived()
        show('open', `Connected by ${by}, STOMP ${version}.`)
        client.subscribe('/app/rooms', rooms.offer)
        enterRoom(rooms.current)
      },
      error ({ message }) { refused = `The server refused: ${message}.` }
    })
  }

  function end (words) {
    online = false
    connection = null
    leaveRoom = () => {}
    const seconds = comeback.plan()
    if (seconds === null) show('closed', words)
    else show('waiting', `${words} The next attempt is in ${seconds} s.`)
  }

  /** Ends the connection at the choice of the person. No attempt follows. */
  function leave (words) {
    hangUp()
    comeback.cancel()
    show('idle', words)
  }

  part('transport').append(...TRANSPORTS.map(({ name }) => new window.Option(name === BARE ? 'WebSocket alone' : name, name)))
  part('transport').value = person.transport
  part('name').value = person.name
  frames.show('frames')
  show('idle', 'Not connected.')

  part('transport').addEventListener('change', () => {
    if (connection === null && !comeback.planned) return
    // The new transport must first open a session. Only then does the page reconnect by itself.
    comeback.cancel()
    connect()
  })
  part('setup').addEventListener('submit', (event) => {
    event.preventDefault()
    if (connection === null && !comeback.planned) return connect()
    leave('You left.')
  })
  part('say').addEventListener('submit', (event) => {
    event.preventDefault()
    const text = part('text').value
    if (!online || text.trim() === '') return
    say(rooms.current, 'CHAT', text)
    part('text').value = ''
  })
  return { element, connect, offer: rooms.offer }
}
