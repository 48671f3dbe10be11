import { el } from './dom.js'

/** A table of a few rows, which is made again for each answer. Each column has a label, `read(row)`, and tells whether it is numeric. */
export function plainTable ({ title, columns, empty, note }) {
  const body = el('tbody')
  const table = el('table', {}, el('thead', {}, el('tr', {}, ...columns.map(({ label, numeric }) => el('th', { scope: 'col', class: numeric ? 'numeric' : '' }, label)))), body)
  const element = el('section', { class: 'card' },
    el('h2', {}, title),
    el('div', { class: 'scroller plain', tabIndex: 0, role: 'region', 'aria-label': `${title}, scrolls` }, table),
    ...note === undefined ? [] : [el('p', { class: 'hint' }, note)])
  let shown = null
  return {
    element,
    show (rows) {
      const texts = rows.map((row) => columns.map(({ read }) => read(row)))
      const text = JSON.stringify(texts)
      if (text === shown) return
      shown = text
      if (rows.length === 0) return body.replaceChildren(el('tr', {}, el('td', { colSpan: columns.length, class: 'none' }, empty)))
      body.replaceChildren(...texts.map((cells) => el('tr', {}, ...cells.map((cell, i) => el('td', { class: columns[i].numeric ? 'numeric' : '' }, cell)))))
    }
  }
}
