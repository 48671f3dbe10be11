/** The page has two views: a session to take apart, and a chat that stands on two of them. */

import { openChat } from './chat.js'
import './session.js'

const VIEWS = ['session', 'chat']

function show () {
  const chosen = VIEWS.find((view) => window.location.hash === `#${view}`) ?? VIEWS[0]
  for (const view of VIEWS) {
    document.getElementById(`${view}-view`).hidden = view !== chosen
    const link = document.querySelector(`.views [href="#${view}"]`)
    if (view === chosen) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  if (chosen === 'chat') openChat()
  window.scrollTo(0, 0)
}

window.addEventListener('hashchange', show)
show()
