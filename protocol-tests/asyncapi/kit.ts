/** What a case of an application's own API has at hand: a connection, one message, and all that came of it. */
import { SockjsCarrier, WebSocketCarrier } from '../client/stomp-carriers.ts'
import { StompClient } from '../client/stomp-client.ts'
import type { StompFrame } from '../client/stomp-frame.ts'
import type { Context } from '../runner/context.ts'
import { expectThat, Mismatch } from '../runner/expect.ts'
import { endpoint } from '../stomp/site.ts'
import type { Schemas } from './schemas.ts'
import type { Kind } from './operations.ts'

/** How an API is reached. */
export interface Access {
  readonly carrier: 'websocket' | 'sockjs'
  /** The headers of CONNECT of a client that logs in. */
  readonly login: Readonly<Record<string, string>>
  readonly host: string
  /** Where the errors of handlers arrive, if the server has such a place. */
  readonly errors: string | undefined
}

/** How long an answer may take behind the receipt, in milliseconds. */
export const answerPatience = 2000

/** What came of one message. */
export interface Outcome {
  /** The ERROR frame, behind which the connection ends. */
  readonly error: StompFrame | undefined
  /** The error of a handler. */
  readonly refusal: { readonly status: number, readonly text: string } | undefined
  readonly messages: readonly StompFrame[]
}

export async function connect (t: Context, { carrier, login, host }: Access, headers: Readonly<Record<string, string>> = login): Promise<StompClient> {
  const habits = { connect: { host, ...headers }, receipts: true }
  const client = t.keep(carrier === 'websocket'
    ? new StompClient(new WebSocketCarrier('ws-text', await t.webSocket(endpoint).open()), habits)
    : new StompClient(new SockjsCarrier('sockjs-xhr', await t.session(endpoint, 'xhr_streaming')), habits))
  await client.connect()
  return client
}

/** Subscribes to the errors of handlers, where the server has a place for them. */
export async function watchErrors (client: StompClient, { errors }: Access): Promise<void> {
  if (errors !== undefined) await client.subscribe(errors, { id: 'errors' })
}

/** Sends one message and waits until it was processed, or refused. */
export async function send (t: Context, client: StompClient, headers: Readonly<Record<string, string>>, body: string | Uint8Array): Promise<Outcome> {
  const receipt = t.id()
  client.send('SEND', { ...headers, receipt }, body)
  const messages: StompFrame[] = []
  let refusal: Outcome['refusal']
  for (;;) {
    const frame = await client.frame('RECEIPT, or ERROR')
    if (frame.command === 'ERROR') return { error: frame, refusal, messages }
    if (frame.command === 'RECEIPT' && frame.get('receipt-id') === receipt) return { error: undefined, refusal, messages }
    if (frame.command !== 'MESSAGE') continue
    if (frame.get('subscription') !== 'errors') messages.push(frame)
    else if ((frame.get('receipt-id') ?? receipt) === receipt) refusal = readRefusal(frame)
  }
}

function readRefusal (frame: StompFrame): NonNullable<Outcome['refusal']> {
  try {
    const { statusCode, error, message } = JSON.parse(frame.text) as { statusCode?: number, error?: string, message?: string }
    return { status: statusCode ?? 400, text: [statusCode, error, message].filter((each) => each !== undefined).join(' ') }
  } catch {
    return { status: 400, text: frame.text }
  }
}

/** In words, for reports. */
export function told ({ error, refusal }: Outcome): string {
  if (error !== undefined) return `ERROR ${error.get('code') ?? ''} ${error.get('message') ?? ''}`.replace(/ +/g, ' ').trim()
  return refusal === undefined ? 'a receipt, and no error' : refusal.text
}

/** The server did not take the message, and it is the client who made the mistake. */
export function expectRefused (outcome: Outcome, what: string): void {
  const { error, refusal } = outcome
  expectThat(error !== undefined || refusal !== undefined, what, 'a refusal: ERROR, or a message with an error', told(outcome))
  expectThat(error !== undefined || (refusal?.status ?? 0) < 500, what, 'a refusal that blames the client, with a status below 500', told(outcome))
}

/** Messages of one subscription that come in time: those that are there, else the next one. */
export async function answersOn (client: StompClient, subscription: string, there: readonly StompFrame[]): Promise<StompFrame[]> {
  const own = (frame: StompFrame): boolean => frame.command === 'MESSAGE' && frame.get('subscription') === subscription
  const found = there.filter(own)
  const deadline = Date.now() + answerPatience
  while (found.length === 0 && Date.now() < deadline) {
    if (!await client.stirs(deadline - Date.now())) break
    const frame = await client.frame('a message')
    if (frame.command === 'ERROR') throw new Mismatch('the answer', 'a message', told({ error: frame, refusal: undefined, messages: [] }))
    if (own(frame)) found.push(frame)
  }
  return found
}

/** A message fits one of the kinds that may come there. */
export function expectKind (frame: StompFrame, kinds: readonly Kind[], schemas: Schemas, where: string): void {
  const problems = kinds.map((kind) => problemOf(frame, kind, schemas))
  if (kinds.length === 0 || problems.includes(undefined)) return
  throw new Mismatch(`the body of a message at ${where}`, 'a body that fits its schema', `${problems[0] ?? ''}: ${frame.text.slice(0, 300)}`)
}

function problemOf (frame: StompFrame, { payload, contentType }: Kind, schemas: Schemas): string | undefined {
  if (payload === undefined) return undefined
  const type = frame.get('content-type') ?? contentType
  if (!/json/.test(type)) return schemas.problem(payload, frame.text)
  let value: unknown
  try {
    value = JSON.parse(frame.text)
  } catch {
    return 'the body is not JSON'
  }
  return schemas.problem(payload, value)
}
