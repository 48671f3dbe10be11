import type { Answer } from '../../client/http.ts'
import { parseTarget } from '../../client/target.ts'
import { check } from '../check.ts'
import type { Notes } from '../check.ts'
import { duration } from '../facts.ts'
import type { Info } from '../facts.ts'
import { attempt, brief, keepCookies, quoted, told } from '../visit.ts'
import type { Visit } from '../visit.ts'
import { findEcho } from '../echo.ts'

const findings = {
  'info-refused': { severity: 'error', title: '/info is not answered, and clients do not begin.', remedy: 'service' },
  'origin-refused': { severity: 'error', title: 'The server refuses the origin of the page: no client of it gets through.', remedy: 'origin' },
  'info-not-json': { severity: 'error', title: '/info does not answer with the JSON of SockJS, and clients give up.', remedy: 'service' },
  'info-cached': { severity: 'warning', title: '/info comes from a cache: clients learn of changes too late, and may get the CORS headers of others.', remedy: 'caching' },
  'base-url-dead': { severity: 'error', title: '/info sends clients to a base_url that does not answer.', remedy: 'base-url' },
  'cors-missing': { severity: 'error', title: 'Browsers keep the answer from the page, because the CORS headers do not fit its origin.', remedy: 'cors' },
  'cors-twice': { severity: 'error', title: 'A CORS header comes twice, and browsers refuse the answer.', remedy: 'cors' },
  'cors-vary': { severity: 'note', title: 'The answer depends on the origin and does not say so: a cache may give it to another page.', remedy: 'cors' },
  'preflight-refused': { severity: 'error', title: 'The preflight of a page of another origin is refused, so its requests are not sent.', remedy: 'cors' }
} as const

type Code = keyof typeof findings

interface Seen extends Info { readonly entropy: unknown }

function parse (answer: Answer): Seen | undefined {
  try {
    const value: unknown = JSON.parse(answer.body.toString('utf8'))
    if (typeof value !== 'object' || value === null || !('websocket' in value || 'entropy' in value)) return undefined
    const { websocket, cookie_needed: cookieNeeded, base_url: baseUrl, entropy } = value as Record<string, unknown>
    return {
      websocket: typeof websocket === 'boolean' ? websocket : undefined,
      cookieNeeded: cookieNeeded === true,
      baseUrl: typeof baseUrl === 'string' && baseUrl !== '' ? baseUrl : undefined,
      entropy
    }
  } catch {
    return undefined
  }
}

/** Requests of sockjs-client carry credentials, so the origin must be named exactly (Fetch, CORS check). */
function judgeCors (answer: Answer, origin: string, what: string, notes: Notes<Code>): void {
  const allowed = answer.fields.all('access-control-allow-origin')
  const credentials = answer.fields.all('access-control-allow-credentials')
  if (allowed.length > 1 || credentials.length > 1 || /,/.test(allowed[0] ?? '')) {
    notes.find('cors-twice', `${what}: Access-Control-Allow-Origin: ${quoted(allowed.join(', '))}`)
  } else if (allowed[0] !== origin) {
    const why = allowed[0] === '*' ? '"*", which does not hold for requests with credentials' : allowed[0] === undefined ? 'nothing' : quoted(allowed[0])
    notes.find('cors-missing', `${what}: Access-Control-Allow-Origin is ${why}, and not ${origin}`)
  } else if (credentials[0] !== 'true') {
    notes.find('cors-missing', `${what}: Access-Control-Allow-Credentials is ${quoted(credentials[0] ?? 'missing')}, and not "true"`)
  } else if (!/\borigin\b|\*/i.test(answer.fields.get('vary') ?? '') && !/no-store/.test(answer.fields.get('cache-control') ?? '')) {
    notes.find('cors-vary', `${what}: Vary is ${quoted(answer.fields.get('vary') ?? 'missing')}`)
  }
}

