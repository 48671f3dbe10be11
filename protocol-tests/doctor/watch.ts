import { setTimeout as delay } from 'node:timers/promises'
import { envelopes } from '../client/transports.ts'
import { DoctorSocket } from './doctor-socket.ts'
import { token } from './echo.ts'
import { Stream } from './stream.ts'
import { attempt, quoted } from './visit.ts'
import type { Visit } from './visit.ts'

/** A connection that was watched while it was silent, or while it talked. */
export interface Watched {
  /** Milliseconds of its life, up to its cut or to the end of the watch. */
  readonly age: number
  /** Milliseconds since bytes last came. */
  readonly silence: number
  /** How it was cut; undefined where it was not. */
  readonly cut: string | undefined
  /** The server or the application ended the session itself. */
  readonly closed: string | undefined
  /** When bytes came by themselves, in milliseconds of its life. */
  readonly beats: readonly number[]
  /** The longest pause between two of its own writes, in milliseconds: a busy machine may keep a twin from talking. */
  readonly gap: number
  /** It stands, and nothing comes through it any more. */
  readonly dead: boolean
}

/** How often the talking twin talks, in milliseconds. */
export const chatter = 500

/** A WebSocket for so long. The talking one sends pings, which every server answers (RFC 6455, section 5.5.2). */
export async function watchSocket (visit: Visit, milliseconds: number, talks: boolean): Promise<Watched | undefined> {
  const opened = await attempt(DoctorSocket.open(visit, `${visit.session()}/websocket`))
  const socket = opened.value
  // The check of WebSockets names a socket without a session.
  if (socket === undefined || (await attempt(socket.next())).value !== 'o') return undefined
  const started = performance.now()
  const beats: number[] = []
  let closed: string | undefined
  let [gap, talked] = [0, started]
  const reading = (async () => {
    for (let frame = await socket.next(); frame !== undefined; frame = await socket.next()) {
      beats.push(performance.now() - started)
      if (frame.startsWith('c')) closed = quoted(frame)
    }
  })()
  const over = reading.then(() => true)
  const until = started + milliseconds
  while (socket.end === undefined && performance.now() < until) {
    gap = Math.max(gap, performance.now() - talked)
    if (talks) {
      socket.ping()
      talked = performance.now()
    }
    await Promise.race([over, delay(talks ? chatter : Math.max(0, until - performance.now()), undefined, { ref: false }).then(() => false)])
  }
  gap = Math.max(gap, performance.now() - talked)
  const age = performance.now() - started
  const silence = performance.now() - Math.max(socket.heard, started)
  if (socket.end !== undefined) {
    const { code, reason } = socket.end
    const how = code === undefined ? `without a close frame (${quoted(reason, 80)})` : `${code} ${quoted(reason)}`
    // A proxy has no close frame of its own; some send 1001 when they stop.
    return { age, silence, beats, gap, dead: false, cut: code === undefined && closed === undefined ? how : undefined, closed: closed ?? (code === undefined ? undefined : how) }
  }
  const pongs = socket.pongs
  socket.ping()
  const answered = talks || await alive(() => socket.pongs > pongs, 3000)
  socket.destroy()
  return { age, silence, beats, gap, dead: !answered, cut: undefined, closed: undefined }
}

async function alive (answered: () => boolean, milliseconds: number): Promise<boolean> {
  const until = performance.now() + milliseconds
  while (!answered() && performance.now() < until) await delay(20)
  return answered()
}

/** A stream for so long. The talking one has messages sent back, and begins anew where the server ends a response by its size. */
export async function watchStream (visit: Visit, transport: 'xhr_streaming' | 'eventsource', milliseconds: number, talks: boolean): Promise<Watched | undefined> {
  const session = visit.session()
  let stream = Stream.open(visit, session, transport)
  if (await stream.sees(envelopes[transport].wrap('o'), 3000) === undefined) return undefined
  const started = performance.now()
  const until = started + milliseconds
  const beats: number[] = []
  let length = stream.text.length
  let [gap, talked] = [0, started]
  while (performance.now() < until) {
    gap = Math.max(gap, performance.now() - talked)
    if (talks) {
      await visit.send(session, [token()])
      talked = performance.now()
    }
    await stream.until(() => stream.text.length > length, talks ? chatter : until - performance.now())
    if (stream.text.length > length) beats.push(performance.now() - started)
    length = stream.text.length
    if (stream.end === undefined) {
      if (talks) await delay(chatter)
      continue
    }
    if (!talks || stream.end !== 'complete') break
    stream = Stream.open(visit, session, transport)
    length = 0
  }
  const { end } = stream
  gap = Math.max(gap, performance.now() - talked)
  const age = performance.now() - started
  const silence = performance.now() - Math.max(stream.heard, started)
  const closing = /c\[\d+,[^\]]*\]/.exec(stream.text)?.[0]
  stream.destroy()
  const how = end === 'complete' ? 'the response was completed' : end === undefined ? undefined : quoted(end.problem, 80)
  return { age, silence, beats, gap, dead: false, cut: closing === undefined ? how : undefined, closed: closing }
}

/** Polls that wait, one after the other. */
export async function watchPoll (visit: Visit, milliseconds: number): Promise<Watched | undefined> {
  const session = visit.session()
  const opened = await visit.poll(session)
  if (opened.value?.status !== 200) return undefined
  const started = performance.now()
  const until = started + milliseconds
  const beats: number[] = []
  let begun = started
  const watched = (more: Partial<Watched>): Watched =>
    ({ age: performance.now() - started, silence: performance.now() - begun, beats, gap: 0, dead: false, cut: undefined, closed: undefined, ...more })
  while (performance.now() < until) {
    begun = performance.now()
    const { value, trouble, ...rest } = { problem: '', ...await visit.poll(session, until - begun) }
    if (trouble === 'slow') break
    if (value?.status !== 200) return watched({ cut: value === undefined ? quoted(rest.problem, 80) : `the poll was answered with ${value.status}` })
    const body = value.body.toString('latin1')
    if (body.startsWith('c')) return watched({ closed: quoted(body) })
    beats.push(performance.now() - started)
    // A server that answers at once is not polled without end.
    if (performance.now() - begun < 50) await delay(200)
  }
  return watched({})
}
