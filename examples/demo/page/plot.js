/** A line of the last round trips, and their figures. */

const SAMPLES = 45
const SVG = 'http://www.w3.org/2000/svg'

export function createPlot (figure, caption) {
  const svg = svgElement('svg', { viewBox: `0 0 ${SAMPLES - 1} 100`, preserveAspectRatio: 'none', 'aria-hidden': 'true' })
  const area = svgElement('path', { class: 'area' })
  const line = svgElement('path', { class: 'curve' })
  svg.append(area, line)
  const dot = document.createElement('span')
  dot.className = 'dot'
  const top = document.createElement('span')
  top.className = 'scale'
  const frame = document.createElement('div')
  frame.className = 'frame'
  frame.append(svg, dot, top)
  figure.prepend(frame)
  let samples = []

  function draw () {
    figure.dataset.empty = String(samples.length === 0)
    if (samples.length === 0) return
    const ceiling = niceCeiling(Math.max(...samples))
    const first = SAMPLES - samples.length
    const points = samples.map((value, i) => [first + i, 100 - 92 * value / ceiling])
    const path = points.map(([x, y]) => `${x} ${y.toFixed(2)}`).join('L')
    line.setAttribute('d', `M${path}`)
    area.setAttribute('d', `M${first} 100L${path}L${SAMPLES - 1} 100Z`)
    dot.style.top = `${points.at(-1)[1]}%`
    top.textContent = `${ceiling} ms`
  }

  draw()
  return {
    add (value) {
      samples = [...samples, value].slice(-SAMPLES)
      draw()
    },
    reset (words) {
      samples = []
      caption.textContent = words
      draw()
    },
    get median () {
      const sorted = samples.toSorted((a, b) => a - b)
      return sorted[sorted.length >> 1]
    }
  }
}

/** Returns the next number of the series 1, 2, 5, 10, 20, 50 and so on. */
function niceCeiling (value) {
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(value, 1)))
  return [1, 2, 5, 10].map((step) => step * magnitude).find((step) => step >= value)
}

function svgElement (name, attributes) {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  return element
}
