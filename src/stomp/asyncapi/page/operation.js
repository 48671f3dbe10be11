import { limitsOf, partsOf, typeOf } from './document.js'
import { el } from './dom.js'
import { schemaTree } from './schema.js'

const ACCESS = {
  authenticated: 'Only clients with a user may do this.',
  custom: 'The application decides which clients may do this.',
  none: 'The rules of the application let no client do this.'
}

const TARGETS = { all: 'to all subscribers', user: 'to all sessions of the user', sender: 'to the sending session' }

/** Shows an address, with its parameters marked. */
export function addressOf (address) {
  return el('code', { class: 'address' }, ...partsOf(address).map(({ text, parameter }) => parameter === undefined ? text : el('span', { class: 'parameter' }, `{${parameter}}`)))
}

/** The mark of an operation: the frame of the client. */
export function commandOf ({ command }) {
  return el('span', { class: `command ${command.toLowerCase()}` }, command)
}

/** Shows one operation. `panel` is the part that tries it, or `null`. */
export function operationView (document, operation, panel) {
  const { address, summary, description, tags, access, parameters, messages, reply, answers } = operation
  const follow = (value) => document.at(value)
  return el('article', { class: panel === null ? 'operation' : 'operation with-panel' },
    el('header', {},
      el('p', { class: 'line' }, commandOf(operation), addressOf(address)),
      el('h1', { id: 'title' }, summary === '' ? operation.id : summary),
      description === '' ? null : el('p', { class: 'text' }, description),
      ACCESS[access] === undefined ? null : el('p', { class: 'access' }, ACCESS[access]),
      tags.length === 0 ? null : el('ul', { class: 'chips', 'aria-label': 'Tags' }, ...tags.map((tag) => el('li', { class: 'chip' }, tag)))),
    el('div', { class: 'facts' },
      parameters.length === 0 ? null : section('Parameters', el('ul', { class: 'schema' }, ...parameters.map((each) => parameterRow(each, follow)))),
      ...messages.map((message, i) => messageSection(nameOf(operation, messages, i), message, follow)),
      reply === null || !reply.isAddressed ? null : section('Answer', el('p', { class: 'hint' }, 'The answer goes to the destination in the header ', el('code', {}, 'reply-to'), '.'), ...reply.messages.map((each) => payloadOf(each, follow))),
      ...answers.map((answer) => answerSection(document, operation, answer, follow)),
      operation.action === 'send' ? null : el('p', { class: 'hint' }, 'The errors of this operation arrive at ', el('code', {}, '/user/queue/errors'), ' if the client subscribes to it. Otherwise the connection ends.')),
    panel)
}

function nameOf ({ action }, messages, i) {
  const name = action === 'receive' ? 'Message' : 'Messages to the client'
  return messages.length > 1 ? `${name}, kind ${i + 1}` : name
}

function section (name, ...parts) {
  return el('section', { class: 'card' }, el('h2', {}, name), ...parts)
}

function parameterRow ({ name, description, enum: values, 'x-stomp-schema': given }, follow) {
  const schema = follow(given) ?? (values === undefined ? { type: 'string' } : { enum: values })
  const limits = limitsOf(schema)
  return el('li', {}, el('code', { class: 'property' }, name), el('span', { class: 'type' }, typeOf(schema)),
    limits.length === 0 ? null : el('span', { class: 'limits' }, limits.join(', ')), description === undefined ? null : el('span', { class: 'words' }, description))
}

function messageSection (name, message, follow) {
  const examples = message.examples ?? []
  const headers = follow(message.headers)
  return section(name,
    message.summary === undefined ? null : el('p', { class: 'hint' }, message.summary),
    payloadOf(message, follow),
    headers === undefined ? null : el('div', { class: 'part' }, el('h3', {}, 'Headers'), schemaTree(headers, follow)),
    examples.length === 0 ? null : el('div', { class: 'part' }, el('h3', {}, examples.length === 1 ? 'Example' : 'Examples'), ...examples.map(({ payload }) => codeOf(payload))))
}

function payloadOf (message, follow) {
  const note = message['x-stomp-note']
  return el('div', { class: 'part' },
    el('h3', {}, 'Body ', el('span', { class: 'kind' }, message.contentType ?? 'application/json')),
    message.payload === undefined ? el('p', { class: 'hint' }, note ?? 'The route has no schema for it.') : schemaTree(message.payload, follow))
}

/** Shows text of the document. It is never markup. A long text scrolls, so that the keyboard must reach it. */
function codeOf (payload) {
  return el('pre', { class: 'code', tabIndex: 0 }, typeof payload === 'string' ? payload : JSON.stringify(payload, null, 2))
}

function answerSection (document, { messages: _own, id }, { operation: target, to }, follow) {
  const sent = document.operation(target)
  if (sent === undefined) return null
  const channel = id.replace(/^receive\./, '')
  const messages = sent.messages.filter(({ name }) => name === `${channel}.answer` || sent.messages.length === 1)
  return section('Answer', el('p', { class: 'hint' }, el('a', { href: `#/${encodeURIComponent(target)}` }, addressOf(sent.address)), ` ${TARGETS[to]}`), ...messages.map((each) => payloadOf(each, follow)))
}
