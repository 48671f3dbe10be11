/* global addEventListener, location */
import { Connection } from './connection.js'
import { el, setText } from './dom.js'
import { History } from './history.js'
import { List } from './list.js'
import { nodesView } from './nodes.js'
import { overview } from './overview.js'
import { SessionPanel } from './panel.js'
import { routesView } from './routes.js'
import { TABLES } from './tables.js'

/** All nodes together. */
const ALL = '*'

/** The views in the order of the tabs. Those of STOMP are left out without it. */
const VIEWS = [
  { name: 'overview', label: 'Overview' },
  { name: 'sessions', label: 'Sessions' },
  { name: 'topics', label: 'Topics', isStomp: true },
  { name: 'queues', label: 'Queues', isStomp: true },
  { name: 'users', label: 'Users', isStomp: true },
  { name: 'presence', label: 'Presence', isStomp: true },
  { name: 'letters', label: 'Dead letters', isStomp: true },
  { name: 'routes', label: 'Routes', isStomp: true },
  { name: 'nodes', label: 'Nodes' }
]

const STATES = { connecting: 'Connecting', open: 'Live', lost: 'Connection lost. Trying again' }

const byId = (id) => document.getElementById(id)

/** The page: the connection, the view that is open, and the questions of each interval. */
class Page {
  #connection = new Connection(new URL('live', location.href).href, (state) => this.#changed(state))
  #history = new History()
  #server = null
  #view = null
  #name = ''
  #node = ''
  #nodes = new Map()
  #answer = { nodes: [], routeBounds: [], complete: true }
  #isPaused = false
  #isBusy = false
  #timer = null
  #panel = null

