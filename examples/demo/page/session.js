/** The view of one session: it chooses an endpoint, explains it, shows the messages and measures round trips. */

import { ENDPOINTS, findEndpoint, TRANSPORTS } from './catalogue.js'
import { askInfo } from './client.js'
import { CODE } from './code.js'
import { createComeback, wentAway } from './comeback.js'
import { dial } from './dial.js'
import { createLog } from './log.js'
import { createPlot } from './plot.js'
import { createProbe, isProbe } from './probe.js'
import { fillEndpoints, fillTransports, fillTries, showInfo, showMarks } from './view.js'
import { explainPick, milliseconds } from './words.js'

const $ = (id) => document.getElementById(id)
const log = createLog($('log'))
const plot = createPlot($('plot'), $('plot-words'))
const probe = createProbe((took) => {
  plot.add(took)
  $('latest').textContent = milliseconds(took)
  $('median').textContent = milliseconds(plot.median)
})

const comeback = createComeback(() => connect(true), (seconds) => {
  $('countdown').textContent = seconds > 0 ? `The next attempt is in ${seconds} s.` : ''
})

const MEASURED = 'Round trips, one each second.'
const UNMEASURED = 'Round trips are measured on endpoints that echo.'

/** `idle`, `connecting`, `open`, `waiting` (until the next attempt) or `closed`. */
let state = 'idle'
let connection = null
let counts = { sent: 0, received: 0 }

const chosenEndpoint = () => findEndpoint($('endpoint').value)
const chosenTransport = () => document.querySelector('[name=transport]:checked').value

function enter (next, headline, explanation) {
  state = next
  $('state').dataset.state = next
  $('headline').textContent = headline
  $('explanation').textContent = explanation
  const live = next === 'connecting' || next === 'open' || next === 'waiting'
  $('connect').textContent = next === 'open' ? 'Disconnect' : live ? 'Stop' : 'Connect'
  $('connect').classList.toggle('calm', live)
  for (const id of ['message', 'send']) $(id).disabled = next !== 'open'
  for (const button of $('tries').children) button.disabled = next !== 'open'
  for (const choice of $('setup').querySelectorAll('select, input')) choice.disabled = live
}

function count (kind) {
  if (kind === undefined) counts = { sent: 0, received: 0 }
  else counts[kind]++
  for (const [name, value] of Object.entries(counts)) $(name).textContent = value.toLocaleString('en')
}

async function refreshInfo () {
  const endpoint = chosenEndpoint()
  const answer = await askInfo(new URL(endpoint.name, document.baseURI).href)
  if (endpoint === chosenEndpoint()) showInfo(answer)
}

/** Opens a session. With `again` the client reconnects by itself, and keeps the log and the figures. */
function connect (again) {
  const endpoint = chosenEndpoint()
  const chosen = chosenTransport()
  enter('connecting', `Connecting to /${endpoint.name}`, 'Asking the endpoint for its /info.')
  showMarks({})
  if (!again) reset(endpoint)

  connection = dial({ path: endpoint.name, transport: chosen, protocols: endpoint.protocols }, {
    info: showInfo,
    tried (attempts) {
      showMarks(attempts)
      if (state === 'connecting') $('explanation').textContent = `Trying ${attempts.tried.at(-1)}.`
    },
    open ({ transport, protocol, candidates, tried, took }) {
      enter('open', `Connected by ${transport}`, explainPick(transport, chosen, tried, protocol))
      showMarks({ candidates, tried, picked: transport })
      log.note(`open ${again ? 'again ' : ''}after ${milliseconds(took)}, by ${transport}`)
      comeback.arrived()
      measure()
      if (!again) showState()
    },
    frame (direction, text) {
      if (!containsProbe(text)) log.frame(direction, text)
    },
    message (text) {
      if (probe.take(text)) return
      count('received')
      log.message('in', text)
    },
    failed (words, { candidates, tried, byUser }) {
      showMarks({ candidates, tried, failed: true })
      log.note(`no connection: ${words}`)
      if (byUser) stop(words)
      else rest('Cannot connect', words)
      if (!again) showState()
    },
    closed ({ code, reason }, words) {
      probe.stop()
      const end = reason ? `${code}, ${reason}` : code
      log.note(`close ${end}`)
      // No transport is in use any more.
      showMarks({})
      if (!wentAway(code)) comeback.cancel()
      rest(`Closed: ${end}`, words)
    }
  })
}

/** Shows the end of a session. It plans the next attempt, if the server went away and the user has not switched attempts off. */
function rest (headline, words) {
  const seconds = $('again').checked ? comeback.plan() : null
  enter(seconds === null ? 'closed' : 'waiting', headline, words)
  if (seconds !== null) log.note(`the next attempt is in ${seconds} s`)
}

function stop (words) {
  comeback.cancel()
  $('countdown').textContent = ''
  enter('idle', 'Not connected', words)
}

function reset (endpoint) {
  count()
  log.begin()
  plot.reset(endpoint.echoes ? MEASURED : UNMEASURED)
  $('latest').textContent = $('median').textContent = '–'
}

/** Scrolls to the state, which is below the form on a narrow window. */
function showState () {
  if (window.matchMedia('(max-width: 59.99rem)').matches) $('live').scrollIntoView({ behavior: 'smooth' })
}

function send (text) {
  if (state !== 'open') return
  count('sent')
  log.message('out', text)
  connection.send(text)
}

function measure () {
  probe.stop()
  if (state === 'open' && $('measure').checked && chosenEndpoint().echoes) probe.start((text) => connection.send(text))
}

/** Tells whether a frame carries a probe alone. The list leaves such frames out. */
function containsProbe (frame) {
  const text = /^a?\["([^"]*)"\]$/.exec(frame)?.[1] ?? frame
  return isProbe(text)
}

function choose () {
  const endpoint = chosenEndpoint()
  const transport = TRANSPORTS.find(({ name }) => name === chosenTransport())
  $('endpoint-words').textContent = endpoint.words
  $('code').textContent = CODE[endpoint.name]
  $('transport-words').textContent = transport.words
  const query = new URLSearchParams({ endpoint: endpoint.name, transport: transport.name })
  window.history.replaceState(null, '', `?${query}${window.location.hash}`)
}

function chooseEndpoint () {
  choose()
  fillTries($('tries'), chosenEndpoint().tries, send)
  for (const button of $('tries').children) button.disabled = state !== 'open'
  refreshInfo()
}

const query = new URLSearchParams(window.location.search)
fillEndpoints($('endpoint'), ENDPOINTS, query.get('endpoint') ?? 'echo')
fillTransports($('transports'), TRANSPORTS, query.get('transport') ?? 'auto')
chooseEndpoint()

$('endpoint').addEventListener('change', () => {
  showMarks({})
  chooseEndpoint()
})
$('transports').addEventListener('change', () => {
  showMarks({})
  choose()
})
$('setup').addEventListener('submit', (event) => {
  event.preventDefault()
  if (state === 'connecting' || state === 'open') connection.close()
  else if (state === 'waiting') stop('You stopped the attempts.')
  else connect(false)
})
$('composer').addEventListener('submit', (event) => {
  event.preventDefault()
  const input = $('message')
  if (input.value === '') return
  send(input.value)
  input.value = ''
})
$('measure').addEventListener('change', measure)
$('again').addEventListener('change', () => {
  if (state === 'waiting') stop('You switched the attempts off.')
})
$('clear').addEventListener('click', () => log.clear())
for (const radio of document.querySelectorAll('[name=view]')) radio.addEventListener('change', () => log.show(radio.value))
$('connect').disabled = false
