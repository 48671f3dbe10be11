import { Emitter } from '../emitter.ts'
import { type Closing, isTemporary, type Reconnecting } from '../reconnecting.ts'
import { decodeBody } from './bodies.ts'
import { type Connection, openConnection } from './connection.ts'
import { fillDestination } from './destinations.ts'
import { clientError, StompClientError } from './errors.ts'
import type { StompEventMap } from './events.ts'
import type { Frame, Headers } from './frame.ts'
import { Message } from './message.ts'
import type { StompOptions } from './options.ts'
import { type MessageListener, openSubscription, type Subscription } from './subscription.ts'
import { begin, type Parts, sending } from './transaction.ts'
import type { RequestOptions, SendOptions, StompState, SubscribeOptions } from './types.ts'

/** The temporary queue of this client for the answers to its questions. */
const ANSWERS = '/temp-queue/answers'

/** The id of the subscription to the errors of handlers. */
const ERRORS = 'errors'

/** The codes of an ERROR in place of CONNECTED that another attempt may not get. */
const TEMPORARY = /^STOMP_(BROKER_|CONNECT_TIMEOUT|INTERNAL|RATE_)/

/** The time for the RECEIPT of DISCONNECT, in milliseconds. */
const FAREWELL = 5000

/** A frame that waits for a connection. */
interface Waiting {
  run (connection: Connection): void
  reject (error: unknown): void
}

/** The options of the stream below. */
type StreamOptions = Omit<StompOptions, 'headers' | 'signal'> & { readonly headers?: StompOptions['httpHeaders'] }

/** Makes a client over many connections, with the subscriptions that live in all of them. */
export function openClient (options: StompOptions, openStream: (options: StreamOptions) => Reconnecting) {
  const { errors = '/user/queue/errors', httpHeaders, signal, headers, queue = 100, retry = isTemporary, ...rest } = options
  const subscriptions = new Map<string | undefined, Subscription>()
  const waiting: Waiting[] = []
  let connection: Connection | undefined
  /** The cause of the last end of a connection. */
  let failure: StompClientError | null = null
  let withErrors = errors
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
    begin: () => begin(live()),
    close () {
      closing ??= leave()
      return closing
    }
  })

  const stream = openStream({
    ...rest,
    headers: httpHeaders,
    retry (closing) {
      const isRefused = connection && !connection.version && connection.error?.headers && !TEMPORARY.test(connection.error.code)
      end()
      return !isRefused && retry(closing)
    }
  })
  stream.onopen = () => { open() }
  stream.onmessage = ({ data }) => connection?.take(data)
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
  signal?.addEventListener('abort', client.close)
  if (signal?.aborted) client.close()

  /** Begins a connection. */
  async function open (): Promise<void> {
    const own = connection = openConnection(stream.session!, options, { connected, message })
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
    if (withErrors) {
      own.confirmed('SUBSCRIBE', { id: ERRORS, destination: withErrors }).catch((error) => {
        // The server does not have the destination: the next connection would fail in the same way.
        if (isRefusal(error)) withErrors = false
      })
    }
    const made = [...subscriptions.values()].map((subscription) => make(subscription, own))
    for (const { run } of waiting.splice(0)) run(own)
    client.emit('connected', { version: own.version, headers })
    if (connections++) {
      Promise.all(made).then((gaps) => {
        if (own.state === 'connected') client.emit('recovered', { gaps: gaps.filter(Boolean).length })
      })
    }
  }

  /** Sends SUBSCRIBE, and waits until the server has answered. Tells whether messages are lost. */
  async function make (subscription: Subscription, connection: Connection): Promise<boolean> {
    const { gaps } = subscription
    try {
      subscription.subscribed(await connection.confirmed('SUBSCRIBE', subscription.subscribing()))
    } catch (error) {
      // Without a refusal, the next connection makes it again.
      if (isRefusal(error)) subscription.end(error)
    }
    return subscription.gaps > gaps
  }

  function message (frame: Frame): void {
    const { subscription, 'receipt-id': receipt, 'correlation-id': correlation } = frame.headers
    if (subscription === ANSWERS) connection!.settle(correlation, null, frame)
    else if (subscription === ERRORS) {
      const error = handlerError(frame)
      if (!connection!.settle(receipt, error)) failed(error)
    } else subscriptions.get(subscription)?.take(new Message(frame, connection!))
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
      gap: ({ id, destination }) => client.emit('gap', { subscription: id, destination }),
      failed
    })
    // Its signal may have fired before.
    if (!isOver) {
      subscriptions.set(id, subscription)
      const own = live()
      if (own) make(subscription, own)
    }
    return subscription
  }

  /** Calls a function with the connection, now or when there is one. */
  function run<T> (send: (connection: Connection) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      demandOpen()
      const run = (connection: Connection): void => { send(connection).then(resolve, reject) }
      const own = live()
      if (own) run(own)
      else if (waiting.length < queue) waiting.push({ run, reject })
      else reject(clientError('QUEUE_FULL'))
    })
  }

  function request (destination: string, value?: unknown, { timeout = 30_000, signal, ...options }: RequestOptions & Parts = {}): Promise<unknown> {
    let isOver = signal?.aborted
    let stop: (error: unknown) => void
    let timer: ReturnType<typeof setTimeout>
    let forget: (() => void) | undefined
    const abort = (): void => stop(signal!.reason)
    return new Promise<Frame>((resolve, reject) => {
      stop = reject
      const [headers, body] = sending(destination, value, options)
      timer = setTimeout(() => stop(clientError('TIMEOUT', destination)), timeout)
      signal?.addEventListener('abort', abort)
      if (isOver) abort()
      run(async (connection) => {
        if (isOver) return
        const id = connection.id()
        forget = () => connection.settle(id, null)
        connection.wait<Frame>(id).then(resolve, reject)
        await connection.confirmed('SEND', { ...headers, 'reply-to': ANSWERS, 'correlation-id': id }, body)
      }).catch(reject)
    }).finally(() => {
      isOver = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      forget?.()
    }).then(({ headers, body }) => {
      if (headers['error']) throw clientError('REFUSED', headers['error'], { headers })
      return decodeBody(headers, body)
    })
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
    if (closing || client.state === 'closed') throw clientError('CLOSED')
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
    signal?.removeEventListener('abort', client.close)
    const error = closing ? null : failure ?? clientError('CLOSED', `${event.code} ${event.reason}`)
    for (const subscription of subscriptions.values()) subscription.end(error)
    for (const { reject } of waiting.splice(0)) reject(error ?? clientError('CLOSED'))
    client.emit('closed', { ...event, error })
  }

  return client
}

/** Tells an ERROR of the server from the end of a connection. */
function isRefusal (error: unknown): error is StompClientError {
  return !!(error as StompClientError).headers
}

/** Reads a message about an error of a handler. */
function handlerError ({ headers, body: text }: Frame): StompClientError {
  let body: { readonly error?: string, readonly message?: string } = {}
  try {
    body = Object(decodeBody(headers, text))
  } catch {
    // The text itself tells of the error.
  }
  return new StompClientError(body.error ?? 'STOMP_HANDLER_FAILED', body.message ?? text, { headers, body })
}
