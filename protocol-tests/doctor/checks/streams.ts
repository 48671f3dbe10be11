import { setTimeout as delay } from 'node:timers/promises'
import { envelopes } from '../../client/transports.ts'
import type { HttpTransport } from '../../client/transports.ts'
import { check } from '../check.ts'
import type { Notes } from '../check.ts'
import { token } from '../echo.ts'
import { duration, size } from '../facts.ts'
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

/** Sends messages one after the other, and returns how long each was on its way; undefined where it did not come. */
async function beat (stream: Stream, session: string, visit: Visit): Promise<(number | undefined)[] | { problem: string }> {
  const travels: Promise<number | undefined>[] = []
  for (let count = 0; count < 4; count += 1) {
    const text = token()
    const started = performance.now()
    const answer = await visit.send(session, [text])
    if (answer.value === undefined || answer.value.status > 299) return { problem: answer.value === undefined ? 'no answer' : String(answer.value.status) }
    travels.push(stream.sees(text, 2000).then((found) => found === undefined ? undefined : performance.now() - started))
    await delay(pause)
  }
  return await Promise.all(travels)
}

function refused (stream: Stream, transport: HttpTransport, visit: Visit, notes: Notes<Code>): boolean {
  const { head } = stream
  if (head === undefined || head.status === 200) return false
  // Servers need not offer every stream, and most offer htmlfile only to some origins.
  if (head.status === 404) notes.saw(`${transport} is not offered (404)`)
  else notes.find('stream-refused', `${transport} answered ${head.status} ${quoted(stream.text)}`)
  visit.facts.fails.set(transport, head.status === 404 ? 'is not offered' : `is answered with ${head.status}`)
  return true
}

function judgeHead (stream: Stream, transport: HttpTransport, notes: Notes<Code>): void {
  const encoding = stream.head?.fields.get('content-encoding')
  if (encoding !== undefined && encoding !== 'identity') notes.find('stream-compressed', `${transport} has Content-Encoding: ${quoted(encoding, 20)}`)
}

const accelerated = (stream: Stream): string =>
  stream.head === undefined || stream.head.fields.has('x-accel-buffering') ? '' : '. The answer has no X-Accel-Buffering: a proxy further in took it, and this one does not see it'

async function watch (transport: typeof names[number], visit: Visit, notes: Notes<Code>): Promise<void> {
  const { facts } = visit
  const session = visit.session()
  const stream = Stream.open(visit, session, transport)
  const opened = await stream.sees(envelopes[transport].wrap('o'), opening)
  if (refused(stream, transport, visit, notes)) return
  judgeHead(stream, transport, notes)
  if (opened === undefined) {
    const { end } = stream
    if (end !== undefined && end !== 'complete') {
      facts.fails.set(transport, 'is cut')
      return notes.find('stream-cut', `${transport}: ${quoted(end.problem, 160)}`)
    }
    facts.fails.set(transport, 'is held back')
    const part = stream.head === undefined ? 'no byte of the answer' : stream.text === '' ? 'only the head of the answer' : `only ${size(stream.text.length)} of the answer`
    const until = facts.mute === undefined ? `; it is held back ${await fill(stream, session, visit)}` : ''
    return notes.find('stream-buffered', `${transport}: ${part} came within ${duration(opening)}${until}${accelerated(stream)}`)
  }
  facts.works.set(transport, opened)
  notes.saw(`${transport}: the first frame comes after ${duration(opened)}`)
  if (facts.mute !== undefined) return
  // A machine that is busy for a moment looks like a proxy that gathers, so that only two rounds count.
  let late = await lateness(stream, session, visit)
  if (late !== undefined) late = await lateness(stream, session, visit)
  if (late === 'sending fails') return
  if (late === undefined) notes.saw(`${transport}: messages come one by one`)
  else notes.find('stream-batched', `${transport}: ${late}${accelerated(stream)}`)
}

async function lateness (stream: Stream, session: string, visit: Visit): Promise<string | undefined> {
  if (stream.end !== undefined) return undefined
  const travels = await beat(stream, session, visit)
  // The checks of polling and of stickiness name it.
  if (!Array.isArray(travels)) return 'sending fails'
  if (stream.end === 'complete') return undefined
  if (travels.some((travel) => travel === undefined)) return `${travels.filter((travel) => travel === undefined).length} of 4 messages do not come within 2 s`
  const first = travels[0] ?? 0
  return first > 2 * pause ? `of 4 messages that were sent every ${pause} ms, the first was ${duration(first)} on its way` : undefined
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
