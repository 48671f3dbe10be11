/* global addEventListener, location, scrollTo */
import { Connection, textOf } from './connection.js'
import { Document, fits } from './document.js'
import { el, setText } from './dom.js'
import { askLogin } from './login.js'
import { commandOf, operationView } from './operation.js'
import { overview } from './overview.js'
import { Panel } from './try.js'

const byId = (id) => document.getElementById(id)

const load = async (address) => {
  const response = await fetch(address)
  if (!response.ok) throw new Error(`The server answered ${response.status} for ${address}`)
  return response.json()
}

/** The page: the list of operations, and the operation that is open. */
class Page {
  #api = null
  #place = null
  #panel = null
  #login = null
  #connection = new Connection((state, text) => this.#changed(state, text), (error) => this.#panel?.failed(error))

  async start () {
    this.#place = await load('place.json')
    this.#api = new Document(await load(this.#place.document))
    const { title, version } = this.#api.json.info
    setText(byId('name'), title)
    setText(byId('version'), version)
    byId('download').href = this.#place.document
    byId('find').addEventListener('input', () => this.#drawList())
    addEventListener('hashchange', () => this.#open(true))
    if (this.#place.endpoints.length > 0) {
      byId('connect').hidden = byId('state').hidden = false
      byId('connect').addEventListener('click', () => this.#toggle())
      this.#changed('closed', 'Not connected')
    }
    this.#open(false)
  }

  get #wanted () { return decodeURIComponent(location.hash.replace(/^#\/?/, '')) }

  /** Opens the operation that the address of the page names. `isMove` puts the focus there. */
  #open (isMove) {
    this.#panel?.leave()
    const operation = this.#api.operation(this.#wanted)
    this.#panel = operation === undefined || this.#place.endpoints.length === 0 ? null : new Panel(this.#api, operation, () => this.#connected())
    byId('content').replaceChildren(operation === undefined ? overview(this.#api) : operationView(this.#api, operation, this.#panel?.element ?? null))
    document.title = `${operation === undefined ? 'API' : operation.address} · ${this.#api.json.info.title}`
    document.body.className = operation === undefined ? 'at-overview' : 'at-operation'
    this.#drawList()
    if (!isMove) return
    scrollTo(0, 0)
    byId('content').focus({ preventScroll: true })
  }

  #drawList () {
    const search = byId('find').value.trim()
    const groups = this.#api.groups().map(([tag, operations]) => [tag, operations.filter((each) => fits(each, search))]).filter(([, operations]) => operations.length > 0)
    byId('groups').replaceChildren(
      el('a', { class: 'item', href: '#/', ...this.#api.operation(this.#wanted) === undefined ? { 'aria-current': 'page' } : {} }, 'Overview'),
      ...groups.flatMap(([tag, operations]) => [el('p', { class: 'group' }, tag === '' ? 'Operations' : tag), el('ul', {}, ...operations.map((each) => this.#item(each)))]),
      ...groups.length === 0 ? [el('p', { class: 'hint' }, 'No operation fits.')] : [])
  }

  #item (operation) {
    const { id, address, summary } = operation
    return el('li', {}, el('a', { class: 'item', href: `#/${encodeURIComponent(id)}`, ...id === this.#wanted ? { 'aria-current': 'page' } : {} },
      commandOf(operation), el('code', {}, address), summary === '' ? null : el('span', { class: 'words' }, summary)))
  }

  /** Resolves with the open connection. It asks for a login if the document tells of one. */
  async #connected () {
    if (this.#connection.state === 'open') return this.#connection
    const schemes = Object.values(this.#api.json.components.securitySchemes ?? {})
    // A login that the server has accepted is good for the next connection, too.
    const headers = this.#login ?? (this.#connection.state === 'closed' ? await askLogin(byId('login'), schemes) : {})
    if (headers === null) throw new Error('Not connected')
    this.#login = null
    try {
      await this.#connection.open(new URL(this.#place.endpoints[0], location.href).href, headers)
    } catch (error) {
      throw new Error(textOf(error))
    }
    this.#login = headers
    return this.#connection
  }

  #toggle () {
    if (this.#connection.state === 'closed') this.#connected().catch(() => {})
    else {
      this.#login = null
      this.#connection.close()
    }
  }

  #changed (state, text) {
    byId('state').className = `state ${state === 'closed' && this.#api !== null && text !== 'Not connected' ? 'lost' : state}`
    setText(byId('state'), text)
    setText(byId('connect'), state === 'closed' ? 'Connect' : 'Disconnect')
    if (state === 'closed') this.#panel?.lost(text)
  }
}

new Page().start().catch((error) => {
  byId('content').replaceChildren(el('p', { class: 'notice', role: 'alert' }, error.message))
})
