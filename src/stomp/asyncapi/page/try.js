import { textOf } from './connection.js'
import { fill, partsOf } from './document.js'
import { el, setText } from './dom.js'
import { bodyOf } from './sample.js'

/** The most entries of the log. Older ones go. */
const MOST = 100

/** The part of the page that tries an operation. `connect` resolves with the open connection. */
export class Panel {
  #document
  #operation
  #connect
  #ends = new Map()
  #log = el('ol', { class: 'log', 'aria-label': 'What came and went', 'aria-live': 'polite', tabIndex: 0 })
  #fields = new Map()
  #body = null
  #headers = null
  #button = null

  constructor (document, operation, connect) {
    this.#document = document
    this.#operation = operation
    this.#connect = connect
    this.element = el('section', { class: 'card panel', 'aria-labelledby': 'try-title' }, el('h2', { id: 'try-title' }, 'Try it'), this.#form(), this.#log)
  }

  #form () {
    const form = el('form', {
      class: 'form',
      onsubmit: (event) => {
        event.preventDefault()
        this.#run().catch((error) => this.failed(error))
      }
    })
    form.append(...this.#operation.parameters.map((parameter) => this.#field(parameter)))
    if (this.#operation.action === 'receive') form.append(...this.#editor())
    this.#button = el('button', { type: 'submit', class: 'button primary' }, this.#label)
    form.append(el('div', { class: 'buttons' }, this.#button, el('button', { type: 'button', class: 'button', onclick: () => this.#log.replaceChildren() }, 'Clear')))
    return form
  }

  get #label () { return this.#operation.action === 'receive' ? 'Send' : this.#ends.size === 0 ? 'Subscribe' : 'Unsubscribe' }

  #field ({ name, enum: values, default: standard, examples = [] }) {
    const id = `parameter-${name}`
    const field = values === undefined
      ? el('input', { id, class: 'input', required: true, autocomplete: 'off', value: standard ?? examples[0] ?? '', placeholder: name })
      : el('select', { id, class: 'input' }, ...values.map((value) => el('option', { value, selected: value === standard }, value)))
    this.#fields.set(name, field)
    return el('div', { class: 'field' }, el('label', { for: id }, name), field)
  }

  #editor () {
    const [message] = this.#operation.messages
    const follow = (value) => this.#document.at(value)
    const examples = message.examples ?? []
    const text = bodyOf(message, follow)
    this.#body = el('textarea', { id: 'body', class: 'input code', rows: Math.min(14, Math.max(3, text.split('\n').length + 1)), spellcheck: false, value: text })
    this.#headers = el('textarea', { id: 'headers', class: 'input code', rows: 2, spellcheck: false, placeholder: 'name: value' })
    const picker = el('select', { id: 'example', class: 'input', onchange: () => { this.#body.value = bodyOf({ ...message, examples: [examples[picker.value]] }, follow) } },
      ...examples.map((_example, i) => el('option', { value: String(i) }, `Example ${i + 1}`)))
    return [
      ...examples.length < 2 ? [] : [el('div', { class: 'field' }, el('label', { for: 'example' }, 'Example'), picker)],
      el('div', { class: 'field' }, el('label', { for: 'body' }, 'Body ', el('span', { class: 'kind' }, message.contentType ?? 'application/json')), this.#body),
      el('details', { class: 'more' }, el('summary', {}, 'Headers'), el('div', { class: 'field' }, el('label', { for: 'headers' }, 'One header in each line'), this.#headers))
    ]
  }

  async #run () {
    const connection = await this.#connect()
    await (this.#operation.action === 'receive' ? this.#send(connection) : this.#toggle(connection))
    setText(this.#button, this.#label)
  }

  async #send (connection) {
    const { address, answers, reply, messages: [message] } = this.#operation
    const values = this.#values
    for (const { operation } of answers) {
      const target = this.#document.operation(operation)
      // The answers go to a destination that the parameters of this one name.
      if (target !== undefined && partsOf(target.address).every(({ parameter }) => parameter === undefined || values[parameter] !== undefined)) this.#follow(connection, fill(target.address, values))
    }
    const destination = fill(address, values)
    const body = this.#body.value
    const headers = { ...body === '' ? {} : { 'content-type': message.contentType ?? 'application/json' }, ...headersIn(this.#headers.value) }
    const text = body === '' ? undefined : body
    this.#note('out', destination, body)
    if (reply?.isAddressed === true) return this.#note('in', 'reply-to', asText(await connection.request(destination, headers, text)))
    await connection.send(destination, headers, text)
    this.#note('done', 'The server has processed the message.')
  }

  #toggle (connection) {
    if (this.#ends.size > 0) return this.leave()
    this.#follow(connection, fill(this.#operation.address, this.#values))
  }

  /** Subscribes a destination once. */
  #follow (connection, destination) {
    if (this.#ends.has(destination)) return
    this.#ends.set(destination, connection.subscribe(destination, ({ text }) => this.#note('in', destination, text)))
    this.#note('done', `Subscribed to ${destination}`)
  }

  get #values () { return Object.fromEntries([...this.#fields].map(([name, field]) => [name, field.value])) }

  #note (kind, title, body = '') {
    this.#log.append(el('li', { class: `entry ${kind}` },
      el('p', { class: 'entry-head' }, el('span', { class: 'direction' }, DIRECTIONS[kind]), el('span', { class: 'entry-title' }, title), el('time', {}, new Date().toLocaleTimeString('en-GB'))),
      body === '' ? null : el('pre', { class: 'code' }, pretty(body))))
    while (this.#log.children.length > MOST) this.#log.firstChild.remove()
    this.#log.scrollTop = this.#log.scrollHeight
  }

  /** Tells of an error. The body of an error of the application has more than its text. */
  failed (error) {
    if (error.code === 'STOMP_CLIENT_TIMEOUT') return this.#note('problem', 'No answer came within 10 s.')
    this.#note('problem', textOf(error), typeof error.body === 'object' ? asText(error.body) : '')
  }

  /** Tells that the connection has ended, and with it all subscriptions. */
  lost (reason) {
    if (this.#ends.size > 0) this.#note('problem', `The connection has ended: ${reason}`)
    this.#ends.clear()
    setText(this.#button, this.#label)
  }

  /** Ends the subscriptions. */
  leave () {
    for (const end of this.#ends.values()) end()
    this.#ends.clear()
    setText(this.#button, this.#label)
  }
}

const DIRECTIONS = { out: 'Sent', in: 'Received', done: 'OK', problem: 'Error' }

function pretty (text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** Writes a decoded body. */
function asText (value) {
  return value instanceof Uint8Array ? `${value.length} bytes` : JSON.stringify(value)
}

/** Reads lines such as `priority: high`. */
export function headersIn (text) {
  return Object.fromEntries(text.split('\n').filter((line) => line.includes(':')).map((line) => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()]))
}
