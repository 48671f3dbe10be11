/** Writes the table of trials. It inserts all content as text, never as HTML. */

import { explainBlock, listOf, milliseconds } from './words.js'

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

/** The words for each end of a trial. */
const ENDS = {
  works: ({ auto, by, tried }) => auto ? `Opens by ${by}.${failures(tried, by)}` : 'Opens.',
  blocked: ({ name, facts, info }) => explainBlock({ ...facts, transport: name, info }),
  silent: () => 'The session opens, but the messages do not come back.',
  stopped: () => 'You stopped the trial.'
}

function failures (tried, by) {
  const failed = tried.filter((name) => name !== by)
  return failed.length === 0 ? '' : ` Before it, the client tried ${listOf(failed)} without success.`
}

export function createResults (body) {
  let row = null
  let pick = null

  /** Adds the row of a transport, when its trial begins. */
  function begin (name) {
    row = { name, element: document.createElement('tr'), cells: [] }
    row.element.setAttribute('role', 'row')
    row.cells = ['th', 'td', 'td', 'td'].map((tag) => {
      const cell = document.createElement(tag)
      cell.setAttribute('role', tag === 'th' ? 'rowheader' : 'cell')
      return cell
    })
    const [head] = row.cells
    head.scope = 'row'
    head.append(name === 'auto' ? 'the client chooses' : name)
    if (name === pick) head.append(badge())
    row.element.append(...row.cells)
    body.append(row.element)
  }

  function write (state, words, facts) {
    const [, result, open, roundTrip] = row.cells
    row.element.dataset.end = state
    result.textContent = words
    open.textContent = facts?.openMs == null ? '–' : milliseconds(facts.openMs)
    roundTrip.textContent = facts === null || facts.roundTrips.length === 0 ? '–' : milliseconds(median(facts.roundTrips))
  }

  return {
    clear () {
      body.replaceChildren()
      pick = null
    },
    trying (name, facts) {
      if (facts === null) begin(name)
      const now = facts?.tried.at(-1) ?? name
      write('trying', facts?.by ? 'Open. The client sends messages.' : name === 'auto' && facts !== null ? `Trying ${now}.` : 'Trying.', facts)
    },
    tried (name, facts, info) {
      if (name === 'auto' && facts.by !== null) pick = facts.by
      write(facts.end, ENDS[facts.end]({ name, facts, info, auto: name === 'auto', by: facts.by, tried: facts.tried }), facts)
    }
  }
}

function badge () {
  const made = document.createElement('span')
  made.className = 'choice'
  made.textContent = 'the client’s choice'
  return made
}
