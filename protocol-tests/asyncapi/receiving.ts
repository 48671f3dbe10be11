/** The cases of operations that receive: what they must take, what they must refuse, and what must come of it. */
import type { Context } from '../runner/context.ts'
import { expectThat } from '../runner/expect.ts'
import type { CatalogueEntry } from '../types.ts'
import { entryOf } from './entry.ts'
import type { Draft } from './entry.ts'
import { answerPatience, answersOn, connect, expectKind, expectRefused, send, told, watchErrors } from './kit.ts'
import type { Outcome } from './kit.ts'
import { fill } from './operations.ts'
import type { Kind, Read } from './operations.ts'
import type { Plan } from './plan.ts'
import { goodBodies, parametersFor, wrongBodies, wrongParameter } from './values.ts'
import type { Good } from './values.ts'

/** The queue to which answers come that the message asks for. */
const answers = '/temp-queue/conformance'

export function receivingCases (plan: Plan, operation: Read): CatalogueEntry[] {
  const { schemas, access } = plan
  const { kinds: [kind], address, parameters } = operation
  const own = (draft: Draft): CatalogueEntry => entryOf(operation, draft)
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
    // Without a schema the document does not say that an answer comes, and none could be judged.
    if (!kinds.some(({ payload }) => payload !== undefined)) continue
    const found = await answersOn(client, subscription, outcome.messages)
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
