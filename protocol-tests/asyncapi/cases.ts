/** The cases of a document: what each operation must take, what it must refuse, and what must come of it. */
import type { Context } from '../runner/context.ts'
import { expectThat } from '../runner/expect.ts'
import type { CatalogueEntry } from '../types.ts'
import { documentCases } from './document-cases.ts'
import { answerPatience, answersOn, connect, expectKind, expectRefused, send, told, watchErrors } from './kit.ts'
import type { Outcome } from './kit.ts'
import { fill } from './operations.ts'
import type { Kind, Read } from './operations.ts'
import type { Plan } from './plan.ts'
import { goodBodies, parametersFor, wrongBodies, wrongParameter } from './values.ts'
import type { Good } from './values.ts'

/** The queue to which answers come that the message asks for. */
const answers = '/temp-queue/conformance'

export function casesOf (plan: Plan): CatalogueEntry[] {
  return [...documentCases(plan), ...plan.operations.flatMap((operation) => operation.action === 'receive' ? receiving(plan, operation) : sending(plan, operation))]
}

interface Draft { readonly id: string, readonly title: string, readonly patience?: number, readonly run: (t: Context) => Promise<void> }

const entry = ({ id, address, action }: Read, { id: suffix, ...draft }: Draft): CatalogueEntry => ({
  ...draft, id: `${id}.${suffix}`, level: 'C', suite: 'asyncapi', section: id, clause: `${action === 'receive' ? 'SEND' : 'SUBSCRIBE'} ${address}`, needs: [], requires: []
})

function receiving (plan: Plan, operation: Read): CatalogueEntry[] {
  const { schemas, access } = plan
  const { kinds: [kind], address, parameters } = operation
  const own = (draft: Draft): CatalogueEntry => entry(operation, draft)
  const good = kind === undefined ? [] : goodBodies(kind, schemas)
  const usual = good.find(({ problem }) => problem === undefined)
  const deliver = async (t: Context, body: string | Uint8Array, values = parametersFor(parameters, schemas), headers: Readonly<Record<string, string>> = access.login): Promise<Outcome> => {
    const client = await connect(t, access, headers)
    if (headers === access.login) await watchErrors(client, access)
    return await send(t, client, headersFor(fill(address, values), kind), body)
  }
  const body = encode(usual?.value, kind)
  if (operation.access === 'none') return [own({ id: 'denied', title: 'no client may send there', run: async (t) => expectRefused(await deliver(t, body), `a message to ${address}`) })]
  return [
    ...good.map((each, index) => own({ id: `valid-${index + 1}`, title: `takes ${each.why}, and the answer fits`, patience: answerPatience, run: async (t) => await takes(t, plan, operation, each) })),
    ...good.length > 0 ? [] : [own({ id: 'empty', title: 'takes a message without a body', patience: answerPatience, run: async (t) => await takes(t, plan, operation, undefined) })],
    ...kind === undefined
      ? []
      : wrongBodies(kind, schemas).map(({ why, value }, index) => own({
        id: `invalid-${index + 1}`,
        title: `refuses a body: ${why}`,
        run: async (t) => expectRefused(await deliver(t, encode(value, kind)), `the body ${JSON.stringify(value).slice(0, 200)}`)
      })),
    ...kind?.payload !== undefined && isJson(kind)
      ? [own({ id: 'not-json', title: 'refuses a body that is not JSON', run: async (t) => expectRefused(await deliver(t, '{"'), 'a body that is not JSON') })]
      : [],
    ...parameters.flatMap((part) => {
      const wrong = wrongParameter(part, schemas)
      return wrong === undefined
        ? []
        : [own({
            id: `parameter-${part.name}`,
            title: `refuses a value of {${part.name}} that does not fit`,
            run: async (t) => expectRefused(await deliver(t, body, { ...parametersFor(parameters, schemas), [part.name]: wrong }), `{${part.name}} as ${JSON.stringify(wrong).slice(0, 60)}`)
          })]
    }),
    ...operation.access === 'authenticated' && !plan.needsLogin
      ? [own({ id: 'anonymous', title: 'refuses a client without a user', run: async (t) => expectRefused(await deliver(t, body, undefined, {}), 'a message without a login') })]
      : []
  ]
}

