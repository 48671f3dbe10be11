/** The view of all transports: one button, and a table that grows with each trial. */

import { BARE, ENDPOINTS, TRANSPORTS } from './catalogue.js'
import { createResults } from './results.js'
import { createTrials } from './trials.js'
import { fillEndpoints } from './view.js'
import { explainInfo } from './words.js'

const $ = (id) => document.getElementById(id)

/** `auto` comes first. A WebSocket without sockjs-client is left out, because it is not a transport of sockjs-client. */
const NAMES = TRANSPORTS.map(({ name }) => name).filter((name) => name !== BARE)

/** The endpoints that send back each message, so that round trips can be measured. */
const ECHOES = ENDPOINTS.map(({ group, entries }) => ({ group, entries: entries.filter(({ echoes }) => echoes) })).filter(({ entries }) => entries.length > 0)

const results = createResults($('results'))
let counts = { works: 0, all: 0 }

const trials = createTrials({
  trying (name, facts) {
    results.trying(name, facts)
    if (facts === null) say(`Trial ${NAMES.indexOf(name) + 1} of ${NAMES.length}: ${name}.`)
  },
  tried (name, facts, info) {
    results.tried(name, facts, info)
    if (name === 'auto' || facts.end === 'stopped') return
    counts = { works: counts.works + (facts.end === 'works' ? 1 : 0), all: counts.all + 1 }
  },
  over ({ answer, error, stopped }) {
    $('try-all').textContent = 'Try all transports'
    $('try-all').classList.remove('calm')
    $('trials-endpoint').disabled = false
    if (answer.body === undefined) say(explainInfo(answer))
    else if (error !== undefined) say(`sockjs-client did not load: ${error.message}.`)
    else say(`${stopped ? 'Stopped. ' : ''}${counts.works} of ${counts.all} transports work.`)
  }
})

function say (words) {
  $('trials-status').textContent = words
}

fillEndpoints($('trials-endpoint'), ECHOES, 'echo')
$('trials-setup').addEventListener('submit', (event) => {
  event.preventDefault()
  if (trials.running) return trials.stop()
  counts = { works: 0, all: 0 }
  results.clear()
  $('try-all').textContent = 'Stop'
  $('try-all').classList.add('calm')
  $('trials-endpoint').disabled = true
  trials.start(new URL($('trials-endpoint').value, document.baseURI).href, NAMES)
})
