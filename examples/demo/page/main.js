/** Shows one of the three views: a session, a trial of all transports, and a chat. */

import './about.js'
import { openChat } from './chat.js'
import './fallback.js'
import './session.js'

const VIEWS = ['session', 'fallback', 'chat']

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
