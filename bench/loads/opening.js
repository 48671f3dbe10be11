import { openSession } from '../clients/index.js'
import { Latencies } from '../statistics.js'

/**
 * Sessions that open, get their welcome, and leave; as many at a time as the workload says.
 *
 * `stranger` is the dialect of a client that the server must refuse.
 */
export async function opening ({ sessions: atATime, stranger }, client) {
  if (stranger !== undefined) await mustRefuse({ ...client, dialect: stranger })
  const latencies = new Latencies()
  let opened = 0
  let running = 0
  let held = true

  // A loop: a promise that waits for its successor would keep all of them.
  async function comeAndGo () {
    running++
    do {
      const started = performance.now()
      const session = openSession(client)
      await session.whenOpen
      latencies.add(performance.now() - started)
      session.close()
      opened++
    } while (goesOn())
    running--
  }

  function goesOn () { return !held }

  return {
    count: () => opened,
    latencies,
    go () {
      held = false
      while (running < atATime) comeAndGo()
    },
    hold () { held = true },
    end () {}
  }
}

async function mustRefuse (client) {
  const session = openSession(client)
  const open = await session.whenOpen.then(() => true, () => false)
  session.close()
  if (open) throw new Error('the server has let a stranger in')
}
