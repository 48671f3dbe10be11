import { Emitter } from '../emitter.ts'
import { type Closing, isTemporary, type Reconnecting } from '../reconnecting.ts'
import { decodeBody } from './bodies.ts'
import { type Connection, openConnection } from './connection.ts'
import { fillDestination } from './destinations.ts'
import { clientError, StompClientError } from './errors.ts'
import type { StompEventMap } from './events.ts'
import type { Frame, Headers } from './frame.ts'
import { type Message, openMessage } from './message.ts'
import type { StompOptions } from './options.ts'
import { type MessageListener, openSubscription, type Subscription } from './subscription.ts'
import { type Parts, sending } from './sending.ts'
import type { RequestOptions, SendOptions, StompMessage, StompState, SubscribeOptions } from './types.ts'

/** The temporary queue of this client for the answers to its questions. */
const ANSWERS = '/temp-queue/answers'

/** The codes of an ERROR in place of CONNECTED that another attempt may not get. */
const TEMPORARY = /^STOMP_(BROKER_|CONNECT_TIMEOUT|INTERNAL|RATE_)/

/** The time for the RECEIPT of DISCONNECT, in milliseconds. */
const FAREWELL = 5000

/** Sends a frame that waits for a connection, or gives it up if there will be none. */
type Waiting = (connection: Connection | undefined) => void

/** The options of the stream below. */
type StreamOptions = Omit<StompOptions, 'headers'> & { readonly headers?: StompOptions['httpHeaders'] }

