/* global location, document */
import { connectStomp } from 'fastify-sockjs/client/stomp'
import { contract } from './contract.js'
import { ask } from './words.js'

const $ = (selector) => document.querySelector(selector)
const counts = { words: 0, cuts: 0, sessions: 0, twice: 0 }

function count (name) {
  $(`#${name}`).textContent = ++counts[name]
}

function show (state) {
  $('#state').textContent = state
}

const client = connectStomp(new URL('stomp', location), { contract, minDelay: 200, maxDelay: 2000 })
client.onconnected = () => {
  count('sessions')
  show('Connected')
}
client.oninterrupted = () => show('Not connected; trying again …')
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
