import { createPane } from './pane.js'

/** Two people in one window, on different transports. A room that one opens is offered to the other. */
const PEOPLE = [{ name: 'kim', transport: 'auto' }, { name: 'lee', transport: 'xhr-polling' }]

let panes = null

export function openChat () {
  if (panes !== null) return
  panes = PEOPLE.map((person) => createPane(person, (room) => {
    for (const pane of panes) pane.offer([room])
  }))
  document.getElementById('panes').append(...panes.map(({ element }) => element))
  for (const pane of panes) pane.connect()
}
