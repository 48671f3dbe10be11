/** The list of messages and frames. It inserts all content as text, never as HTML. */

import { follow } from './follow.js'
import { visible } from './words.js'

const MAX_ROWS = 400

/** The length of the first frame of xhr-streaming. Browsers and proxies hold back the first kilobytes, so it makes them pass the stream on. */
const PRELUDE = 2048

/** Makes a list. Of a text longer than `maxText` characters it shows the beginning. */
export function createLog (list, maxText = 240) {
  let begun = performance.now()
  const follower = follow(list)

  function add (view, kind, text, sign) {
    const row = document.createElement('p')
    row.dataset.view = view
    row.dataset.kind = kind
    row.append(
      element('span', 'when', `${((performance.now() - begun) / 1000).toFixed(2)}`),
      element('span', 'sign', sign),
      element('span', 'text', visible(shorten(text, maxText)))
    )
    list.append(row)
    while (list.childElementCount > MAX_ROWS) list.firstElementChild.remove()
    follower.added()
  }

  return {
    /** Sets the time of the next lines to zero. */
    begin () { begun = performance.now() },
    message (direction, text) { add('messages', direction, text, direction === 'out' ? 'sent' : 'got') },
    frame (direction, text) {
      const kind = direction === 'in' && /^h+$/.test(text) ? 'heartbeat' : direction
      add('frames', kind, text.length === PRELUDE && kind === 'heartbeat' ? 'h × 2,048, the prelude' : text, direction === 'out' ? 'sent' : 'got')
    },
    note (text) { add('both', 'note', text, '') },
    show (view) {
      list.dataset.view = view
      follower.toEnd()
    },
    clear () {
      list.replaceChildren()
      follower.toEnd()
    }
  }
}

function element (name, className, text) {
  const made = document.createElement(name)
  made.className = className
  made.textContent = text
  return made
}

function shorten (text, length) {
  return text.length <= length ? text : `${text.slice(0, length)} … ${text.length.toLocaleString('en')} characters`
}
