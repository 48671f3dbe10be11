/** Fills the parts of the page that come from data. */

import { explainInfo, milliseconds } from './words.js'

export function fillEndpoints (select, groups, chosen) {
  for (const { group, entries } of groups) {
    const options = document.createElement('optgroup')
    options.label = group
    for (const { name } of entries) options.append(new window.Option(`/${name}`, name))
    select.append(options)
  }
  select.value = chosen
  if (select.selectedIndex < 0) select.selectedIndex = 0
}

export function fillTransports (container, transports, chosen) {
  const known = transports.some(({ name }) => name === chosen)
  for (const { name } of transports) {
    const label = document.createElement('label')
    const radio = document.createElement('input')
    radio.type = 'radio'
    radio.name = 'transport'
    radio.value = name
    radio.checked = name === (known ? chosen : transports[0].name)
    const text = document.createElement('span')
    text.textContent = name
    const mark = document.createElement('small')
    mark.className = 'hidden'
    text.append(mark)
    label.append(radio, text)
    container.append(label)
  }
}

export function fillTries (container, tries, send) {
  container.replaceChildren(...tries.map((entry) => {
    const { label, text } = typeof entry === 'string' ? { label: entry, text: entry } : entry
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'quiet'
    button.textContent = label
    button.addEventListener('click', () => send(text))
    return button
  }))
}

const MARKS = { picked: 'in use', failed: 'failed', trying: 'being tried', spare: 'possible' }

/** Marks each transport with its result. */
export function showMarks ({ candidates = [], tried = [], picked = null, failed = false }) {
  for (const radio of document.querySelectorAll('[name=transport]')) {
    const { value } = radio
    const mark = value === picked
      ? 'picked'
      : tried.includes(value)
        ? (picked !== null || failed || value !== tried.at(-1) ? 'failed' : 'trying')
        : candidates.includes(value) ? 'spare' : ''
    radio.parentElement.dataset.mark = mark
    radio.parentElement.querySelector('small').textContent = mark === '' ? '' : `, ${MARKS[mark]}`
  }
}

/** Shows the answer to `/info`, with all its fields. */
export function showInfo (answer) {
  const { body, took } = answer
  const facts = Object.entries(body ?? {}).map(([name, value]) => {
    const row = document.createElement('div')
    const term = document.createElement('dt')
    const detail = document.createElement('dd')
    term.textContent = name
    detail.textContent = typeof value === 'string' ? value : JSON.stringify(value)
    row.append(term, detail)
    return row
  })
  document.getElementById('info').replaceChildren(...facts)
  document.getElementById('info-took').textContent = took === undefined ? '' : `/info in ${milliseconds(took)}`
  document.getElementById('info-words').textContent = body === undefined ? explainInfo(answer) : ''
}
