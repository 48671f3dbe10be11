/* global location, document */
import { resumable } from 'fastify-sockjs/client'
import { connectStomp } from 'fastify-sockjs/client/stomp'
import { contract } from './contract.js'
import { ask } from './words.js'

const $ = (selector) => document.querySelector(selector)
const counts = { words: 0, cuts: 0, sessions: 0, twice: 0 }

function count (name) {
  $(`#${name}`).textContent = ++counts[name]
}

let timer

/** Shows the state, and the text that `timeAt` gives for the milliseconds since then. A screen reader tells the state alone. */
function show (state, timeAt = () => '') {
  const since = Date.now()
  const draw = () => { $('#time').textContent = timeAt(Date.now() - since) }
  clearInterval(timer)
  $('#state').textContent = state
  draw()
  timer = setInterval(draw, 500)
}

const delays = { minDelay: 200, maxDelay: 2000 }

/** Opens a session below the client. Only the session knows that its connection is lost: for the client it goes on. */
function open (url) {
  const session = resumable(url, delays)
  session.addEventListener('suspend', () => show('Waiting to come back', (ms) => `for ${Math.floor(ms / 1000)} s`))
  session.addEventListener('resume', () => show(client.state === 'connected' ? 'Connected' : 'Connecting'))
  return session
}

const client = connectStomp(new URL('stomp', location), { contract, socket: open, ...delays })
client.onconnected = () => {
  count('sessions')
  show('Connected')
}
client.oninterrupted = ({ delay }) => show('Waiting to come back', (ms) => ms < delay ? `next attempt in ${Math.ceil((delay - ms) / 1000)} s` : 'connecting')
client.onclosed = ({ error }) => show(error?.message ?? 'Closed')

$('#ask').addEventListener('submit', async (event) => {
  event.preventDefault()
  $('#problem').textContent = ''
  $('#answer').textContent = ''
  $('#answer').classList.add('open')
  $('#send').disabled = true
  try {
    for await (const word of ask(client, $('#prompt').value, () => count('twice'))) {
      $('#answer').append(`${word} `)
      count('words')
    }
  } catch ({ message }) {
    $('#problem').textContent = message
  }
  $('#answer').classList.remove('open')
  $('#send').disabled = false
})

/** The server ends all connections but that of this request. It does not answer when it is killed. */
const post = (path) => fetch(path, { method: 'POST' }).catch(() => {})

$('#cut').addEventListener('click', async () => {
  await post('cut')
  count('cuts')
})
$('#crash').addEventListener('click', () => post('crash'))
