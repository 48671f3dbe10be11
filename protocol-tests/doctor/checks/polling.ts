import type { Answer } from '../../client/http.ts'
import { check } from '../check.ts'
import type { Notes } from '../check.ts'
import { token } from '../echo.ts'
import { duration, size } from '../facts.ts'
import { told } from '../visit.ts'
import type { Attempt, Visit } from '../visit.ts'

const findings = {
  'poll-refused': { severity: 'error', title: 'Polling does not work: the transport of last resort.', remedy: 'post-refused' },
  'poll-held': { severity: 'error', title: 'Something holds the answer to a poll back.', remedy: 'buffering' },
  'send-refused': { severity: 'error', title: 'Messages by POST are refused, so only WebSocket can send.', remedy: 'post-refused' },
  'message-lost': { severity: 'error', title: 'A message was accepted and did not come back.', remedy: 'sticky' },
  'post-repeated': { severity: 'error', title: 'A message that was sent once arrives twice: a proxy repeats POST requests.', remedy: 'post-repeated' },
  'body-limit': { severity: 'warning', title: 'Large bodies are refused on the way, and the session of the client ends.', remedy: 'body-size' }
} as const

type Code = keyof typeof findings

/** The largest body that servers take by default: four times 1 MiB. */
const largest = 4 * 1024 * 1024

/** A limit of 1 MiB, as that of nginx, refuses a message of 1 MiB; larger ones are a matter of the application. */
const enough = 1024 * 1024 + 1024

const steps = 7

type Passage = 'passes' | 'refused' | 'unknown'

/** How a body fares whose session does not exist: the server answers 404 and does nothing, and a proxy with a limit comes before it. */
async function pass (bytes: number, visit: Visit): Promise<{ passage: Passage, outcome: Attempt<Answer> }> {
  const body = Buffer.alloc(bytes, 'x')
  body.write('["')
  body.write('"]', bytes - 2)
  const post = async (): Promise<Attempt<Answer>> => await visit.ask('POST', `${visit.session()}/xhr_send`, { headers: { 'Content-Type': 'text/plain' }, body }, 5000)
  const first = await post()
  // A connection may be cut for another reason once.
  const outcome = first.trouble === 'cut' ? await post() : first
  if (outcome.trouble === 'slow') return { passage: 'unknown', outcome }
  const refused = outcome.trouble !== undefined || outcome.value.status === 413 || outcome.value.status >= 500
  return { passage: refused ? 'refused' : 'passes', outcome }
}

async function judgeBodies (visit: Visit, notes: Notes<Code>): Promise<void> {
  const { identity } = visit.facts
  const top = Math.min(largest, identity?.bodyLimit ?? largest)
  const small = await pass(1024, visit)
  if (small.passage !== 'passes') return notes.saw(`the limit of bodies is not tried: a body of 1 KiB for an unknown session gets ${told(small.outcome)}`)
  const first = await pass(top, visit)
  if (first.passage === 'passes') return notes.saw(`bodies of ${size(top)} pass`)
  if (first.passage === 'unknown') return notes.saw(`the limit of bodies is not known: ${size(top)} take longer than 5 s`)
  let [low, high, last] = [1024, top, first.outcome]
  for (let step = 0; step < steps; step += 1) {
    // The limits of proxies are round numbers more often than not.
    const middle = step === 0 ? Math.min(enough - 1024, (low + high) / 2) : Math.floor((low + high) / 2)
    const { passage, outcome } = await pass(middle, visit)
    if (passage === 'unknown') break
    if (passage === 'passes') low = middle
    else [high, last] = [middle, outcome]
  }
  const detail = `a body of ${size(low)} passes, and one of ${size(high)} gets ${told(last)}`
  const wanted = identity?.bodyLimit ?? enough
  if (low < wanted) notes.find('body-limit', `${detail}${identity === undefined ? '' : `. The server itself takes ${size(identity.bodyLimit)}`}`)
  else notes.saw(detail)
}

/** One message there and back, and whether it comes once. */
async function exchange (session: string, visit: Visit, notes: Notes<Code>): Promise<void> {
  const text = token()
  const isNew = ({ value }: Attempt<Answer>): boolean => value?.body.toString('latin1').startsWith('o') === true
  const [poll, sent] = await Promise.all([visit.poll(session), visit.send(session, [text])])
  // The check of stickiness counts these, and names the cause.
  if (sent.value?.status === 404 || isNew(poll)) return notes.saw('the next request finds no session')
  if (sent.value === undefined || sent.value.status > 299) return notes.find('send-refused', `POST ${visit.url('/…/xhr_send')}: ${told(sent)}`)
  const count = (body: string): number => body.split(text).length - 1
  let found = count(poll.value?.body.toString('latin1') ?? '')
  // A repeated request comes a moment after the first.
  const more = await visit.poll(session, found === 0 ? 3000 : 2500)
  found += count(more.value?.body.toString('latin1') ?? '')
  if (found === 0 && isNew(more)) notes.saw('the next request finds no session')
  else if (found === 0) notes.find('message-lost', `POST xhr_send answered ${sent.value.status}, and the polls: ${told(poll)}; ${told(more)}`)
  else if (found > 1) notes.find('post-repeated', `one message came ${found} times`)
  else notes.saw(`a message comes back once, POST xhr_send answers ${sent.value.status}`)
}

/** Polls, messages by POST, and the largest body that passes. */
export const polling = check<Code>({
  id: 'polling',
  title: 'polling and POST',
  needs: ['service'],
  atMost: () => 30_000,
  findings,
  async run (visit, notes) {
    const { facts } = visit
    const session = visit.session()
    const opened = await visit.poll(session)
    if (opened.value?.status !== 200 || !opened.value.body.toString('latin1').startsWith('o')) {
      facts.fails.set('xhr', opened.trouble === 'slow' ? 'is held back' : `is answered with ${opened.value?.status ?? 'no answer'}`)
      return notes.find(opened.trouble === 'slow' ? 'poll-held' : 'poll-refused', `POST ${visit.url('/…/xhr')}: ${told(opened)}`)
    }
    facts.works.set('xhr', opened.milliseconds)
    notes.saw(`xhr-polling: the first frame comes after ${duration(opened.milliseconds)}`)
    if (facts.mute === undefined) await exchange(session, visit, notes)
    else notes.saw(`messages are not tried: ${facts.mute}`)
    await judgeBodies(visit, notes)
  }
})
