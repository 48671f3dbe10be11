/** The cases that belong to no operation: unknown destinations, and logins. */
import type { Context } from '../runner/context.ts'
import { expectThat } from '../runner/expect.ts'
import { StompClient } from '../client/stomp-client.ts'
import type { CatalogueEntry } from '../types.ts'
import { entryOf } from './entry.ts'
import type { Draft } from './entry.ts'
import { connect, expectRefused, send, watchErrors } from './kit.ts'
import type { Plan } from './plan.ts'

const own = (draft: Draft, clause: string): CatalogueEntry => ({ ...entryOf({ id: 'document', address: '', action: 'receive' }, draft), clause })

export function documentCases (plan: Plan): CatalogueEntry[] {
  const { document, access, needsLogin } = plan
  const schemes = Object.values(document.components?.securitySchemes ?? {})
  const login = (id: string, title: string, headers: Readonly<Record<string, string>>, what: string): CatalogueEntry =>
    own({ id, title, run: async (t) => expectThat(await isRefused(t, plan, headers), what, 'ERROR, or the end of the connection', 'CONNECTED') }, 'CONNECT')
  return [
    ...prefixesOf(plan).flatMap((prefix, index) => [
      own({ id: `unknown-send-${index + 1}`, title: `refuses a message to an unknown destination below ${prefix}`, run: async (t) => await refusesUnknown(t, plan, prefix) }, `SEND ${prefix}/…`),
      own({ id: `unknown-subscribe-${index + 1}`, title: `refuses a subscription of an unknown destination below ${prefix}`, run: async (t) => await refusesSubscription(t, plan, prefix) }, `SUBSCRIBE ${prefix}/…`)
    ]),
    ...needsLogin ? [login('login-missing', 'refuses a client without a login', {}, 'CONNECT without a login')] : [],
    // A login without a passcode has nothing that could be wrong.
    ...schemes.some(({ type }) => type === 'userPassword') && ('login' in access.login) === ('passcode' in access.login)
      ? [login('login-wrong', 'refuses a wrong passcode', { login: access.login['login'] ?? 'no-such-user-7f3a', passcode: 'no-such-passcode-7f3a' }, 'CONNECT with a wrong passcode')]
      : [],
    ...schemes.some(({ type, scheme }) => type === 'http' && scheme === 'bearer')
      ? [login('token-wrong', 'refuses a token that is none', { Authorization: 'Bearer no.such.token' }, 'CONNECT with a wrong token')]
      : []
  ]
}

/** The prefixes of the application: those of the document, else the first segments of the destinations that receive. */
function prefixesOf ({ document, operations }: Plan): readonly string[] {
  const receiving = operations.filter(({ action }) => action === 'receive')
  return document['x-stomp-application-prefixes'] ?? [...new Set(receiving.flatMap(({ address }) => /^\/[^/{}]+(?=\/)/.exec(address)?.[0] ?? []))]
}

/** A destination that no operation has. */
function unknown (t: Context, { operations }: Plan, prefix: string): string {
  for (const rest of [t.id(), `${t.id()}/no/such/destination/at/all`]) {
    const destination = `${prefix}/no-such-destination-${rest}`
    if (!operations.some(({ address }) => new RegExp(`^${address.split(/\{[^}]+\}/).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^/]+')}$`).test(destination))) return destination
  }
  return t.notApplicable(`operations with parameters take every destination below ${prefix}`)
}

async function refusesUnknown (t: Context, plan: Plan, prefix: string): Promise<void> {
  const destination = unknown(t, plan, prefix)
  const client = await connect(t, plan.access)
  await watchErrors(client, plan.access)
  expectRefused(await send(t, client, { destination, 'content-type': 'application/json' }, '{}'), `a message to ${destination}`)
}

async function refusesSubscription (t: Context, plan: Plan, prefix: string): Promise<void> {
  const destination = unknown(t, plan, prefix)
  const client = await connect(t, plan.access)
  await watchErrors(client, plan.access)
  client.send('SUBSCRIBE', { id: 'unknown', destination, receipt: 'unknown' })
  const frame = await client.frame('ERROR')
  expectThat(frame.command === 'ERROR' || frame.get('subscription') === 'errors', `a subscription of ${destination}`, 'a refusal: ERROR, or a message with an error', frame.toString())
}

async function isRefused (t: Context, { access }: Plan, headers: Readonly<Record<string, string>>): Promise<boolean> {
  const client = await connect(t, access, headers).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'Mismatch') return undefined
    throw error
  })
  return !(client instanceof StompClient)
}
