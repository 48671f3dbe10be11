import { el } from './dom.js'
import { addressOf, commandOf } from './operation.js'

const TRANSPORTS = { sockjs: 'SockJS', websocket: 'WebSocket', tcp: 'TCP' }

/** Shows the API as a whole: its words, its servers, its logins, and all operations. */
export function overview (document) {
  const { info, servers, components, 'x-stomp-authentication': authentication } = document.json
  const schemes = Object.entries(components.securitySchemes ?? {})
  return el('article', { class: 'overview' },
    el('header', {}, el('h1', { id: 'title' }, info.title), info.description === undefined ? null : el('p', { class: 'text' }, info.description)),
    el('section', { class: 'card' }, el('h2', {}, 'Servers'), el('ul', { class: 'servers' }, ...Object.values(servers).map(serverRow))),
    schemes.length === 0 && authentication === 'optional'
      ? null
      : el('section', { class: 'card' }, el('h2', {}, authentication === 'required' ? 'A login is needed' : 'A login is possible'),
        el('ul', { class: 'schema' }, ...schemes.map(([name, { description = '' }]) => el('li', {}, el('code', { class: 'property' }, name), el('span', { class: 'words' }, description))))),
    ...document.groups().map(([tag, operations]) => el('section', { class: 'card' }, el('h2', {}, tag === '' ? 'Operations' : tag), el('ul', { class: 'rows' }, ...operations.map(operationRow)))))
}

function serverRow ({ host, protocol, pathname = '', description = '', 'x-stomp-transport': transport }) {
  return el('li', {}, el('span', { class: 'chip' }, TRANSPORTS[transport] ?? protocol), el('code', {}, `${protocol}://${host}${pathname}`), el('span', { class: 'words' }, description))
}

function operationRow (operation) {
  return el('li', {}, el('a', { href: `#/${encodeURIComponent(operation.id)}` }, commandOf(operation), addressOf(operation.address), el('span', { class: 'words' }, operation.summary)))
}
