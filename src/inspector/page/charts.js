import { el, setText, svg } from './dom.js'
import { ago, clock } from './format.js'

const HEIGHT = 220
const PAD = { left: 52, right: 14, top: 12, bottom: 26 }

/** The steps of an axis. A step is 1, 2 or 5 times a power of ten. */
export function ticksOf (most, wanted = 4) {
  if (most <= 0) return [0, 1]
  const rough = most / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough)
  const ticks = []
  for (let value = 0; value < most + step; value += step) ticks.push(Number(value.toPrecision(12)))
  return ticks
}

/** A chart over the last minutes: areas on top of each other, or lines. Its colours and lines come from the style sheet, by the name of the series. */
export class Chart {
  #stacked
  #format
  #svg = svg('svg', { class: 'chart', height: HEIGHT, role: 'img' })
  #grid = svg('g', { class: 'grid' })
  #plot = svg('g')
  #cursor = svg('line', { class: 'cursor', y1: PAD.top, y2: HEIGHT - PAD.bottom, visibility: 'hidden' })
  #tip = el('div', { class: 'tip', hidden: true })
  #legend = el('ul', { class: 'legend' })
  #entries = new Map()
  #series = []
  #scale = null
  #title
  element

  constructor ({ title, stacked = false, format }) {
    this.#title = title
    this.#stacked = stacked
    this.#format = format
    this.#svg.append(this.#grid, this.#plot, this.#cursor)
    const frame = el('div', { class: 'frame' }, this.#svg, this.#tip)
    frame.addEventListener('pointermove', (event) => this.#point(event.clientX))
    frame.addEventListener('pointerleave', () => this.#leave())
    this.element = el('section', { class: 'card chart-card' }, el('h2', {}, title), frame, this.#legend)
  }

  /** Draws the series: `[{ name, label, points: [[time, value], …] }]`. All have the same times. */
  draw (series, now, span) {
    this.#series = series
    const width = this.#svg.clientWidth || 600
    const stacks = this.#stacked ? stack(series) : series.map(({ points }) => points.map(([time, value]) => [time, 0, value]))
    const most = Math.max(0, ...stacks.flatMap((points) => points.map(([, , top]) => top)))
    const ticks = ticksOf(most)
    const x = (time) => PAD.left + (1 - (now - time) / span) * (width - PAD.left - PAD.right)
    const y = (value) => HEIGHT - PAD.bottom - value / ticks.at(-1) * (HEIGHT - PAD.top - PAD.bottom)
    this.#scale = { x, now, span, width }
    this.#drawGrid(ticks, y, width, span)
    this.#plot.replaceChildren(...series.flatMap(({ name }, i) => this.#shapesOf(name, stacks[i].filter(([time]) => time >= now - span), x, y)))
    this.#drawLegend(series)
    this.#svg.setAttribute('aria-label', `${this.#title}. ${series.map(({ label, points }) => `${label}: ${this.#format(points.at(-1)?.[1] ?? 0)}`).join(', ') || 'No data.'}`)
  }

  #drawGrid (ticks, y, width, span) {
    const lines = ticks.flatMap((tick) => [
      svg('line', { x1: PAD.left, x2: width - PAD.right, y1: y(tick), y2: y(tick) }),
      svg('text', { x: PAD.left - 8, y: y(tick) + 4, 'text-anchor': 'end' }, this.#format(tick))
    ])
    const inner = width - PAD.left - PAD.right
    const steps = inner > 360 ? 4 : 2
    const times = Array.from({ length: steps + 1 }, (_, i) => svg('text', {
      x: PAD.left + (1 - i / steps) * inner, y: HEIGHT - 6, 'text-anchor': i === 0 ? 'end' : i === steps ? 'start' : 'middle'
    }, i === 0 ? 'now' : `−${ago(span * i / steps)}`))
    this.#grid.replaceChildren(...lines, ...times)
  }

  #shapesOf (name, points, x, y) {
    if (points.length === 0) return []
    const top = points.map(([time, , value], i) => `${i === 0 ? 'M' : 'L'}${x(time).toFixed(1)},${y(value).toFixed(1)}`).join('')
    const line = svg('path', { d: top, class: 'line', 'data-series': name })
    if (!this.#stacked) return [line]
    const bottom = points.toReversed().map(([time, value]) => `L${x(time).toFixed(1)},${y(value).toFixed(1)}`).join('')
    return [svg('path', { d: `${top}${bottom}Z`, class: 'area', 'data-series': name }), line]
  }

  #drawLegend (series) {
    const names = series.map(({ name }) => name)
    if (names.join() !== [...this.#entries.keys()].join()) {
      this.#entries = new Map(series.map(({ name, label }) => {
        const value = el('span', { class: 'value' })
        return [name, { value, item: el('li', {}, el('span', { class: 'key', 'data-series': name, 'aria-hidden': 'true' }), label, value) }]
      }))
      this.#legend.replaceChildren(...[...this.#entries.values()].map(({ item }) => item))
    }
    for (const { name, points } of series) setText(this.#entries.get(name).value, this.#format(points.at(-1)?.[1] ?? 0))
  }

  #point (clientX) {
    if (this.#scale === null || this.#series.length === 0) return
    const { x, now, span, width } = this.#scale
    const at = clientX - this.#svg.getBoundingClientRect().left
    const times = this.#series[0].points.map(([time]) => time).filter((time) => time >= now - span)
    if (times.length === 0) return
    const nearest = times.reduce((best, time) => Math.abs(x(time) - at) < Math.abs(x(best) - at) ? time : best)
    const left = x(nearest)
    this.#cursor.setAttribute('x1', left)
    this.#cursor.setAttribute('x2', left)
    this.#cursor.setAttribute('visibility', 'visible')
    this.#tip.replaceChildren(el('strong', {}, clock(nearest)), ...this.#series.map(({ label, name, points }) => el('span', {},
      el('span', { class: 'key', 'data-series': name }), label, el('span', { class: 'value' }, this.#format(points.find(([time]) => time === nearest)?.[1] ?? 0)))))
    this.#tip.hidden = false
    this.#tip.style.left = `${Math.min(left + 12, width - this.#tip.offsetWidth - 4)}px`
  }

  #leave () {
    this.#cursor.setAttribute('visibility', 'hidden')
    this.#tip.hidden = true
  }
}

/** Puts the values of each series on top of those before it: `[time, bottom, top]`. */
function stack (series) {
  const sums = new Map()
  return series.map(({ points }) => points.map(([time, value]) => {
    const bottom = sums.get(time) ?? 0
    sums.set(time, bottom + value)
    return [time, bottom, bottom + value]
  }))
}

/** A small line without axes. */
export class Sparkline {
  element = svg('svg', { class: 'spark', viewBox: '0 0 120 32', preserveAspectRatio: 'none', 'aria-hidden': 'true' })
  #area = svg('path', { class: 'spark-area' })
  #line = svg('path', { class: 'spark-line', 'vector-effect': 'non-scaling-stroke' })

  constructor () { this.element.append(this.#area, this.#line) }

  draw (points, now, span) {
    const shown = points.filter(([time]) => time >= now - span)
    const most = Math.max(1e-9, ...shown.map(([, value]) => value))
    const path = shown.map(([time, value], i) => `${i === 0 ? 'M' : 'L'}${((1 - (now - time) / span) * 120).toFixed(1)},${(30 - value / most * 27).toFixed(1)}`).join('')
    this.#line.setAttribute('d', path)
    this.#area.setAttribute('d', shown.length < 2 ? '' : `${path}L120,32L${((1 - (now - shown[0][0]) / span) * 120).toFixed(1)},32Z`)
  }
}
