import { el } from './dom.js'
import { bytes, count, duration } from './format.js'
import { plainTable } from './plain-table.js'

const total = (numbers) => Object.values(numbers).reduce((sum, value) => sum + value, 0)

/** The view of the nodes of the cluster. */
export function nodesView () {
  const table = plainTable({
    title: 'Nodes',
    empty: 'No node has answered.',
    columns: [
      { label: 'Node', read: ({ name }) => name || 'this process' },
      { label: 'State', read: ({ draining }) => draining ? 'draining' : 'serving' },
      { label: 'Engine', read: ({ engine }) => engine ?? 'none' },
      { label: 'Broker', read: ({ broker }) => broker ?? 'none' },
      { label: 'Sessions', numeric: true, read: ({ numbers }) => count(total(numbers.sessions)) },
      { label: 'Suspended', numeric: true, read: ({ numbers }) => count(numbers.suspended) },
      { label: 'Messages in', numeric: true, read: ({ numbers }) => count(numbers.messages.receive ?? 0) },
      { label: 'Messages out', numeric: true, read: ({ numbers }) => count(numbers.messages.transmit ?? 0) },
      { label: 'Buffered', numeric: true, read: ({ numbers }) => bytes(numbers.buffered) },
      { label: 'Memory', numeric: true, read: ({ memory }) => bytes(memory) },
      { label: 'Up for', numeric: true, read: ({ uptime }) => duration(uptime) }
    ]
  })
  return {
    element: el('div', { class: 'stack' }, table.element),
    show: (_history, _now, { nodes }) => table.show(nodes.toSorted((a, b) => a.name.localeCompare(b.name)))
  }
}
