import { setTimeout as delay } from 'node:timers/promises'
import { envelopes } from '../../client/transports.ts'
import type { HttpTransport } from '../../client/transports.ts'
import { check } from '../check.ts'
import type { Notes } from '../check.ts'
import { token } from '../echo.ts'
import { duration, nameOf, size } from '../facts.ts'
import { Stream } from '../stream.ts'
import { quoted } from '../visit.ts'
import type { Visit } from '../visit.ts'

const findings = {
  'stream-buffered': { severity: 'warning', title: 'Streams are held back on the way: clients without WebSocket wait for nothing, then poll.', remedy: 'buffering' },
  'stream-batched': { severity: 'warning', title: 'Frames of streams arrive late and together: something gathers them.', remedy: 'buffering' },
  'stream-compressed': { severity: 'note', title: 'Something compresses streams on the way, although the server forbids it.', remedy: 'compression' },
  'stream-refused': { severity: 'warning', title: 'Requests of a stream are refused.', remedy: 'post-refused' },
  'stream-cut': { severity: 'warning', title: 'Streams end before their first frame.', remedy: 'timeouts' }
} as const

type Code = keyof typeof findings

const names = ['xhr_streaming', 'eventsource', 'htmlfile'] as const

/** The time for the first frame, and the pause between two messages. */
const opening = 2000
const pause = 400

const fillers = [4, 16, 64, 256].map((kibibytes) => kibibytes * 1024)

/** Sends ever more until something comes out: how much the proxy gathers. */
async function fill (stream: Stream, session: string, visit: Visit): Promise<string> {
  let sent = 0
  for (const bytes of fillers) {
    const before = stream.text.length
    await visit.send(session, ['x'.repeat(bytes)])
    sent += bytes
    await stream.until(() => stream.text.length > before, 900)
    if (stream.end !== undefined) return 'until the response ends'
    if (stream.text.length > before) return `until about ${size(sent)} are together`
  }
  return `even when ${size(sent)} wait: until the response ends`
}

/** One message: when it was sent, when its POST was answered, and when it came back, in milliseconds of `performance.now()`. */
interface Travel { readonly sent: number, readonly answered: number, readonly came: number | undefined }

/** Sends messages one after the other; undefined where the server does not take them. */
async function beat (stream: Stream, session: string, visit: Visit): Promise<Travel[] | undefined> {
  const travels: Promise<Travel>[] = []
  for (let count = 0; count < 4; count += 1) {
    const text = token()
    const sent = performance.now()
    const { value } = await visit.send(session, [text])
    // The checks of polling and of stickiness name it.
    if (value === undefined || value.status > 299) return undefined
    const answered = performance.now()
    travels.push(stream.sees(text, 2000).then((found) => ({ sent, answered, came: found === undefined ? undefined : stream.opened + found })))
    await delay(pause)
  }
  return await Promise.all(travels)
}

function refused (stream: Stream, transport: HttpTransport, visit: Visit, notes: Notes<Code>): boolean {
  const { head } = stream
  if (head === undefined || head.status === 200) return false
  // Servers need not offer every stream, and most offer htmlfile only to some origins.
  if (head.status === 404) notes.saw(`${nameOf(transport)} is not offered (404)`)
  else notes.find('stream-refused', `${nameOf(transport)} answered ${head.status} ${quoted(stream.text)}`)
  visit.facts.fails.set(transport, head.status === 404 ? 'is not offered' : `is answered with ${head.status}`)
  return true
}

function judgeHead (stream: Stream, transport: HttpTransport, notes: Notes<Code>): void {
  const encoding = stream.head?.fields.get('content-encoding')
  if (encoding !== undefined && encoding !== 'identity') notes.find('stream-compressed', `${nameOf(transport)} has Content-Encoding: ${quoted(encoding, 20)}`)
}

/** What the head says about the cause. */
function cause ({ head }: Stream): string {
  if (head === undefined) return ''
  if (head.fields.has('content-encoding')) return '. It is compressed on the way, which may be the cause'
  return head.fields.has('x-accel-buffering') ? '' : '. It has no X-Accel-Buffering: no: the server does not send it, or a proxy further in takes it'
}

/** Waits for the first frame: longer where an ordinary request is slow at this moment too. */
async function firstFrame (stream: Stream, frame: string, visit: Visit): Promise<number | undefined> {
  const opened = await stream.sees(frame, opening)
  if (opened !== undefined || stream.end !== undefined) return opened
  const { milliseconds } = await visit.ask('GET', visit.url('/info'))
  return await stream.sees(frame, 4 * milliseconds)
}

async function watch (transport: typeof names[number], visit: Visit, notes: Notes<Code>): Promise<void> {
  const { facts } = visit
  const session = visit.session()
  const stream = Stream.open(visit, session, transport)
  const opened = await firstFrame(stream, envelopes[transport].wrap('o'), visit)
  if (refused(stream, transport, visit, notes)) return
  judgeHead(stream, transport, notes)
  if (opened === undefined) {
    const { end } = stream
    if (end !== undefined && end !== 'complete') {
      facts.fails.set(transport, 'is cut')
      return notes.find('stream-cut', `${nameOf(transport)}: ${quoted(end.problem, 160)}`)
    }
    facts.fails.set(transport, 'is held back')
    const part = stream.head === undefined ? 'no byte of the answer' : stream.text === '' ? 'only the head of the answer' : `only ${size(stream.text.length)} of the answer`
    const until = facts.mute === undefined ? `; it is held back ${await fill(stream, session, visit)}` : ''
    return notes.find('stream-buffered', `${nameOf(transport)}: ${part} came within ${duration(opening)}${until}${cause(stream)}`)
  }
  facts.works.set(transport, opened)
  notes.saw(`${nameOf(transport)}: the first frame comes after ${duration(opened)}`)
  if (facts.mute !== undefined) return
  // A machine that is busy for a moment looks like a proxy that gathers, so that only two rounds count.
  const late = await lateness(stream, session, visit) !== undefined ? await lateness(stream, session, visit) : undefined
  if (late === undefined) notes.saw(`${nameOf(transport)}: messages come one by one`)
  else notes.find('stream-batched', `${nameOf(transport)}: ${late}${cause(stream)}`)
}

/** What is late in one round of messages; undefined where nothing is. */
async function lateness (stream: Stream, session: string, visit: Visit): Promise<string | undefined> {
  const travels = await beat(stream, session, visit) ?? []
  // Behind the end of a response, messages come with the next one.
  if (stream.end !== undefined) return undefined
  const missing = travels.filter(({ came }) => came === undefined).length
  if (missing > 0) return `${missing} of ${travels.length} messages do not come within 2 s`
  // The answer of the POST took the same way, so that its time is that of the way.
  const delays = travels.map(({ answered, came = 0 }) => came - answered)
  const together = travels.some(({ came = 0 }, index) => index > 0 && came - (travels[index - 1]?.came ?? 0) < pause / 4)
  return together && Math.max(...delays) > pause * 0.75
    ? `of ${travels.length} messages that were sent every ${pause} ms, some came together, up to ${duration(Math.max(...delays))} after the server had them`
    : undefined
}

/** Whether frames of the three streams arrive one by one. */
export const streams = check<Code>({
  id: 'streams',
  title: 'streams: xhr-streaming, eventsource, htmlfile',
  needs: ['service'],
  atMost: () => 30_000,
  findings,
  async run (visit, notes) {
    await Promise.all(names.map(async (transport) => await watch(transport, visit, notes)))
    if (visit.facts.mute !== undefined) notes.saw(`messages on streams are not tried: ${visit.facts.mute}`)
  }
})
