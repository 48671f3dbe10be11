import { el, setText } from './dom.js'
import { bytes, clock, count, duration } from './format.js'

/** The most messages that the panel keeps. */
const MOST_MESSAGES = 200

/** The facts of a session: their words, and how they are read. */
const FACTS = [
  ['Id', ({ id }) => id],
  ['User', ({ user }) => user || 'anonymous'],
  ['State', ({ state, closing, held }) => [state, ...closing && state !== 'closing' ? ['closing'] : [], ...held ? ['held back'] : []].join(', ')],
  ['Node', ({ node }) => node],
  ['Endpoint', ({ path }) => path],
  ['Transport', ({ transport, protocol }) => protocol === '' ? transport : `${transport}, ${protocol}`],
  ['Address', ({ ip }) => ip],
  ['Origin', ({ origin }) => origin],
  ['Client', ({ agent }) => agent],
  ['Age', ({ age }) => duration(age)],
  ['Buffered', ({ buffered }) => bytes(buffered)]
]

const STOMP_FACTS = [
  ['STOMP', ({ version, state }) => `${version}, ${state}`],
  ['STOMP session', ({ id }) => id],
  ['Expires in', ({ expiresIn }) => expiresIn === null ? '' : duration(expiresIn)],
  ['Unacknowledged', ({ unacknowledged }) => count(unacknowledged)]
]

/** The panel with one session: facts, subscriptions, messages, and the button that closes it. */
export class SessionPanel {
  #dialog
  #ask
  #actions
  #bodies
  #target = null
  #isWatched = false
  #after = 0
  #opener = null
  #facts = el('dl', { class: 'facts' })
  #subscriptions = el('ul', { class: 'subscriptions', tabIndex: 0, 'aria-label': 'Subscriptions' })
  #subscriptionsTitle = el('h3', {}, 'Subscriptions')
  #messages = el('ol', { class: 'messages', tabIndex: 0, 'aria-label': 'Messages, the newest first' })
  #counts = el('p', { class: 'hint' })
  #problem = el('p', { class: 'problem', role: 'alert' })
  #watch = el('button', { type: 'button', class: 'button', 'aria-pressed': 'false', onclick: () => this.#toggle() }, 'Watch messages')
  #closing = el('div', { class: 'closing' })

  constructor (dialog, { ask, actions, bodies }) {
    this.#dialog = dialog
    this.#ask = ask
    this.#actions = actions
    this.#bodies = bodies
    const close = el('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, 'Done')
    dialog.replaceChildren(
      el('header', {}, el('h2', { id: 'panel-title' }, 'Session'), close),
      this.#problem,
      this.#facts,
      this.#closing,
      el('section', {}, el('div', { class: 'messages-head' }, el('h3', {}, 'Messages'), this.#watch), this.#counts, this.#messages),
      el('section', {}, this.#subscriptionsTitle, this.#subscriptions))
    dialog.addEventListener('close', () => {
      this.#target = null
      this.#opener?.focus()
    })
    dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close() })
  }

  get isOpen () { return this.#target !== null }

  /** Opens the panel for a session. `opener` gets the focus back. */
  open (target, opener) {
    this.#target = target
    this.#opener = opener
    this.#isWatched = false
    this.#after = 0
    this.#facts.replaceChildren()
    this.#subscriptions.replaceChildren()
    this.#messages.replaceChildren()
    setText(this.#problem, '')
    setText(this.#counts, this.#bodies ? 'Shows messages as they come.' : 'Shows the kinds and sizes of messages as they come. The option bodies of the inspector shows their content.')
    this.#drawWatch()
    this.#drawClosing(false)
    this.#dialog.showModal()
    return this.refresh()
  }

  async refresh () {
    const target = this.#target
    if (target === null) return
    try {
      const details = await this.#ask({ name: 'session', ...target })
      const news = this.#isWatched ? await this.#ask({ name: 'watch', ...target, after: this.#after }) : null
      if (this.#target !== target) return
      setText(this.#problem, '')
      this.#drawFacts(details)
      if (news !== null && this.#isWatched) this.#drawNews(news)
    } catch (error) {
      if (this.#target === target) setText(this.#problem, error.message)
    }
  }

  #toggle () {
    this.#isWatched = !this.#isWatched
    this.#drawWatch()
    this.refresh()
  }

  #drawWatch () {
    this.#watch.setAttribute('aria-pressed', String(this.#isWatched))
    setText(this.#watch, this.#isWatched ? 'Stop watching' : 'Watch messages')
  }

  #drawFacts ({ facts, stomp }) {
    const rows = [...FACTS.map(([name, read]) => [name, read(facts)]), ...stomp === null ? [] : STOMP_FACTS.map(([name, read]) => [name, read(stomp)])]
    const shown = rows.filter(([, value]) => value !== '')
    this.#facts.replaceChildren(...shown.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))))
    this.#subscriptionsTitle.hidden = this.#subscriptions.hidden = stomp === null
    if (stomp === null) return this.#subscriptions.replaceChildren()
    setText(this.#subscriptionsTitle, `Subscriptions (${count(stomp.count)})`)
    const lines = stomp.subscriptions.map(({ destination, ack, unacknowledged }) => el('li', {}, el('code', {}, destination), el('span', {}, ack === 'auto' ? 'auto' : `${ack}, ${count(unacknowledged)} open`)))
    this.#subscriptions.replaceChildren(...lines, ...stomp.count > lines.length ? [el('li', { class: 'none' }, `and ${count(stomp.count - lines.length)} more`)] : [])
  }

  #drawNews ({ messages, counts, skipped }) {
    setText(this.#counts, [
      `${count(counts.in)} in (${bytes(counts.bytesIn)}), ${count(counts.out)} out (${bytes(counts.bytesOut)})`,
      ...skipped > 0 ? [`${count(skipped)} not shown, because more came than the sample allows`] : []
    ].join('. '))
    for (const { number, time, direction, kind, bytes: size, text } of messages) {
      this.#after = Math.max(this.#after, number)
      const head = el('div', { class: 'message-head' },
        el('span', { class: `direction ${direction}` }, direction === 'in' ? '↓ in' : '↑ out'), el('span', { class: 'kind' }, kind), el('span', {}, bytes(size)), el('time', {}, clock(time)))
      this.#messages.prepend(el('li', {}, head, ...text === undefined ? [] : [el('pre', {}, text)]))
    }
    while (this.#messages.children.length > MOST_MESSAGES) this.#messages.lastChild.remove()
  }

  /** Draws the button that closes the session. It asks once more before it does. */
  #drawClosing (isAsking) {
    if (!this.#actions) return this.#closing.replaceChildren(el('p', { class: 'hint' }, 'This inspector may only read. The option actions lets it close sessions.'))
    if (!isAsking) {
      this.#closing.replaceChildren(el('button', { type: 'button', class: 'button danger', onclick: () => this.#drawClosing(true) }, 'Close session'))
      return
    }
    const keep = el('button', { type: 'button', class: 'button', onclick: () => this.#drawClosing(false) }, 'Keep it')
    this.#closing.replaceChildren(el('span', {}, 'The client gets code 4000.'), el('button', { type: 'button', class: 'button danger', onclick: () => this.#close() }, 'Close it'), keep)
    keep.focus()
  }

  async #close () {
    try {
      await this.#ask({ name: 'close', ...this.#target })
      this.#closing.replaceChildren(el('p', { class: 'hint' }, 'The session was told to close.'))
    } catch (error) {
      setText(this.#problem, error.message)
      this.#drawClosing(false)
    }
  }
}