async function judgePreflight (visit: Visit, origin: string, notes: Notes<Code>): Promise<void> {
  const path = `${visit.session()}/xhr_send`
  const headers = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' }
  const outcome = await visit.ask('OPTIONS', path, { headers })
  if (outcome.trouble !== undefined || outcome.value.status < 200 || outcome.value.status > 299) notes.find('preflight-refused', `OPTIONS of xhr_send: ${told(outcome)}`)
  else judgeCors(outcome.value, origin, 'OPTIONS of xhr_send', notes)
}

async function judgeBaseUrl (baseUrl: string, visit: Visit, notes: Notes<Code>): Promise<void> {
  const { target } = visit.facts
  const url = URL.canParse(baseUrl, target.origin) ? new URL(baseUrl, target.origin).href : baseUrl
  const other = parseTarget(url)
  if (other === undefined) return notes.find('base-url-dead', `${quoted(baseUrl)} is no URL`)
  const outcome = await attempt(visit.within(1024 * 1024, other).get('/info'))
  if (outcome.trouble !== undefined || parse(outcome.value) === undefined) notes.find('base-url-dead', `${quoted(url)}: ${told(outcome)}`)
  else notes.saw(`base_url ${quoted(baseUrl)} answers`)
}

/** Whether two answers are one: the same random number, or an age. */
function cachedBy (one: Answer, other: Answer): string | undefined {
  const age = other.fields.get('age')
  if (age !== undefined && Number(age) > 0) return `Age: ${quoted(age, 20)}`
  const [first, second] = [parse(one)?.entropy, parse(other)?.entropy]
  return typeof first === 'number' && first === second ? `entropy is ${first} twice` : undefined
}

/** The first answer that is no refusal of the origin. */
async function askInfo (visit: Visit, notes: Notes<Code>): Promise<Answer | undefined> {
  const path = visit.url('/info')
  let outcome = await visit.ask('GET', path)
  const { origin } = visit.facts
  if (outcome.value?.status === 403 && origin !== undefined) {
    visit.facts.origin = undefined
    const without = await visit.ask('GET', path)
    if (without.value?.status !== 200) visit.facts.origin = origin
    else {
      const own = visit.facts.options.origin === undefined ? 'This is the origin of the URL itself: behind a proxy the server must learn its own name and scheme. ' : ''
      notes.find('origin-refused', `GET ${path} with Origin: ${origin} answered ${brief(outcome.value)}. ${own}Without Origin it answers: the checks below go on without`)
      outcome = without
    }
  }
  if (outcome.trouble === undefined && outcome.value.status === 200) return outcome.value
  notes.find('info-refused', `GET ${path}: ${told(outcome)}`)
  return undefined
}

/** `/info`, CORS, and whether messages may be sent. */
export const info = check<Code>({
  id: 'info',
  title: '/info, CORS and caches',
  needs: ['service'],
  atMost: () => 20_000,
  findings,
  async run (visit, notes) {
    const { facts } = visit
    const answer = await askInfo(visit, notes)
    if (answer === undefined) return
    const again = await visit.ask('GET', visit.url('/info'))
    const found = parse(answer)
    if (found === undefined) return notes.find('info-not-json', `GET ${visit.url('/info')} answered ${brief(answer)}`)
    keepCookies(facts.cookies, answer)
    facts.info = found
    facts.roundTrip = again.milliseconds
    notes.saw(`after ${duration(again.milliseconds)}: WebSocket ${found.websocket === false ? 'off' : 'on'}, cookie ${found.cookieNeeded ? 'needed' : 'not needed'}`)
    if (again.value !== undefined) {
      const why = cachedBy(answer, again.value)
      if (why !== undefined) notes.find('info-cached', `two requests for ${visit.url('/info')}: ${why}`)
    }
    if (facts.options.origin !== undefined && facts.options.origin !== facts.target.origin && facts.origin !== undefined) {
      judgeCors(answer, facts.origin, 'GET of /info', notes)
      await judgePreflight(visit, facts.origin, notes)
    }
    if (found.baseUrl !== undefined) await judgeBaseUrl(found.baseUrl, visit, notes)
    facts.mute = await findEcho(visit)
    notes.saw(facts.mute === undefined ? 'the service sends messages back: messages are examined too' : `no messages are sent: ${facts.mute}`)
  }
})
