import { Reader, Writer } from '../../cluster/bytes.ts'
import { QUESTIONS } from '../../cluster/services.ts'
import type { Users } from '../users.ts'
import { closeSessions, type SessionFilter } from './filter.ts'

/** The most bytes of a list in an answer. The records of sessions use the same link, and wait behind it. */
const MOST_BYTES = 4 * 1024 * 1024

/** The items of one node. The list is whole if nothing was left out. */
export interface NodeList<T> {
  readonly node: string
  readonly whole: boolean
  readonly items: readonly T[]
}

/** Answers a question about the sessions of this node. `name` is the name of the node for people. */
type Answer = (users: Users, name: string, question: Reader) => Uint8Array

/** The answers to the questions about STOMP, by question. */
export const ANSWERS: ReadonlyMap<number, Answer> = new Map<number, Answer>([
  [QUESTIONS.stompUser, (users, name, question) => {
    const sessions = users.get(question.text())?.sessions ?? []
    return writeList(name, sessions, (writer, { id, transport }) => writer.text(id).text(transport))
  }],
  [QUESTIONS.stompCount, (users, name) => {
    const names = writeList(name, users, (writer, user) => writer.text(user.name))
    return new Writer().u32(users.sessions.size).bytes(names).done()
  }],
  [QUESTIONS.stompSubscribers, (users, name, question) => {
    const entries = new Map(users.subscriptions({ destination: question.text() }).map(({ session, user }) => [session, user]))
    return writeList(name, entries, (writer, [{ id }, user]) => writer.text(id).u8(user === null ? 0 : 1).text(user ?? ''))
  }],
  [QUESTIONS.stompClose, (users, name, question) => {
    const filter: SessionFilter = { ...optional('user', question), ...optional('session', question) }
    return new Writer().u32(closeSessions(users, filter, question.u32(), question.text())).done()
  }]
])

/** Writes the question that closes sessions. Neither a user nor a session stands for all. */
export function closeQuestion ({ user, session }: SessionFilter, code: number, reason: string): Uint8Array {
  const writer = new Writer()
  for (const value of [user, session]) writer.u8(value === undefined ? 0 : 1).text(value ?? '')
  return writer.u32(code).text(reason).done()
}

function optional<N extends string> (name: N, reader: Reader): { [name in N]?: string } {
  const given = reader.u8() === 1
  const value = reader.text()
  return (given ? { [name]: value } : {}) as { [name in N]?: string }
}

function writeList<T> (name: string, items: Iterable<T>, write: (writer: Writer, item: T) => void): Uint8Array {
  const list = new Writer()
  let whole = true
  for (const item of items) {
    whole = list.size < MOST_BYTES
    if (!whole) break
    write(list, item)
  }
  return new Writer().text(name).u8(whole ? 1 : 0).bytes(list.done()).done()
}

export function readList<T> (answer: Uint8Array, read: (reader: Reader, node: string) => T): NodeList<T> {
  const reader = new Reader(answer)
  const node = reader.text()
  const whole = reader.u8() === 1
  const list = new Reader(reader.bytes())
  const items: T[] = []
  while (!list.ended) items.push(read(list, node))
  return { node, whole, items }
}
