import { askInfo, loadClient } from './client.js'
import { openConnection } from './connection.js'
import { explainClose, explainFailure, explainInfo } from './words.js'

const urlOf = (path) => new URL(path, document.baseURI).href

/**
 * Opens a session with an endpoint. If no session opens, it says why. `on` may have these functions:
 * `info(answer)`, `tried({ candidates, tried })`, `open({ transport, protocol, candidates, tried, took })`,
 * `frame(direction, text)`, `message(text)`, and in the end either `failed(words, { candidates, tried })` or
 * `closed({ code, reason }, words)`.
 */
export function dial ({ path, transport, protocols }, on) {
  const begun = performance.now()
  const tried = []
  let candidates = []
  let connection = null
  /** `dialling`, `open` or `over`. */
  let state = 'dialling'
  let byUser = false

  function fail (words) {
    if (state === 'over') return
    state = 'over'
    on.failed?.(byUser ? 'You stopped before the session was open.' : words, { candidates, tried, byUser })
  }

  async function start () {
    const answer = await askInfo(urlOf(path))
    if (state === 'over') return
    on.info?.(answer)
    if (answer.body === undefined) return fail(explainInfo(answer))
    let SockJS
    try {
      // Every endpoint serves the same copy, and /echo always exists.
      SockJS = await loadClient(urlOf('echo'))
    } catch (error) {
      return fail(`sockjs-client did not load: ${error.message}.`)
    }
    if (state === 'over') return
    connection = openConnection({ SockJS, url: urlOf(path), transport, protocols }, {
      candidates (names) { candidates = names },
      attempt (name) {
        tried.push(name)
        on.tried?.({ candidates, tried })
      },
      open (name, protocol) {
        state = 'open'
        on.open?.({ transport: name, protocol, candidates, tried, took: performance.now() - begun })
      },
      frame: (direction, text) => on.frame?.(direction, text),
      message: (text) => on.message?.(text),
      close (event) {
        if (state !== 'open') return fail(explainFailure(event, { transport, candidates, tried, info: answer.body }))
        state = 'over'
        on.closed?.(event, explainClose(event, byUser))
      }
    })
  }

  start()
  return {
    send: (text) => connection.send(text),
    close () {
      byUser = true
      if (connection === null) fail()
      else connection.close()
    }
  }
}
