/** The cases of operations that send: clients may subscribe, and what comes fits. */
import type { StompClient } from '../client/stomp-client.ts'
import type { StompFrame } from '../client/stomp-frame.ts'
import type { Context } from '../runner/context.ts'
import { expectThat } from '../runner/expect.ts'
import type { CatalogueEntry } from '../types.ts'
import { entryOf } from './entry.ts'
import type { Draft } from './entry.ts'
import { answerPatience, answersOn, connect, expectKind, watchErrors } from './kit.ts'
import { fill } from './operations.ts'
import type { Read } from './operations.ts'
import type { Plan } from './plan.ts'
import { parametersFor, wrongParameter } from './values.ts'

export function sendingCases (plan: Plan, operation: Read): CatalogueEntry[] {
  const { access, schemas } = plan
  const { id, address, parameters, kind, kinds } = operation
  const own = (draft: Draft): CatalogueEntry => entryOf(operation, draft)
  const subscribe = async (t: Context, values = parametersFor(parameters, schemas), headers: Readonly<Record<string, string>> = access.login): Promise<Subscribed> => {
    const client = await connect(t, access, headers)
    const isErrors = fill(address, values) === access.errors
    if (headers === access.login && !isErrors) await watchErrors(client, access)
    const receipt = t.id()
    client.send('SUBSCRIBE', { id: 'own', destination: fill(address, values), receipt })
    const frames: StompFrame[] = []
    for (;;) {
      const frame = await client.frame('RECEIPT, or ERROR')
      if (frame.command === 'ERROR') return { client, frames, error: frame }
      if (frame.get('subscription') === 'errors') return { client, frames, error: frame }
      if (frame.get('receipt-id') === receipt) return { client, frames, error: undefined }
      frames.push(frame)
    }
  }
  const refused = async (t: Context, what: string, values?: Record<string, string>, headers?: Readonly<Record<string, string>>): Promise<void> => {
    const { error, client } = await subscribe(t, values, headers)
    // The error of a handler may come behind the receipt.
    expectThat(error !== undefined || await failsLate(client), what, 'a refusal: ERROR, or a message with an error', 'a receipt, and no error')
  }
  if (operation.access === 'none') return [own({ id: 'denied', title: 'no client may subscribe', run: async (t) => await refused(t, `a subscription of ${address}`) })]
  return [
    own({
      id: 'subscribe',
      title: kind === 'subscribe' ? 'takes a subscription, and the answer fits' : 'takes a subscription',
      patience: answerPatience,
      run: async (t) => {
        const { client, frames, error } = await subscribe(t)
        if (error !== undefined && operation.access === 'custom') t.notApplicable(`the application refuses this client: ${error.get('code') ?? error.text}`)
        expectThat(error === undefined, `the subscription of ${address}`, 'a receipt', `${error?.get('code') ?? ''} ${error?.get('message') ?? error?.text ?? ''}`)
        // A destination of the broker has its messages when others send them.
        const found = kind === 'subscribe' ? await answersOn(client, 'own', frames) : frames.filter((frame) => frame.get('subscription') === 'own')
        expectThat(kind !== 'subscribe' || found.length > 0 || !kinds.every(({ payload }) => payload !== undefined), `the answer to the subscription of ${address}`, `a message within ${answerPatience / 1000} s`, 'nothing')
        for (const frame of found) expectKind(frame, kinds, schemas, id)
      }
    }),
    ...kind !== 'subscribe'
      ? []
      : parameters.flatMap((part) => {
        const wrong = wrongParameter(part, schemas)
        return wrong === undefined
          ? []
          : [own({
              id: `parameter-${part.name}`,
              title: `refuses a value of {${part.name}} that does not fit`,
              patience: answerPatience,
              run: async (t) => await refused(t, `{${part.name}} as ${JSON.stringify(wrong).slice(0, 60)}`, { ...parametersFor(parameters, schemas), [part.name]: wrong })
            })]
      }),
    ...operation.access === 'authenticated' && !plan.needsLogin
      ? [own({ id: 'anonymous', title: 'refuses a client without a user', patience: answerPatience, run: async (t) => await refused(t, 'a subscription without a login', undefined, {}) })]
      : []
  ]
}

interface Subscribed {
  readonly client: StompClient
  /** What came before the receipt. */
  readonly frames: readonly StompFrame[]
  readonly error: StompFrame | undefined
}

/** An ERROR, or the error of a handler, comes in time. */
async function failsLate (client: StompClient): Promise<boolean> {
  const deadline = Date.now() + answerPatience
  while (Date.now() < deadline && await client.stirs(deadline - Date.now())) {
    const frame = await client.frame('ERROR')
    if (frame.command === 'ERROR' || frame.get('subscription') === 'errors') return true
  }
  return false
}
