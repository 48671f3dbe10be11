import { clientError, type StompClientError } from './errors.ts'
import type { GivenHeaders, Headers } from './frame.ts'
import type { Message } from './message.ts'
import type { StompSubscription, SubscribeOptions } from './types.ts'

/** A function that gets the messages of a subscription. */
export type MessageListener = (message: Message) => void

/** The client, as its subscriptions see it. */
export interface SubscriptionOwner {
  /** Forgets a subscription, and ends it at the server. */
  forget (subscription: Subscription): void
  /** Tells of messages that are lost. */
  gap (subscription: Subscription): void
  /** Takes an error that nothing else of the application gets. */
  failed (error: unknown): void
}

/** One subscription over all connections. */
export interface Subscription extends StompSubscription {
  /** The number of losses so far. */
  readonly gaps: number
  /** Makes the headers of SUBSCRIBE, which ask for the messages since the last one. */
  subscribing (): GivenHeaders
  /** Takes the RECEIPT of SUBSCRIBE. */
  subscribed (headers: Headers): void
  /** Takes a message, or the mark of lost ones. */
  take (message: Message): void
  /** Ends the subscription. The loop gets the messages that wait, and then the error. */
  end (error: StompClientError | null): void
}

type Result = IteratorResult<Message, undefined>

/** Destinations without gaps: a queue keeps its messages, and the application answers each SUBSCRIBE. */
const WITHOUT_GAPS = /^\/(queue|app)\//

/** Makes a subscription. The messages go to the listener, or wait for the loop. */
export function openSubscription (
  id: string, destination: string, headers: GivenHeaders | undefined, { ack, limit = 1000, signal, ongap }: SubscribeOptions, listener: MessageListener | undefined,
  owner: SubscriptionOwner
): Subscription {
  /** The messages that wait; `null` stands for lost ones. */
  const queue: (Message | null)[] = []
  /** The calls of `next` that wait. */
  const calls: (readonly [resolve: (result: Result) => void, reject: (error: unknown) => void])[] = []
  /** The place of the last message in the history of the topic. */
  let position: string | undefined
  let isMade = false
  let isOver = false
  let failure: StompClientError | null = null
  let made: () => void
  let notMade: (error: unknown) => void
  const ready = new Promise<void>((resolve, reject) => {
    made = resolve
    notMade = reject
  })
  // The loop gets the error, too.
  ready.catch(() => {})

  const subscription = {
    id,
    destination,
    ready,
    gaps: 0,
    subscribing () {
      if (isMade && !position && !WITHOUT_GAPS.test(destination)) push(null)
      return { id, destination, ack, 'x-gaps': true, ...headers, 'x-recover': position }
    },
    subscribed (headers: Headers) {
      isMade = true
      position ??= headers['x-position']
      made()
    },
    take (message: Message) {
      const { headers } = message
      if (headers['x-recovered'] === 'false') position = undefined
      else if (!headers['x-gap']) {
        if (headers['x-offset']) position = `${headers['x-epoch']}:${headers['x-offset']}`
        return push(message)
      }
      push(null)
    },
    unsubscribe () {
      queue.length = 0
      subscription.end(null)
    },
    end (error: StompClientError | null) {
      if (isOver) return
      isOver = true
      failure = error
      signal?.removeEventListener('abort', subscription.unsubscribe)
      owner.forget(subscription)
      notMade(error ?? clientError('CLOSED'))
      if (error && listener) owner.failed(error)
      for (const call of calls.splice(0)) last(...call)
    },
    next: () => new Promise<Result>((resolve, reject) => {
      for (let item; (item = queue.shift()) !== undefined;) {
        if (item) return resolve({ done: false, value: item })
        gap()
      }
      if (isOver) last(resolve, reject)
      else calls.push([resolve, reject])
    }),
    async return (): Promise<Result> {
      subscription.unsubscribe()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]: () => subscription
  } as Subscription & { gaps: number }

  function push (item: Message | null): void {
    if (isOver) return
    if (!item) subscription.gaps++
    const [call] = calls
    if (listener) {
      try {
        if (item) listener(item)
        else gap()
      } catch (error) {
        setTimeout(() => { throw error })
      }
    } else if (call && item) {
      calls.shift()
      call[0]({ done: false, value: item })
    } else if (call) gap()
    else if (queue.length >= limit) subscription.end(clientError('OVERFLOW', destination))
    else queue.push(item)
  }

  function gap (): void {
    owner.gap(subscription)
    ongap?.()
  }

  /** Gives the end to a call of `next`, and the error to one call only. */
  function last (resolve: (result: Result) => void, reject: (error: unknown) => void): void {
    if (failure) reject(failure)
    else resolve({ done: true, value: undefined })
    failure = null
  }

  signal?.addEventListener('abort', subscription.unsubscribe)
  if (signal?.aborted) subscription.unsubscribe()
  return subscription
}
