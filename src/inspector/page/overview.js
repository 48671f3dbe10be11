import { Chart, Sparkline } from './charts.js'
import { el, setText } from './dom.js'
import { bytes, count, short, words } from './format.js'

const sum = (numbers) => Object.values(numbers).reduce((total, value) => total + value, 0)
const perSecond = (value) => value === null ? '–' : `${short(value)}/s`
const bytesPerSecond = (value) => value === null ? '–' : `${bytes(value)}/s`

const messagesIn = ({ messages }) => messages.receive ?? 0
const messagesOut = ({ messages }) => messages.transmit ?? 0
const bytesIn = ({ bytes }) => bytes.receive ?? 0
const bytesOut = ({ bytes }) => bytes.transmit ?? 0

/** The big numbers: the value, a line about it, and the small chart. */
const TILES = [
  {
    label: 'Sessions',
    value: ({ last }) => count(sum(last.numbers.sessions)),
    detail: ({ last: { numbers: { detached, suspended } } }) => `${count(detached - suspended)} between requests, ${count(suspended)} suspended`,
    points: (history) => history.values(({ sessions }) => sum(sessions))
  },
  {
    label: 'Messages in',
    value: (history) => perSecond(history.rate(messagesIn)),
    detail: ({ last }) => `${short(messagesIn(last.numbers))} since the start`,
    points: (history) => history.rates(messagesIn)
  },
  {
    label: 'Messages out',
    value: (history) => perSecond(history.rate(messagesOut)),
    detail: ({ last }) => `${short(messagesOut(last.numbers))} since the start`,
    points: (history) => history.rates(messagesOut)
  },
  {
    label: 'Bytes out',
    value: (history) => bytesPerSecond(history.rate(bytesOut)),
    detail: (history) => `${bytesPerSecond(history.rate(bytesIn))} in`,
    points: (history) => history.rates(bytesOut)
  },
  {
    label: 'Buffered',
    value: ({ last }) => bytes(last.numbers.buffered),
    detail: ({ last }) => `${count(last.numbers.undelivered)} undelivered`,
    points: (history) => history.values(({ buffered }) => buffered)
  },
  {
    label: 'Closes',
    value: (history) => perSecond(history.rate(({ closes }) => sum(closes), 10_000)),
    detail: ({ last }) => `${short(sum(last.numbers.closes))} since the start`,
    points: (history) => history.rates(({ closes }) => sum(closes))
  }
]

/** The lists beside the charts: a title, the numbers, and the text if there are none. */
const LISTS = [
  { title: 'Sessions by endpoint', read: ({ endpoints }) => endpoints, empty: 'No session is open.' },
  { title: 'Closes by cause', read: ({ closes }) => closes, empty: 'No session has ended.' },
  { title: 'Refusals by reason', read: ({ refusals }) => refusals, empty: 'No client was refused.' },
  { title: 'Suspensions that are over', read: ({ suspensions }) => suspensions, empty: 'No suspended session was resumed or has ended.' },
  { title: 'Fallbacks', read: ({ fallbacks }) => fallbacks, empty: 'No client was counted yet.', name: (key) => key.replace(' ', ' → ') },
  { title: 'STOMP subscriptions', read: ({ stomp }) => stomp.subscriptions, empty: 'No client subscribes.', isStomp: true },
  { title: 'STOMP errors', read: ({ stomp }) => stomp.errors, empty: 'No client got an error.', isStomp: true, name: (key) => key }
]

/** The transports in the order of the chart, the best at the bottom. */
const TRANSPORTS = ['websocket', 'websocket-raw', 'xhr-streaming', 'eventsource', 'htmlfile', 'xhr-polling', 'jsonp-polling', 'tcp']

/** The most bars of a list. */
const MOST_BARS = 8

class Tile {
  #tile
  #value = el('span', { class: 'big' }, '–')
  #detail = el('span', { class: 'detail' })
  #spark = new Sparkline()
  element

  constructor (tile) {
    this.#tile = tile
    this.element = el('div', { class: 'card tile' }, el('h2', {}, tile.label), this.#value, this.#detail, this.#spark.element)
  }

  show (history, now) {
    setText(this.#value, this.#tile.value(history))
    setText(this.#detail, this.#tile.detail(history))
    this.#spark.draw(this.#tile.points(history), now, history.span(now))
  }
}

/** A list of numbers with bars, the largest first. */
class Bars {
  #list
  #body = el('ul', { class: 'bars' })
  element

  constructor (list) {
    this.#list = list
    this.element = el('section', { class: 'card' }, el('h2', {}, list.title), this.#body)
  }

  show (numbers) {
    const { read, empty, name = words } = this.#list
    const entries = Object.entries(read(numbers)).filter(([, value]) => value > 0).sort(([, a], [, b]) => b - a)
    if (entries.length === 0) {
      if (this.#body.dataset.shown !== '') this.#body.replaceChildren(el('li', { class: 'none' }, empty))
      this.#body.dataset.shown = ''
      return
    }
    const shown = entries.slice(0, MOST_BARS)
    const text = shown.join()
    if (this.#body.dataset.shown === text) return
    this.#body.dataset.shown = text
    const rest = entries.length - shown.length
    this.#body.replaceChildren(...shown.map(([key, value]) => {
      const bar = el('span', { class: 'gauge', 'aria-hidden': 'true' })
      bar.style.setProperty('--share', value / shown[0][1])
      return el('li', {}, el('span', { class: 'name' }, name(key)), el('span', { class: 'value' }, count(value)), bar)
    }), ...rest > 0 ? [el('li', { class: 'none' }, `and ${rest} more`)] : [])
  }
}

/** The first view: big numbers, charts over the last minutes, and numbers by cause. */
export function overview ({ hasStomp }) {
  const tiles = TILES.map((tile) => new Tile(tile))
  const sessions = new Chart({ title: 'Sessions by transport', stacked: true, format: short })
  const messages = new Chart({ title: 'Messages per second', format: short })
  const lists = LISTS.filter(({ isStomp }) => hasStomp || isStomp !== true).map((list) => new Bars(list))
  const element = el('div', { class: 'overview' },
    el('div', { class: 'tiles' }, ...tiles.map((tile) => tile.element)),
    el('div', { class: 'charts' }, sessions.element, messages.element),
    el('div', { class: 'lists' }, ...lists.map((list) => list.element)))
  return {
    element,
    show (history, now) {
      if (history.last === null) return
      for (const tile of tiles) tile.show(history, now)
      const span = history.span(now)
      const seen = new Set(history.samples.flatMap(({ numbers }) => Object.keys(numbers.sessions).filter((name) => numbers.sessions[name] > 0)))
      const transports = [...TRANSPORTS.filter((name) => seen.has(name)), ...[...seen].filter((name) => !TRANSPORTS.includes(name)).sort()]
      sessions.draw(transports.map((name) => ({ name, label: name, points: history.values(({ sessions }) => sessions[name] ?? 0) })), now, span)
      messages.draw([
        { name: 'in', label: 'in', points: history.rates(messagesIn) },
        { name: 'out', label: 'out', points: history.rates(messagesOut) }
      ], now, span)
      for (const list of lists) list.show(history.last.numbers)
    }
  }
}
