/* global matchMedia */
import { el, setText } from './dom.js'
import { count } from './format.js'

/** The rows above and below the visible ones that are asked for, too. */
const MARGIN = 12

/** The time after the last step of scrolling at which rows are asked for, in milliseconds. */
const SETTLED = 80

const NARROW = matchMedia('(max-width: 720px)')

/** The height of a row in pixels: one line, or a card on a narrow screen. The style sheet has the same. */
const HEIGHTS = { row: 40, card: 112 }

/**
 * A table whose visible rows come from the server. The number of elements does not depend on the number of rows.
 *
 * `ask({ from, count, sort, descending, filter })` gives a promise of `{ matched, total, rows, unknown, complete }`.
 */
export class List {
  #columns
  #ask
  #noun
  #empty
  #sort
  #descending
  #filter = ''
  #answer = { matched: 0, total: 0, rows: [], unknown: [], complete: true }
  #from = 0
  #hasAnswer = false
  #busy = false
  #again = false
  #timer = null
  #lines = new Map()
  #reach
  #orderer
  #head = el('div', { role: 'rowgroup', class: 'head' })
  #body = el('div', { role: 'rowgroup', class: 'body' })
  #summary = el('p', { class: 'summary' })
  #notes = el('ul', { class: 'notes' })
  #scroller
  #table
  element

