import type { Answer } from '../../client/http.ts'
import { check } from '../check.ts'
import type { Notes } from '../check.ts'
import type { Facts } from '../facts.ts'
import { keepCookies, quoted, told } from '../visit.ts'
import type { Attempt, Visit } from '../visit.ts'

const findings = {
  'not-sticky': { severity: 'error', title: 'Requests of one session reach different processes, and most sessions over HTTP end at once.', remedy: 'sticky' },
  'sticky-by-cookie': { severity: 'note', title: 'Sessions over HTTP hold together by a cookie: clients without cookies lose them.', remedy: 'sticky-cookie' },
  'sticky-cookie-third-party': { severity: 'warning', title: 'Sessions over HTTP hold together by a cookie that browsers do not send from pages of another site.', remedy: 'sticky-cookie' }
} as const

type Code = keyof typeof findings

const sessions = 5
const requests = 4

interface Tally {
  asked: number
  lost: number
  readonly cookies: Map<string, string>
  readonly lines: string[]
  problem: Attempt<Answer> | undefined
}

/** Asks for one session over fresh connections. An empty array is no message, so that the application sees nothing. */
async function askAround (tally: Tally, visit: Visit, keep: boolean): Promise<void> {
  const session = visit.session()
  const jar = new Map(keep ? visit.facts.cookies : [])
  const cookie = (): Record<string, string> => ({ Cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') })
  const opened = await visit.poll(session, undefined, cookie())
  if (opened.value?.status !== 200 || !opened.value.body.toString('latin1').startsWith('o')) {
    tally.problem ??= opened
    return
  }
  tally.lines.push(...opened.value.fields.all('set-cookie'))
  keepCookies(tally.cookies, opened.value)
  if (keep) keepCookies(jar, opened.value)
  const polled = performance.now()
  await Promise.all(Array.from({ length: requests }, async () => {
    const { value } = await visit.send(session, [], cookie())
    // A session that nobody polls is forgotten by its own server after a while.
    if (value === undefined || performance.now() - polled > memory(visit.facts)) return
    tally.asked += 1
    if (value.status === 404) tally.lost += 1
  }))
}

/** The milliseconds for which a server certainly keeps a session without a poll: 5,000 is the default of all servers. */
const memory = ({ identity }: Facts): number => Math.min(3000, (identity?.disconnectDelay ?? 5000) / 2)

async function tallyUp (visit: Visit, keep: boolean): Promise<Tally> {
  const tally: Tally = { asked: 0, lost: 0, cookies: new Map(), lines: [], problem: undefined }
  await Promise.all(Array.from({ length: sessions }, async () => await askAround(tally, visit, keep)))
  return tally
}

const share = ({ lost, asked }: Tally): string => `${lost} of ${asked} requests over fresh connections found no session (404)`

/** Two names of one site; a rough test, for which the last two labels count. */
function sameSite (one: string, other: string): boolean {
  const siteOf = (host: string): string => host.split('.').slice(-2).join('.')
  return siteOf(new URL(one).hostname) === siteOf(new URL(other).hostname)
}

function judgeCookie (without: Tally, tally: Tally, { facts }: Visit, notes: Notes<Code>): void {
  const names = [...tally.cookies.keys()].map((name) => quoted(name, 30)).join(', ')
  const detail = `with the cookie ${names} all sessions are found, without it ${share(without)}`
  const foreign = facts.options.origin !== undefined && !sameSite(facts.options.origin, facts.target.origin)
  const allowed = tally.lines.every((line) => /samesite=none/i.test(line) && /;\s*secure/i.test(line))
  if (foreign && !allowed) notes.find('sticky-cookie-third-party', `${detail}. It lacks SameSite=None; Secure, and the page is at ${facts.options.origin}`)
  else notes.find('sticky-by-cookie', detail)
}

/** Whether fresh connections find the sessions. */
export const stickiness = check<Code>({
  id: 'stickiness',
  title: 'several processes',
  needs: ['service'],
  atMost: () => 30_000,
  findings,
  async run (visit, notes) {
    const tally = await tallyUp(visit, true)
    if (tally.asked === 0) return notes.saw(`not known: no session opens by polling in time${tally.problem === undefined ? '' : ` (${told(tally.problem)})`}`)
    if (tally.lost > 0) return notes.find('not-sticky', share(tally))
    // The cookies of /info may be those that hold the sessions.
    const marked = new Map([...visit.facts.cookies, ...tally.cookies])
    if ([...marked.values()].some((value) => value !== 'dummy')) {
      const without = await tallyUp(visit, false)
      if (without.lost > 0) return judgeCookie(without, { ...tally, cookies: marked }, visit, notes)
    }
    notes.saw(`${sessions} sessions are found over ${tally.asked} fresh connections: one process, an engine, or a balancer that is sticky`)
  }
})
