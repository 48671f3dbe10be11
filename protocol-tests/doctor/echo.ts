import { randomBytes } from 'node:crypto'
import { DoctorSocket } from './doctor-socket.ts'
import { attempt } from './visit.ts'
import type { Visit } from './visit.ts'

/** A text that no other client sends. */
export const token = (): string => `doctor-${randomBytes(6).toString('hex')}`

/** Tells why no messages may be sent; undefined where the service sends one back. */
export async function findEcho (visit: Visit): Promise<string | undefined> {
  const { path = '', options: { echo } } = visit.facts
  if (echo === false) return 'switched off'
  if (echo !== true && !/echo$/i.test(path)) return 'the path does not end with "echo", and an application might act on them (--echo allows it)'
  const tries = await Promise.all([attempt(overPolling(visit), 3000), attempt(overWebSocket(visit), 3000)])
  return tries.some(({ value }) => value === true) ? undefined : 'the service does not send them back'
}

async function overPolling (visit: Visit): Promise<boolean> {
  const [session, text] = [visit.session(), token()]
  await visit.poll(session)
  await visit.send(session, [text])
  const { value } = await visit.poll(session, 2000)
  return value?.body.includes(text) === true
}

async function overWebSocket (visit: Visit): Promise<boolean> {
  const socket = await DoctorSocket.open(visit, `${visit.session()}/websocket`)
  if (await socket.next() !== 'o') return false
  const text = token()
  socket.send(JSON.stringify([text]))
  return (await socket.next())?.includes(text) === true
}