  constructor ({ title, noun, columns, sort = '', descending = false, ask, empty, reach = Infinity }) {
    this.#columns = columns
    this.#ask = ask
    this.#noun = noun
    this.#empty = empty
    this.#sort = sort
    this.#descending = descending
    this.#reach = reach
    this.#table = el('div', { role: 'table', class: 'table', 'aria-label': title }, this.#head, this.#body)
    this.#table.style.setProperty('--columns', columns.map(({ width = '1fr' }) => width).join(' '))
    this.#scroller = el('div', { class: 'scroller', tabIndex: 0, role: 'region', 'aria-label': `${title}, scrolls`, onscroll: () => this.#scrolled() }, this.#table)
    this.element = el('section', { class: 'card list' }, this.#toolbar(title), this.#scroller, this.#notes)
    this.#drawHead()
    NARROW.addEventListener('change', () => this.#draw())
  }

  /** Asks for the rows that can be seen. A question that is under way is answered first. */
  async refresh () {
    if (this.#busy) {
      this.#again = true
      return
    }
    this.#busy = true
    const { first, last } = this.#window()
    const from = Math.max(0, Math.min(first, this.#reach - 1))
    try {
      const answer = await this.#ask({ from, count: Math.max(1, Math.min(last, this.#reach) - from), sort: this.#sort, descending: this.#descending, filter: this.#filter })
      this.#answer = answer
      this.#from = from
      this.#hasAnswer = true
      this.#draw()
    } catch (error) {
      setText(this.#summary, error.message)
    } finally {
      this.#busy = false
      if (this.#again) {
        this.#again = false
        this.refresh()
      }
    }
  }

  /** The number of rows that can be reached by scrolling. */
  get #reachable () { return Math.min(this.#answer.matched, this.#reach) }
  get #height () { return NARROW.matches ? HEIGHTS.card : HEIGHTS.row }

  #window () {
    const { scrollTop, clientHeight } = this.#scroller
    const first = Math.max(0, Math.floor(scrollTop / this.#height) - MARGIN)
    return { first, last: Math.ceil((scrollTop + (clientHeight || 600)) / this.#height) + MARGIN }
  }

  #scrolled () {
    this.#draw()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.refresh(), SETTLED)
  }

  #toolbar (title) {
    const search = el('input', { type: 'search', class: 'search', placeholder: `Filter ${this.#noun}s`, autocomplete: 'off', spellcheck: false, maxLength: 200, 'aria-label': `Filter ${this.#noun}s` })
    search.addEventListener('input', () => {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => {
        this.#filter = search.value.trim()
        this.#top()
      }, 200)
    })
    const sortable = this.#columns.filter(({ sort }) => sort !== false)
    const order = this.#orderer = el('select', {}, el('option', { value: '' }, 'as they are'), ...sortable.flatMap(({ key, label }) => [
      el('option', { value: `${key} up` }, `${label}, ascending`), el('option', { value: `${key} down` }, `${label}, descending`)
    ]))
    order.addEventListener('change', () => {
      const [key, direction] = order.value.split(' ')
      this.#order(key, direction === 'down')
    })
    return el('div', { class: 'toolbar' }, el('h2', {}, title), this.#summary, el('label', { class: 'order' }, el('span', {}, 'Order'), order), search)
  }

  #order (key, descending) {
    this.#sort = key
    this.#descending = descending
    this.#drawHead()
    this.#top()
  }

  #top () {
    this.#scroller.scrollTop = 0
    this.refresh()
  }

  #drawHead () {
    const focused = this.#head.contains(document.activeElement) ? document.activeElement.dataset.key : null
    const cells = this.#columns.map(({ key, label, numeric, sort }) => {
      const isSorted = this.#sort === key
      const content = sort === false
        ? el('span', {}, label)
        : el('button', { type: 'button', 'data-key': key, onclick: () => this.#order(key, isSorted ? !this.#descending : numeric === true) },
          label, el('span', { class: 'arrow', 'aria-hidden': 'true' }, isSorted ? (this.#descending ? '↓' : '↑') : ''))
      return el('div', { role: 'columnheader', class: numeric ? 'numeric' : '', 'aria-sort': sort === false ? null : isSorted ? (this.#descending ? 'descending' : 'ascending') : 'none' }, content)
    })
    this.#head.replaceChildren(el('div', { role: 'row', class: 'row', 'aria-rowindex': 1 }, ...cells))
    this.#orderer.value = this.#sort === '' ? '' : `${this.#sort} ${this.#descending ? 'down' : 'up'}`
    if (focused !== null) this.#head.querySelector(`[data-key="${focused}"]`)?.focus()
  }

  /** Draws the rows that can be seen. Elements are used again, so that focus and selection stay. */
  #draw () {
    const { first, last } = this.#window()
    const height = this.#height
    const end = Math.min(last, this.#reachable)
    this.#body.style.height = `${Math.max(this.#reachable, 1) * height}px`
    this.#table.setAttribute('aria-rowcount', this.#reachable + 1)
    for (const [place, line] of this.#lines) {
      if (place >= first && place < end) continue
      // A row with the focus stays, or the keyboard would lose its place.
      if (line.element.contains(document.activeElement) && place < this.#reachable) continue
      line.element.remove()
      this.#lines.delete(place)
    }
    for (let place = first; place < end; place++) {
      let line = this.#lines.get(place)
      if (line === undefined) this.#lines.set(place, line = this.#line(place))
      line.element.style.transform = `translateY(${place * height}px)`
      const row = this.#answer.rows[place - this.#from]
      if (row !== undefined && place >= this.#from) line.show(row)
    }
    this.#body.classList.toggle('empty', this.#hasAnswer && this.#reachable === 0)
    this.#body.dataset.empty = this.#filter !== '' ? `No ${this.#noun} fits the filter.` : this.#answer.unknown.length > 0 ? `No ${this.#noun} that this server knows of.` : this.#empty
    this.#drawNotes()
  }

  #line (place) {
    const cells = this.#columns.map(({ numeric, label, cell }) => {
      const content = cell()
      return { ...content, element: el('div', { role: 'cell', class: numeric ? 'numeric' : '', 'data-label': label }, content.element) }
    })
    const element = el('div', { role: 'row', class: 'row', 'aria-rowindex': place + 2 }, ...cells.map((cell) => cell.element))
    // Rows stand in their order, so that the keyboard goes from one to the next.
    const next = [...this.#lines].filter(([other]) => other > place).sort(([a], [b]) => a - b)[0]
    this.#body.insertBefore(element, next?.[1].element ?? null)
    return { element, show: (row) => { for (const { show } of cells) show(row) } }
  }

  #drawNotes () {
    const { matched, total, unknown, complete = true } = this.#answer
    setText(this.#summary, matched === total ? `${count(total)} ${this.#noun}${total === 1 ? '' : 's'}` : `${count(matched)} of ${count(total)} ${this.#noun}s`)
    const notes = [
      ...complete ? [] : ['Incomplete: a node did not answer, so that rows may be missing.'],
      ...matched > this.#reach ? [`The first ${count(this.#reach)} rows of all nodes are shown. Choose one node to see all of its rows.`] : [],
      ...unknown
    ]
    if (notes.join() !== [...this.#notes.children].map(({ textContent }) => textContent).join()) this.#notes.replaceChildren(...notes.map((note) => el('li', {}, note)))
  }
}

/** The content of a cell: a text that `read(row)` makes. */
export function textCell (read) {
  return () => {
    const element = el('span', { class: 'text' })
    return {
      element,
      show: (row) => {
        const text = read(row)
        setText(element, text)
        if (element.title !== text) element.title = text
      }
    }
  }
}

/** A text behind a sign, which `marks` has for each text. */
export function markedCell (read, marks) {
  return () => {
    const mark = el('span', { class: 'mark', 'aria-hidden': 'true' })
    const words = el('span', { class: 'text' })
    return {
      element: el('span', { class: 'marked' }, mark, words),
      show: (row) => {
        const text = read(row)
        setText(mark, marks[text] ?? '')
        setText(words, text)
        mark.dataset.state = text
      }
    }
  }
}

/** A cell with a button. `press` gets the row that it shows at the moment. */
export function buttonCell (read, describe, press) {
  return () => {
    let shown = null
    const element = el('button', { type: 'button', class: 'link', onclick: () => press(shown, element) })
    return {
      element,
      show: (row) => {
        shown = row
        setText(element, read(row))
        element.setAttribute('aria-label', describe(row))
        element.hidden = read(row) === ''
      }
    }
  }
}
