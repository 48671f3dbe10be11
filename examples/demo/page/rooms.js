/** The rooms of one person: their list, the open one, and the messages of each. */

import { follow } from './follow.js'
import { visible } from './words.js'

const OFFERED = ['lobby', 'kitchen', 'garden']
const MAX_LINES = 200

export function createRooms ({ list, place, other }, onEnter) {
  const heard = new Map()
  let current = OFFERED[0]
  const follower = follow(place)

  /** Adds rooms that other people have opened. */
  function offer (names) {
    for (const name of names) {
      if (heard.has(name)) continue
      heard.set(name, [])
      list.append(buttonFor(name))
    }
    mark()
  }

  function buttonFor (name) {
    const button = make('button', 'room', name)
    button.type = 'button'
    button.addEventListener('click', () => enter(name))
    const item = document.createElement('li')
    item.append(button)
    return item
  }

  function mark () {
    for (const button of list.querySelectorAll('button')) {
      if (button.textContent === current) button.setAttribute('aria-current', 'true')
      else button.removeAttribute('aria-current')
    }
  }

  function enter (name) {
    if (name === current) return
    offer([name])
    current = name
    mark()
    place.replaceChildren(...heard.get(name))
    follower.toEnd()
    onEnter(name)
  }

  function add (name, line) {
    const lines = heard.get(name)
    const row = rowFor(line)
    lines.push(row)
    if (lines.length > MAX_LINES) lines.shift().remove()
    if (name !== current) return
    place.append(row)
    follower.added()
  }

  other.addEventListener('submit', (event) => {
    event.preventDefault()
    const input = other.elements.room
    enter(input.value.trim().toLowerCase())
    input.value = ''
  })

  offer(OFFERED)
  return { offer, add, get current () { return current } }
}

function rowFor ({ sender, content, time, own, event }) {
  if (event !== undefined) return make('p', 'event', event)
  const row = make('div', own ? 'said own' : 'said', '')
  const at = make('time', '', new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }))
  const head = make('p', 'who', sender)
  head.append(at)
  row.append(head, make('p', 'what', content))
  return row
}

function make (name, className, text) {
  const made = document.createElement(name)
  made.className = className
  made.textContent = visible(text)
  return made
}
