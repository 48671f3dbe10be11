import { el } from './dom.js'

/** The fields of each way to log in: the label, the type, and the headers of CONNECT. */
const FIELDS = {
  userPassword: [['Login', 'text', (value) => ({ login: value })], ['Passcode', 'password', (value) => ({ passcode: value })]],
  http: [['Token', 'password', (value) => ({ Authorization: `Bearer ${value}` })]]
}

/** Asks for a login. Resolves with the headers of CONNECT, or `null` if the person has changed their mind. */
export function askLogin (dialog, schemes) {
  const fields = [...new Set(schemes.map(({ type }) => type))].flatMap((type) => FIELDS[type] ?? [])
  if (fields.length === 0) return Promise.resolve({})
  return new Promise((resolve) => {
    const inputs = fields.map(([label, type], i) => el('input', { id: `login-${i}`, class: 'input', type, autocomplete: 'off', 'aria-label': label }))
    const finish = (headers) => {
      dialog.close()
      resolve(headers)
    }
    dialog.oncancel = () => resolve(null)
    dialog.replaceChildren(el('form', {
      class: 'form',
      onsubmit: (event) => {
        event.preventDefault()
        finish(Object.assign({}, ...fields.map(([, , header], i) => inputs[i].value === '' ? {} : header(inputs[i].value))))
      }
    },
    el('h2', { id: 'login-title' }, 'Log in'),
    ...fields.map(([label], i) => el('div', { class: 'field' }, el('label', { for: `login-${i}` }, label), inputs[i])),
    el('p', { class: 'hint' }, 'Leave the fields empty to connect without a login.'),
    el('div', { class: 'buttons' }, el('button', { type: 'submit', class: 'button primary' }, 'Connect'), el('button', { type: 'button', class: 'button', onclick: () => finish(null) }, 'Cancel'))))
    dialog.showModal()
  })
}
