import { check } from '../check.ts'
import { duration, nameOf } from '../facts.ts'
import type { Facts } from '../facts.ts'

const findings = {
  'nothing-works': { severity: 'error', title: 'No transport works: no client gets a session.' },
  'pick-slow': { severity: 'note', title: 'The WebSocket opens more slowly than sockjs-client waits, so that it falls back.', remedy: 'upgrade' }
} as const

type Code = keyof typeof findings

/** The transports that each kind of client tries, in its order. */
const clients: readonly (readonly [client: string, transports: readonly string[]])[] = [
  ['sockjs-client in a browser', ['websocket', 'xhr_streaming', 'xhr']],
  ['sockjs-client where WebSocket is blocked', ['xhr_streaming', 'xhr']],
  ['a client of plain WebSocket, as most of STOMP', ['websocket']]
]

/** The time that sockjs-client 1.6 gives a transport, from the time of `/info`: two round trips of its own estimate. */
function waits ({ roundTrip }: Facts): number {
  return 2 * (roundTrip > 100 ? 4 * roundTrip : 300 + roundTrip)
}

/** Milliseconds until a client of this order is open, its failed attempts included. */
function pick (transports: readonly string[], facts: Facts): { name: string, after: number } | undefined {
  let after = facts.roundTrip
  for (const name of transports) {
    const milliseconds = facts.works.get(name)
    if (milliseconds !== undefined) return { name, after: after + milliseconds }
    after += /held|not answered/.test(facts.fails.get(name) ?? '') ? waits(facts) : facts.roundTrip
  }
  return undefined
}

/** What each kind of client ends up with, and after which time. */
export const picks = check<Code>({
  id: 'picks',
  title: 'what each client picks',
  needs: ['service'],
  atMost: () => 1000,
  findings,
  async run ({ facts }, notes) {
    if (facts.works.size === 0) return notes.find('nothing-works', [...facts.fails].map(([name, why]) => `${nameOf(name)} ${why}`).join('; '))
    for (const [client, transports] of clients) {
      const picked = pick(transports, facts)
      notes.saw(`${client}: ${picked === undefined ? 'nothing' : `${nameOf(picked.name)}, after about ${duration(picked.after)}`}`)
    }
    const opening = facts.works.get('websocket') ?? 0
    // A margin, because one measurement is not every client's.
    if (opening > 2 * waits(facts)) notes.find('pick-slow', `it opens after ${duration(opening)}, and sockjs-client waits ${duration(waits(facts))} (/info answers within ${duration(facts.roundTrip)})`)
  }
})
