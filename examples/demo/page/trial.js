/** Tries one transport: opens a session, sends messages one after the other, and closes the session. */

import { openConnection } from './connection.js'

const ROUNDS = 5

/** The longest wait for the session, and then for all messages, in milliseconds. sockjs-client gives up earlier. */
const PATIENCE = 30_000

/**
 * Starts a trial. `changed(facts)` is called with each new fact. `done` gives the facts at the end, with `end` as one of
 * `works`, `blocked` (no session opened), `silent` (the session opened, but messages did not come back) and `stopped`.
 */
export function startTrial ({ SockJS, url, transport }, changed) {
  const tag = Math.random().toString(36).slice(2, 8)
  const facts = { end: null, candidates: [], tried: [], refusal: null, by: null, openMs: null, roundTrips: [], code: null }
  let at = performance.now()
  let timer = setTimeout(() => finish('blocked'), PATIENCE)
  let settle
  const done = new Promise((resolve) => { settle = resolve })

  const text = () => `trial ${tag} ${facts.roundTrips.length + 1}`

  function finish (end) {
    facts.end ??= end
    connection.close()
  }

  function send () {
    at = performance.now()
    connection.send(text())
  }

  const connection = openConnection({ SockJS, url, transport }, {
    candidates (names) { facts.candidates = names },
    attempt (name) {
      facts.tried.push(name)
      changed(facts)
    },
    refusal (refusal) { facts.refusal = refusal },
    open (by) {
      clearTimeout(timer)
      timer = setTimeout(() => finish('silent'), PATIENCE)
      facts.by = by
      facts.openMs = performance.now() - at
      changed(facts)
      send()
    },
    frame () {},
    message (data) {
      // A broadcast brings the messages of other pages too.
      if (facts.end !== null || data !== text()) return
      facts.roundTrips.push(performance.now() - at)
      if (facts.roundTrips.length === ROUNDS) finish('works')
      else send()
    },
    close ({ code }) {
      clearTimeout(timer)
      facts.end ??= facts.by === null ? 'blocked' : 'silent'
      facts.code = code
      settle(facts)
    }
  })
  return { done, stop: () => finish('stopped') }
}
