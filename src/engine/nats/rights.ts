import type { NatsConnection, NatsViolation } from './connection.ts'
import type { Subjects } from './subjects.ts'

/** The word for a right in the configuration of a server, by the operation that needs it. */
const WORDS: Readonly<Record<string, string>> = { publish: 'publish', subscription: 'subscribe' }

/**
 * Tries every right that the engine needs, on subjects that only this node uses.
 *
 * Returns the problem, or `null`. `violations` is filled while the function waits, because a server tells a missing right later.
 * `requests` are patterns of the subjects of JetStream, which does nothing with a request that names no subject for the answer.
 */
export async function problemOf (
  connection: NatsConnection, subjects: Subjects, node: string, violations: readonly NatsViolation[], requests: readonly string[]
): Promise<string | null> {
  if (connection.info?.headers !== true) return 'the server has no headers; it must be of version 2.2 or later'
  const names = [subjects.channel(node), subjects.key(node), subjects.attempt(node), subjects.answer(node, 'probe')]
  let echoes = 0
  const probes = names.map((name) => connection.subscribe(name, { callback: (error) => { if (error === null) echoes++ } }))
  const trials = requests.map((pattern) => pattern.replace(/[*>]$/, 'probe'))
  for (const name of [...names, ...trials]) connection.publish(name)
  // The second round trip is for the events: the client hands them over in a later turn than the first answer.
  await connection.flush()
  await connection.flush()
  const refused = new Set(violations.map(({ operation }) => operation))
  const missing = Object.keys(WORDS).filter((operation) => refused.has(operation))
  const request = violations.find(({ subject }) => trials.includes(subject))
  if (request !== undefined) {
    return `the user of the connection has no right to publish ${request.subject}; for JetStream, the permissions of the user need publish: ${JSON.stringify(requests)}`
  }
  if (missing.length > 0) {
    const lines = missing.map((operation) => `${WORDS[operation]}: "${subjects.all}"`).join(' and ')
    const example = violations.find(({ operation }) => operation === missing[0])!
    return `the user of the connection has no right to ${WORDS[example.operation]} ${example.subject}; the permissions of the user need ${lines}`
  }
  for (const probe of probes) probe.unsubscribe()
  return echoes === names.length ? null : 'the connection does not get its own messages back; leave out the option noEcho of connect()'
}