const isJson = ({ contentType }: Kind): boolean => /json/.test(contentType)

function encode (value: unknown, kind: Kind | undefined): string | Uint8Array {
  if (value === undefined) return ''
  return kind !== undefined && !isJson(kind) && typeof value === 'string' ? value : JSON.stringify(value)
}

function headersFor (destination: string, kind: Kind | undefined): Record<string, string> {
  return { destination, ...kind === undefined ? {} : { 'content-type': kind.contentType } }
}

/** A message that fits is processed, and each of its answers comes and fits. */
async function takes (t: Context, { access, schemas }: Plan, operation: Read, good: Good | undefined): Promise<void> {
  const { address, kinds: [kind], parameters } = operation
  expectThat(good?.problem === undefined, `${good?.why ?? ''} of the document`, 'a body that fits its schema', `${good?.problem ?? ''}: ${JSON.stringify(good?.value)}`)
  const values = parametersFor(parameters, schemas)
  const client = await connect(t, access)
  await watchErrors(client, access)
  const places = operation.answers.map((answer, index) => answer.address === null
    ? { answer, subscription: answers, where: 'reply-to' }
    : { answer, subscription: `answer-${index}`, where: fill(answer.address, values) })
  for (const { answer, subscription, where } of places) if (answer.address !== null) await client.subscribe(where, { id: subscription })
  const replyTo = places.some(({ answer }) => answer.address === null) ? { 'reply-to': answers } : {}
  const outcome = await send(t, client, { ...headersFor(fill(address, values), kind), ...replyTo }, encode(good?.value, kind))
  judgeOutcome(t, outcome, good, operation)
  for (const { answer: { kinds }, subscription, where } of places) {
    const found = await answersOn(client, subscription, outcome.messages)
    // Without a schema the document does not say that an answer comes.
    expectThat(found.length > 0 || !kinds.every(({ payload }) => payload !== undefined), `the answer at ${where}`, `a message within ${answerPatience / 1000} s`, 'nothing')
    for (const frame of found) expectKind(frame, kinds, schemas, where)
  }
}

function judgeOutcome (t: Context, outcome: Outcome, good: Good | undefined, { access }: Read): void {
  const { error, refusal } = outcome
  if (error === undefined && refusal === undefined) return
  const isRight = error?.get('code') === 'STOMP_ACCESS_REFUSED' || refusal?.status === 401 || refusal?.status === 403
  if (access === 'custom' && isRight) t.notApplicable(`the application refuses this client: ${told(outcome)}`)
  // The state of the application may be against a generated value, such as the id of an order that does not exist.
  const isState = refusal !== undefined && refusal.status < 500 && !refusal.text.includes('VALIDATION')
  if (isState && good?.why.startsWith('example') !== true) t.notApplicable(`the application refuses the generated value: ${told(outcome)}`)
  if (good === undefined) t.notApplicable(`the document has no schema and no example for the body: ${told(outcome)}`)
  expectThat(false, `${good.why}, ${JSON.stringify(good.value).slice(0, 200)}`, 'a receipt, and no error', told(outcome))
}

function sending (plan: Plan, operation: Read): CatalogueEntry[] {
  const { access, schemas } = plan
  const { id, address, parameters, kind, kinds } = operation
  const own = (draft: Draft): CatalogueEntry => entry(operation, draft)
  const subscribe = async (t: Context, values = parametersFor(parameters, schemas), headers: Readonly<Record<string, string>> = access.login) => {
    const client = await connect(t, access, headers)
    const isErrors = fill(address, values) === access.errors
    if (headers === access.login && !isErrors) await watchErrors(client, access)
    const receipt = t.id()
    client.send('SUBSCRIBE', { id: 'own', destination: fill(address, values), receipt })
    const frames = []
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
    // The error of a handler comes behind the receipt.
    const late = error === undefined ? await answersOn(client, 'errors', []) : []
    expectThat(error !== undefined || late.length > 0, what, 'a refusal: ERROR, or a message with an error', 'a receipt, and no error')
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