  start () {
    byId('pause').addEventListener('click', () => this.#pause())
    byId('node').addEventListener('change', () => this.#choose(byId('node').value))
    addEventListener('hashchange', () => this.#open())
    document.addEventListener('visibilitychange', () => this.#tick())
    this.#changed('connecting')
    this.#connection.open()
  }

  async #changed (state) {
    byId('state').className = `state ${state}`
    setText(byId('state'), this.#isPaused && state === 'open' ? 'Paused' : STATES[state])
    if (state !== 'open') return
    const server = await this.#connection.ask({ name: 'hello' }).catch(() => null)
    if (server === null) return
    const isSame = this.#server?.version === server.version && this.#server?.node.id === server.node.id
    this.#server = server
    if (!isSame) this.#begin()
    this.#tick()
  }

  /** Begins anew, because the page speaks to another node, or to a server that has started again. */
  #begin () {
    const { isCluster, hasStomp, actions, bodies } = this.#server
    this.#history.clear()
    this.#nodes.clear()
    this.#node = isCluster ? ALL : ''
    byId('picker').hidden = !isCluster
    this.#panel = new SessionPanel(byId('panel'), { ask: (command) => this.#connection.ask(command), actions, bodies })
    byId('tabs').replaceChildren(...VIEWS.filter(({ isStomp }) => hasStomp || isStomp !== true).map(({ name, label }) => el('a', { href: `#/${name}`, 'data-view': name }, label)))
    this.#open()
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.#tick(), this.#server.interval)
  }

  #open () {
    const wanted = location.hash.replace(/^#\/?/, '')
    const isThere = VIEWS.some(({ name, isStomp }) => name === wanted && (this.#server.hasStomp || isStomp !== true))
    this.#name = isThere ? wanted : 'overview'
    for (const tab of byId('tabs').children) {
      if (tab.dataset.view !== this.#name) tab.removeAttribute('aria-current')
      else {
        tab.setAttribute('aria-current', 'page')
        tab.scrollIntoView({ block: 'nearest', inline: 'nearest' })
      }
    }
    this.#view = this.#make(this.#name)
    byId('content').replaceChildren(this.#view.element)
    document.title = `${VIEWS.find(({ name }) => name === this.#name).label} · Inspector`
    this.#draw()
    this.#view.refresh?.()
  }

  #make (name) {
    if (name === 'overview') return overview(this.#server)
    if (name === 'routes') return routesView()
    if (name === 'nodes') return nodesView()
    const { actions, bodies, isCluster, reach } = this.#server
    const tools = {
      isCluster,
      actions,
      bodies,
      open: ({ id, node }, opener) => this.#panel.open({ session: id, node: this.#idOf(node) }, opener),
      replay: (row, button) => this.#replay(row, button)
    }
    return new List({
      ...TABLES[name](tools),
      reach: this.#node === ALL ? reach : Infinity,
      ask: (query) => this.#connection.ask({ name: 'rows', node: this.#node, table: name, ...query })
    })
  }

  async #replay ({ id, node }, button) {
    button.disabled = true
    try {
      await this.#connection.ask({ name: 'replay', node: this.#idOf(node), letter: id })
    } catch (error) {
      this.#tell(error.message)
    } finally {
      button.disabled = false
      this.#view.refresh?.()
    }
  }

  /** The id of a node by its name. A server without an engine is the one that answers. */
  #idOf (name) { return this.#server.isCluster ? [...this.#nodes].find(([, known]) => known === name)?.[0] ?? '' : '' }

  #choose (node) {
    this.#node = node
    this.#history.clear()
    this.#open()
    this.#tick()
  }

  #pause () {
    this.#isPaused = !this.#isPaused
    const button = byId('pause')
    button.setAttribute('aria-pressed', String(this.#isPaused))
    setText(button, this.#isPaused ? 'Resume' : 'Pause')
    setText(byId('state'), this.#isPaused ? 'Paused' : STATES[this.#connection.state])
    this.#tick()
  }

  /** Asks for news. It waits for the answers to the last questions, and asks nothing while no one can see the page. */
  async #tick () {
    if (this.#isBusy || this.#isPaused || document.hidden || this.#server === null || this.#connection.state !== 'open') return
    this.#isBusy = true
    const node = this.#node
    try {
      const answer = await this.#connection.ask({ name: 'numbers', node })
      if (node !== this.#node) return
      this.#answer = answer
      this.#history.add(Date.now(), answer.numbers)
      this.#drawNodes()
      this.#drawChips()
      this.#draw()
      if (this.#panel.isOpen) await this.#panel.refresh()
      else await this.#view.refresh?.()
      this.#tell('')
    } catch (error) {
      this.#tell(error.message)
      if (error.code === 'NODE_AWAY' && node !== ALL) this.#choose(ALL)
    } finally {
      this.#isBusy = false
    }
  }

  #draw () { this.#view.show?.(this.#history, Date.now(), this.#answer) }

  /** Fills the list of nodes. A node that left goes out of it. */
  #drawNodes () {
    if (!this.#server.isCluster || (this.#node !== ALL && this.#nodes.size > 0)) return
    const nodes = new Map(this.#answer.nodes.map(({ id, name }) => [id, name]))
    if ([...nodes].join() === [...this.#nodes].join()) return
    this.#nodes = nodes
    const select = byId('node')
    select.replaceChildren(el('option', { value: ALL }, `All ${nodes.size} nodes`), ...[...nodes].map(([id, name]) => el('option', { value: id }, name)))
    select.value = this.#node
  }

  #drawChips () {
    const { nodes, complete } = this.#answer
    const { engine, actions, version } = this.#server
    const states = (read) => [...new Set(nodes.map(read).filter((state) => state !== null))]
    const chip = (label, state, isGood) => el('li', { class: isGood ? 'chip good' : 'chip bad' }, el('span', { class: 'mark', 'aria-hidden': 'true' }, isGood ? '●' : '▲'), `${label} ${state}`)
    const chips = [
      ...engine === null ? [] : [chip(`Engine ${engine}:`, states(({ engine }) => engine).join(', '), states(({ engine }) => engine).join() === 'available')],
      ...states(({ broker }) => broker).length === 0 ? [] : [chip('Broker:', states(({ broker }) => broker).join(', '), states(({ broker }) => broker).join() === 'available')],
      ...nodes.some(({ draining }) => draining) ? [chip('Draining:', nodes.filter(({ draining }) => draining).map(({ name }) => name || 'this server').join(', '), false)] : [],
      ...complete ? [] : [chip('Incomplete:', 'a node does not answer', false)],
      el('li', { class: 'chip' }, actions ? 'Actions on' : 'Read only'),
      el('li', { class: 'chip' }, `v${version}`)
    ]
    if (chips.map(({ textContent }) => textContent).join() !== [...byId('chips').children].map(({ textContent }) => textContent).join()) byId('chips').replaceChildren(...chips)
  }

  #tell (text) {
    let notice = byId('notice')
    if (text === '') return notice?.remove()
    if (notice === null) {
      notice = el('p', { id: 'notice', class: 'notice', role: 'alert' })
      byId('content').before(notice)
    }
    setText(notice, text)
  }
}

new Page().start()
