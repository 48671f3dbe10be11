/** The view of all transports: one button, and a table that grows with each trial. */

import { BARE, ENDPOINTS, OWN_CLIENT, OWN_TRANSPORTS, SOCKJS_CLIENT, TRANSPORTS } from './catalogue.js'
import { createResults } from './results.js'
import { createTrials } from './trials.js'
import { fillEndpoints } from './view.js'
import { explainInfo } from './words.js'

const $ = (id) => document.getElementById(id)

/** The transports of each client. `auto` comes first. A WebSocket without a client is left out, because it is not a transport. */
const NAMES = {
  [SOCKJS_CLIENT]: TRANSPORTS.map(({ name }) => name).filter((name) => name !== BARE),
  [OWN_CLIENT]: ['auto', ...OWN_TRANSPORTS]
}

let names = NAMES[SOCKJS_CLIENT]

/** The endpoints that send back each message, so that round trips can be measured. */
const ECHOES = ENDPOINTS.map(({ group, entries }) => ({ group, entries: entries.filter(({ echoes }) => echoes) })).filter(({ entries }) => entries.length > 0)

const results = createResults($('results'))
const CHOICES = ['trials-endpoint', 'trials-client']

let counts = { works: 0, all: 0 }

const trials = createTrials({
  trying (name, facts) {
    results.trying(name, facts)
    if (facts === null) say(`Trial ${names.indexOf(name) + 1} of ${names.length}: ${name}.`)
  },
  tried (name, facts, info) {
    results.tried(name, facts, info)
    if (name === 'auto' || facts.end === 'stopped') return
    counts = { works: counts.works + (facts.end === 'works' ? 1 : 0), all: counts.all + 1 }
  },
  over ({ answer, error, stopped }) {
    $('try-all').textContent = 'Try all transports'
    $('try-all').classList.remove('calm')
    for (const id of CHOICES) $(id).disabled = false
    if (answer.body === undefined) say(explainInfo(answer))
    else if (error !== undefined) say(`The client did not load: ${error.message}.`)
    else say(`${stopped ? 'Stopped. ' : ''}${counts.works} of ${counts.all} transports work.`)
  }
})

function say (words) {
  $('trials-status').textContent = words
}

fillEndpoints($('trials-endpoint'), ECHOES, 'echo')
for (const name of Object.keys(NAMES)) $('trials-client').append(new window.Option(name))
$('trials-setup').addEventListener('submit', (event) => {
  event.preventDefault()
  if (trials.running) return trials.stop()
  counts = { works: 0, all: 0 }
  results.clear()
  $('try-all').textContent = 'Stop'
  $('try-all').classList.add('calm')
  for (const id of CHOICES) $(id).disabled = true
  const client = $('trials-client').value
  names = NAMES[client]
  trials.start({ url: new URL($('trials-endpoint').value, document.baseURI).href, client, names })
})
