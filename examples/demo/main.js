import { ENDPOINTS, findEndpoint, TRANSPORTS } from './catalogue.js'
import { askInfo, loadClient } from './client.js'
import { openConnection } from './connection.js'
import { createLog } from './log.js'
import { createPlot } from './plot.js'
import { createProbe, isProbe } from './probe.js'
import { fillEndpoints, fillTransports, fillTries, showInfo, showMarks } from './view.js'
import { explainClose, explainFailure, explainInfo, explainPick, milliseconds } from './words.js'

const $ = (id) => document.getElementById(id)
const log = createLog($('log'))
const plot = createPlot($('plot'), $('plot-words'))
const probe = createProbe((took) => {
  plot.add(took)
  $('latest').textContent = milliseconds(took)
  $('median').textContent = milliseconds(plot.median)
})

const MEASURED = 'Round trips, one each second.'
const UNMEASURED = 'Round trips are measured on endpoints that echo.'

/** `idle`, `connecting`, `open` or `closed`. */
let state = 'idle'
let connection = null
let closedByUser = false
let counts = { sent: 0, received: 0 }

const chosenEndpoint = () => findEndpoint($('endpoint').value)
const chosenTransport = () => document.querySelector('[name=transport]:checked').value
const urlOf = ({ name }) => new URL(name, document.baseURI).href

function enter (next, headline, explanation) {
  state = next
  $('state').dataset.state = next
  $('headline').textContent = headline
  $('explanation').textContent = explanation
  const live = next === 'connecting' || next === 'open'
  $('connect').textContent = next === 'open' ? 'Disconnect' : next === 'connecting' ? 'Stop' : 'Connect'
  $('connect').classList.toggle('calm', live)
  for (const id of ['message', 'send']) $(id).disabled = next !== 'open'
  for (const button of $('tries').children) button.disabled = next !== 'open'
  for (const choice of $('setup').querySelectorAll('select, input')) choice.disabled = live
}

function count (what) {
  if (what === undefined) counts = { sent: 0, received: 0 }
  else counts[what]++
  for (const [name, value] of Object.entries(counts)) $(name).textContent = value.toLocaleString('en')
}

async function refreshInfo () {
  const endpoint = chosenEndpoint()
  const answer = await askInfo(urlOf(endpoint))
  if (endpoint === chosenEndpoint()) showInfo(answer)
  return answer
}

async function connect () {
  const endpoint = chosenEndpoint()
  const chosen = chosenTransport()
  const begun = performance.now()
  const tried = []
  let candidates = []
  closedByUser = false
  enter('connecting', `Connecting to /${endpoint.name}`, 'Asking the endpoint for its /info.')
  showMarks({})
  reset(endpoint)

  const answer = await refreshInfo()
  if (state !== 'connecting') return
  if (answer.body === undefined) return fail(explainInfo(answer))
  let SockJS
  try {
    SockJS = await loadClient(urlOf(findEndpoint('echo')))
  } catch (error) {
    return fail(`sockjs-client did not load: ${error.message}.`)
  }
  if (state !== 'connecting') return

  connection = openConnection({ SockJS, url: urlOf(endpoint), transport: chosen, protocols: endpoint.protocols }, {
    candidates (names) { candidates = names },
    attempt (name) {
      tried.push(name)
      showMarks({ candidates, tried })
      if (state === 'connecting') $('explanation').textContent = `Trying ${name}.`
    },
    open (transport, protocol) {
      const took = milliseconds(performance.now() - begun)
      enter('open', `Connected by ${transport}`, explainPick(transport, chosen, tried, protocol))
      showMarks({ candidates, tried, picked: transport })
      log.note(`open after ${took}, by ${transport}`)
      measure()
      showState()
    },
    frame (direction, text) {
      if (!containsProbe(text)) log.frame(direction, text)
    },
    message (text) {
      if (probe.take(text)) return
      count('received')
      log.message('in', text)
    },
    close (event) {
      probe.stop()
      connection = null
      if (state === 'connecting') {
        showMarks({ candidates, tried, failed: true })
        if (closedByUser) return enter('idle', 'Not connected', 'Stopped before it was open.')
        return fail(explainFailure(event, { transport: chosen, candidates, tried, info: answer.body }))
      }
      const { code, reason } = event
      log.note(`close ${code}${reason ? `, ${reason}` : ''}`)
      enter('closed', `Closed: ${code}${reason ? ` ${reason}` : ''}`, explainClose(event, closedByUser))
    }
  })
}

function reset (endpoint) {
  count()
  log.begin()
  plot.reset(endpoint.echoes ? MEASURED : UNMEASURED)
  $('latest').textContent = $('median').textContent = '–'
}

/** On a narrow window the state is below the form. */
function showState () {
  if (window.matchMedia('(max-width: 59.99rem)').matches) $('live').scrollIntoView({ behavior: 'smooth' })
}

function fail (words) {
  log.note(`no connection: ${words}`)
  enter('closed', 'Cannot connect', words)
  showState()
}

function disconnect () {
  closedByUser = true
  if (connection === null) enter('idle', 'Not connected', 'Stopped before it was open.')
  else connection.close()
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

/** Frames of probes are kept out of the list; several messages in one frame are not. */
function containsProbe (frame) {
  const text = /^a?\["([^"]*)"\]$/.exec(frame)?.[1] ?? frame
  return isProbe(text)
}

function choose () {
  const endpoint = chosenEndpoint()
  const transport = TRANSPORTS.find(({ name }) => name === chosenTransport())
  $('endpoint-words').textContent = endpoint.words
  $('transport-words').textContent = transport.words
  const query = new URLSearchParams({ endpoint: endpoint.name, transport: transport.name })
  window.history.replaceState(null, '', `?${query}`)
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
  if (state === 'connecting' || state === 'open') disconnect()
  else connect()
})
$('composer').addEventListener('submit', (event) => {
  event.preventDefault()
  const input = $('message')
  if (input.value === '') return
  send(input.value)
  input.value = ''
})
$('measure').addEventListener('change', measure)
$('clear').addEventListener('click', () => log.clear())
for (const radio of document.querySelectorAll('[name=view]')) radio.addEventListener('change', () => log.show(radio.value))
$('connect').disabled = false