/** Makes a client over many connections, with the subscriptions that live in all of them. */
export function openClient (options: StompOptions, openStream: (options: StreamOptions) => Reconnecting) {
  const { errors = '/user/queue/errors', httpHeaders, headers, queue = 100, retry = isTemporary, ...rest } = options
  const subscriptions = new Map<string | undefined, Subscription>()
  const waiting: Waiting[] = []
  let connection: Connection | undefined
  /** The cause of the last end of a connection. */
  let failure: StompClientError | null = null
  let count = 0
  let connections = 0
  let closing: Promise<void> | undefined

  const client = Object.assign(new Emitter<StompEventMap>(), {
    state: 'connecting' as StompState,
    subscribe,
    async send (destination: string, value?: unknown, options: SendOptions & Parts = {}) {
      const [headers, body] = sending(destination, value, options)
      await run<unknown>(async (connection) => connection[options.receipt === false ? 'send' : 'confirmed']('SEND', headers, body))
    },
    request,
    answer: (destination: string, handler: (question: unknown, message: Message) => unknown) => subscribe(destination, {}, async (message) => {
      const { 'reply-to': replyTo, 'correlation-id': correlation } = message.headers
      let answer: unknown
      let problem: string | undefined
      try {
        answer = await handler(message.body, message)
      } catch (error) {
        failed(error)
        problem = (error as Error)?.message || 'failed'
      }
      await client.send(replyTo!, answer, { headers: { 'correlation-id': correlation, error: problem } }).catch(failed)
    }),
    /** @internal */
    connection: live,
    close () {
      closing ??= leave()
      return closing
    }
  })

  const stream = openStream({
    ...rest,
    headers: httpHeaders,
    retry (closing) {
      const isRefused = connection?.refused
      end()
      return !(isRefused && !TEMPORARY.test(failure!.code)) && retry(closing)
    }
  })
  stream.onopen = () => { open() }
  stream.onmessage = ({ data }) => connection?.take(data)
  stream.onsuspend = () => connection?.suspend()
  stream.onresume = () => connection?.resume()
  stream.oninterrupt = (event) => {
    if (!closing) client.state = connections ? 'interrupted' : 'connecting'
    client.emit('interrupted', { ...event, error: failure })
    failure = null
  }
  const closed = new Promise<void>((resolve) => {
    stream.onclose = (event) => {
      finish(event)
      resolve()
    }
  })

  /** Begins a connection. */
  async function open (): Promise<void> {
    const own = connection = openConnection(stream.session!, options, connected, message)
    try {
      own.connect(await (typeof headers === 'function' ? headers() : headers) ?? {})
    } catch (cause) {
      own.giveUp(clientError('BAD_ARGUMENT', cause, { cause }))
    }
  }

  /** The connection, if frames can be sent. */
  function live (): Connection | undefined {
    return connection?.state === 'connected' ? connection : undefined
  }

  /** Makes the subscriptions, and sends the frames that wait. */
  function connected (headers: Headers): void {
    const own = connection!
    if (!closing) client.state = 'connected'
    const made = [...subscriptions.values()].map((subscription) => make(subscription, own))
    for (const run of waiting.splice(0)) run(own)
    client.emit('connected', { headers })
    if (connections++) {
      Promise.all(made).then(() => {
        if (own.state === 'connected') client.emit('recovered')
      })
    }
  }

  /** Sends SUBSCRIBE, and waits until the server has answered. */
  async function make (subscription: Subscription, connection: Connection): Promise<void> {
    try {
      subscription.subscribed(await connection.confirmed('SUBSCRIBE', subscription.subscribing()))
    } catch (error) {
      // Without a refusal, the next connection makes it again.
      if (isRefusal(error)) subscription.end(error)
    }
  }

  function message (frame: Frame): void {
    const { subscription, 'correlation-id': correlation } = frame.headers
    if (subscription === ANSWERS) connection!.settle(correlation, null, frame)
    else subscriptions.get(subscription)?.take(openMessage(frame, connection!))
  }

  /** Takes a message about an error of a handler. */
  function handlerFailed ({ headers, body, text }: StompMessage<any>): void {
    const error = new StompClientError(body?.error ?? 'STOMP_HANDLER_FAILED', body?.message ?? text, { headers, body })
    if (!connection!.settle(headers['receipt-id'], error)) failed(error)
  }

  function failed (error: unknown): void {
    client.emit('error', { error })
  }

  function subscribe (destination: string, options: SubscribeOptions & Parts = {}, listener?: MessageListener): Subscription {
    demandOpen()
    const id = `${++count}`
    let isOver = false
    const subscription = openSubscription(id, fillDestination(destination, options.params), options.headers, options, listener, {
      forget () {
        isOver = true
        if (subscriptions.delete(id)) live()?.send('UNSUBSCRIBE', { id })
      },
      gap: () => client.emit('gap', { subscription }),
      failed
    })
    // Its signal may have fired before.
    if (!isOver) {
      subscriptions.set(id, subscription)
      if (live()) make(subscription, live()!)
    }
    return subscription
  }

  /** Calls a function with the connection, now or when there is one. */
  function run<T> (send: (connection: Connection) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      demandOpen()
      const run: Waiting = (connection) => connection ? send(connection).then(resolve, reject) : reject(failure ?? clientError('CLOSED', client.state))
      if (live()) run(live())
      else if (waiting.length < queue) waiting.push(run)
      else reject(clientError('QUEUE_FULL', `${queue} frames wait`))
    })
  }

  async function request (destination: string, value?: unknown, { timeout = 30_000, ...options }: RequestOptions & Parts = {}): Promise<unknown> {
    const [headers, body] = sending(destination, value, options)
    let isOver = false
    let forget: (() => void) | undefined
    let timer
    try {
      const [answer] = await Promise.race([
        new Promise<never>((_resolve, reject) => { timer = setTimeout(() => reject(clientError('TIMEOUT', destination)), timeout) }),
        run(async (connection) => {
          // A question that is over is not sent.
          if (isOver) return []
          const id = connection.id()
          forget = () => connection.settle(id, null)
          return Promise.all([connection.wait<Frame>(id), connection.confirmed('SEND', { ...headers, 'reply-to': ANSWERS, 'correlation-id': id }, body)])
        })
      ])
      const problem = answer!.headers['error']
      if (problem) throw clientError('REFUSED', problem, answer)
      return decodeBody(answer!.headers, answer!.body)
    } finally {
      isOver = true
      clearTimeout(timer)
      forget?.()
    }
  }

  /** Closes in order: the server processes the frames before DISCONNECT first. [STOMP 1.2, DISCONNECT] */
  async function leave (): Promise<void> {
    const own = live()
    if (client.state !== 'closed') client.state = 'closing'
    if (own) {
      const timer = setTimeout(() => stream.close(), FAREWELL)
      await own.confirmed('DISCONNECT', {}).catch(() => {})
      clearTimeout(timer)
    }
    stream.close()
    return closed
  }

  function demandOpen (): void {
    if (closing || client.state === 'closed') throw clientError('CLOSED', client.state)
  }

  /** Ends the connection, and keeps the cause. */
  function end (): void {
    failure = connection?.error ?? failure
    connection?.end()
    connection = undefined
  }

  function finish (event: Closing): void {
    end()
    client.state = 'closed'
    const error = closing ? null : failure ?? clientError('CLOSED', `${event.code} ${event.reason}`)
    for (const subscription of subscriptions.values()) subscription.end(error)
    failure = error
    for (const run of waiting.splice(0)) run(undefined)
    client.emit('closed', { ...event, error })
  }

  if (errors) subscribe(errors, {}, handlerFailed)
  return client
}

/** Tells an ERROR of the server from the end of a connection. */
function isRefusal (error: unknown): error is StompClientError {
  return !!(error as StompClientError).headers
}
