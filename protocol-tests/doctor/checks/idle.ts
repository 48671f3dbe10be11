import { check } from '../check.ts'
import type { Notes } from '../check.ts'
import { duration, nameOf } from '../facts.ts'
import type { Visit } from '../visit.ts'
import { watchPoll, watchSocket, watchStream } from '../watch.ts'
import type { Watched } from '../watch.ts'

const findings = {
  'idle-cut': { severity: 'error', title: 'Silent connections are cut before the heartbeat of the server: clients lose their sessions.', remedy: 'timeouts' },
  'lifetime-cut': { severity: 'warning', title: 'Connections are cut at a certain age, whether they talk or not.', remedy: 'lifetime' },
  'idle-dead': { severity: 'error', title: 'Silent connections stop working without an end: clients notice nothing.', remedy: 'timeouts' },
  'no-heartbeat': { severity: 'note', title: 'The server sends no heartbeat within a minute: proxies cut such connections.', remedy: 'heartbeat' }
} as const

type Code = keyof typeof findings

/** Two cuts at one age, with the time that a busy machine needs. */
const alike = 1500

interface Pair { readonly name: string, readonly silent: Watched, readonly twin: Watched | undefined }

async function watchAll (visit: Visit, milliseconds: number): Promise<Pair[]> {
  const echoes = visit.facts.mute === undefined
  const none = Promise.resolve(undefined)
  const stream = (name: 'xhr_streaming' | 'eventsource'): [string, Promise<Watched | undefined>, Promise<Watched | undefined>] =>
    [name, watchStream(visit, name, milliseconds, false), echoes ? watchStream(visit, name, milliseconds, true) : none]
  const rows: [string, Promise<Watched | undefined>, Promise<Watched | undefined>][] = [
    ['websocket', watchSocket(visit, milliseconds, false), watchSocket(visit, milliseconds, true)],
    stream('xhr_streaming'),
    stream('eventsource'),
    ['xhr', watchPoll(visit, milliseconds), none]
  ]
  const pairs = await Promise.all(rows.map(async ([name, silent, twin]) => ({ name, silent: await silent, twin: await twin })))
  return pairs.flatMap(({ name, silent, twin }) => silent === undefined ? [] : [{ name: nameOf(name), silent, twin: twin !== undefined && hasTalked(twin, silent) ? twin : undefined }])
}

/** Tells whether a twin had talked until it was cut. On a busy machine it may write, or be answered, as late as the silence that cuts. */
export function hasTalked ({ cut, gap, silence }: Watched, silent: Watched): boolean {
  return cut === undefined || Math.max(gap, silence) <= silent.silence * 0.8
}

/** Which of the two it is: only silence ends the one, and age ends both. */
function isLifetime ({ silent, twin }: Pair): boolean {
  if (twin?.cut !== undefined) return Math.abs(twin.age - silent.age) < alike
  // No twin talked: a cut soon after a heartbeat is no matter of silence.
  return twin === undefined && silent.beats.length > 0 && silent.silence < (silent.beats[0] ?? 0) / 2
}

const describe = ({ name, silent }: Pair): string => `${name} after ${duration(silent.silence)} of silence (${silent.cut})`

function intervalOf (pairs: readonly Pair[], { facts }: Visit): { interval: number, how: string } | undefined {
  if (facts.identity !== undefined) return { interval: facts.identity.heartbeat, how: 'says the server' }
  const first = pairs.flatMap(({ silent: { beats } }) => beats.slice(0, 1))
  return first.length === 0 ? undefined : { interval: Math.min(...first), how: 'seen' }
}

function judge (pairs: readonly Pair[], visit: Visit, notes: Notes<Code>): void {
  const beat = intervalOf(pairs, visit)
  const compared = beat === undefined ? 'No heartbeat came before' : `The heartbeat of the server: ${duration(beat.interval)} (${beat.how})`
  const cut = pairs.filter(({ silent }) => silent.cut !== undefined)
  const proven = cut.filter(isLifetime)
  // A poll has no twin that talks.
  const aged = cut.filter((pair) => proven.includes(pair) || (pair.twin === undefined && proven.some(({ silent }) => Math.abs(silent.age - pair.silent.age) < alike)))
  const idle = cut.filter((pair) => !aged.includes(pair))
  if (idle.length > 0) {
    const lives = idle.some(({ twin }) => twin !== undefined && twin.cut === undefined) ? ' Connections that talk live on, so it is the silence.' : ''
    notes.find('idle-cut', `${idle.map(describe).join('; ')}.${lives} ${compared}`)
  }
  if (aged.length > 0) notes.find('lifetime-cut', `${aged.map(({ name, silent }) => `${name} at the age of ${duration(silent.age)}`).join('; ')}. Connections that talk are cut too`)
  const dead = pairs.filter(({ silent }) => silent.dead)
  if (dead.length > 0) notes.find('idle-dead', `${dead.map(({ name, silent }) => `${name}: no answer to a ping after ${duration(silent.silence)} of silence`).join('; ')}. ${compared}`)
  for (const { name, silent } of pairs) {
    if (silent.closed !== undefined) notes.saw(`${name}: the server closed the session after ${duration(silent.age)}: ${silent.closed}`)
  }
  const standing = pairs.filter(({ silent }) => silent.cut === undefined && silent.closed === undefined && !silent.dead)
  if (standing.length > 0) notes.saw(`${standing.map(({ name }) => name).join(', ')}: not cut within ${duration(visit.facts.options.idle)}`)
  if (beat !== undefined) notes.saw(`heartbeat: ${duration(beat.interval)} (${beat.how})`)
  else if (visit.facts.options.idle >= 60_000 && standing.length > 0) notes.find('no-heartbeat', `nothing came within ${duration(visit.facts.options.idle)} over ${standing.map(({ name }) => name).join(', ')}`)
  else notes.saw('no heartbeat came in this time; --idle 130 watches longer')
}

/** When silent connections are cut, for each transport, and whether it is silence or age. */
export const idle = check<Code>({
  id: 'idle',
  title: 'silent connections',
  needs: ['service', 'idle'],
  atMost: ({ options }) => options.idle + 12_000,
  findings,
  async run (visit, notes) {
    const pairs = await watchAll(visit, visit.facts.options.idle)
    if (pairs.length === 0) return notes.saw('no transport opens, so that nothing is watched')
    judge(pairs, visit, notes)
  }
})
