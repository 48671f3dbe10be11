import { askInfo, loadClient } from './client.js'
import { startTrial } from './trial.js'

/**
 * Makes a run of trials, one transport after the other. `on` has `trying(name, facts)`, `tried(name, facts, info)` and, once,
 * `over({ answer, error, stopped })`: `answer` is the answer to `/info`, `error` a failure to load the client.
 */
export function createTrials (on) {
  /** `{ stopped, trial }` while a run goes on. */
  let run = null

  async function tryAll (mine, { url, client, names }) {
    const answer = await askInfo(url)
    if (answer.body === undefined) return { answer }
    let SockJS
    try {
      SockJS = await loadClient(url, client)
    } catch (error) {
      return { answer, error }
    }
    for (const name of names) {
      if (mine.stopped) break
      on.trying(name, null)
      mine.trial = startTrial({ SockJS, url, transport: name }, (facts) => on.trying(name, facts))
      on.tried(name, await mine.trial.done, answer.body)
      mine.trial = null
    }
    return { answer }
  }

  return {
    get running () { return run !== null },
    /** Tries transports by their names, with a client, at an endpoint. */
    async start (what) {
      const mine = { stopped: false, trial: null }
      run = mine
      const result = await tryAll(mine, what)
      run = null
      on.over({ ...result, stopped: mine.stopped })
    },
    stop () {
      if (run === null) return
      run.stopped = true
      run.trial?.stop()
    }
  }
}
