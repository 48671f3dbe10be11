// A node that claims sessions which do not exist, to measure what a claim keeps: `{ engine, address }`.
import { ENGINES } from '../cluster/clients.js'
import { ClusterNode } from '../../dist/cluster/node.js'
import { SystemClock } from '../../dist/core/clock.js'
import { ClaimTimes } from '../../dist/sockjs/remote/claim-times.js'
import { Directory } from '../../dist/sockjs/remote/directory.js'
import { Telemetry } from '../../dist/telemetry/telemetry.js'
import { ready, settings } from './serve.js'

const AT_A_TIME = 500
const log = { debug () {}, info () {}, warn: console.error, error: console.error }
const clock = new SystemClock((error) => { throw error })
const node = new ClusterNode({ engine: await ENGINES[settings.engine](settings.address), clock, log })
await node.start()
const directory = new Directory(node, new ClaimTimes(new Telemetry(console.error), node))
const endpoint = { name: '/bench' }
/** Sessions hold their claims, and so does this. */
const held = []

async function claim () {
  while (held.length < settings.claims) {
    const batch = Array.from({ length: Math.min(AT_A_TIME, settings.claims - held.length) }, (_, i) => {
      const id = `s${held.length + i}`
      return directory.claim(directory.keyOf(endpoint, id), { endpoint, id })
    })
    for (const owner of await Promise.all(batch)) {
      if (owner.at !== 'here') throw new Error(`a claim was refused: ${owner.at}`)
      held.push(owner.claim)
    }
  }
  return held.length
}

ready(0, { claim })
