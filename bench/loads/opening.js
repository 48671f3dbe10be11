import { openSession } from '../clients/index.js'
import { measureWindow } from './window.js'

/** Sessions that open, get their welcome, and leave; as many at a time as the workload says. */
export async function opening (server, { sessions: count, milliseconds }, client) {
  let opened = 0
  let running = true
  const doors = Promise.all(Array.from({ length: count }, comeAndGo))
  const window = measureWindow(server, milliseconds, { count: () => opened })
  const result = await Promise.race([window, doors.then(() => window)])
  running = false
  await doors
  return result

  // A loop: a promise that waits for its successor would keep all of them.
  async function comeAndGo () {
    do {
      const session = openSession(client)
      await session.whenOpen
      session.close()
      opened++
    } while (stillOpen())
  }

  function stillOpen () { return running }
}
