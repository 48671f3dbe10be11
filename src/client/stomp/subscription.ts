import { clientError, type StompClientError } from './errors.ts'
import type { GivenHeaders, Headers } from './frame.ts'
import type { Message } from './message.ts'
import type { StompSubscription, SubscribeOptions } from './types.ts'

/** A function that gets the messages of a subscription. */
export type MessageListener = (message: Message) => void

/** The client, as its subscriptions see it. */
export interface SubscriptionOwner {
  /** Forgets a subscription, and ends it at the server. */
  forget (): void
  /** Tells of messages that are lost. */
  gap (): void
  /** Takes an error that nothing else of the application gets. */
  failed (error: unknown): void
}

/** One subscription over all connections. */
export interface Subscription extends StompSubscription {
  /** Makes the headers of SUBSCRIBE, which ask for the messages since the last one. */
  subscribing (): GivenHeaders
  /** Takes the RECEIPT of SUBSCRIBE. */
  subscribed (headers: Headers): void
  /** Takes a message, or the mark of lost ones. */
  take (message: Message): void
  /** Ends the subscription. The loop gets the messages that wait, and then the error. */
  end (error: StompClientError | null): void
}

/** Destinations without gaps: a queue keeps its messages, the application answers each SUBSCRIBE, and errors belong to their connection. */
const WITHOUT_GAPS = /^\/(queue|app)\/|\/errors$/

/** Makes a subscription. The messages go to the listener, or wait for the loop. */
export function openSubscription (
  id: string, destination: string, headers: GivenHeaders | undefined, { ack, limit = 1000, signal, ongap }: SubscribeOptions, listener: MessageListener | undefined,
  owner: SubscriptionOwner
): Subscription {
  /** The messages that wait; `null` stands for lost ones. */
  const queue: (Message | null)[] = []
  /** The place of the last message in the history of the topic. The application may give the first one. */
  let position = headers?.['x-recover'] as string | undefined
  let isMade = false
  let isOver = false
  let failure: StompClientError | null = null
  let wake: (() => void) | undefined
  let made: () => void
  let notMade: (error: unknown) => void

  const subscription = Object.assign(messages(), {
    id,
    destination,
    ready: new Promise<void>((resolve, reject) => {
      made = resolve
      notMade = reject
    }),
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
      const isLost = headers['x-recovered'] === 'false'
      if (isLost) position = undefined
      else if (headers['x-offset']) position = `${headers['x-epoch']}:${headers['x-offset']}`
      push(isLost || headers['x-gap'] ? null : message)
    },
    unsubscribe () {
      queue.length = 0
      subscription.end(null)
    },
    /** A generator would run its end behind the call of `next` that waits, and not at all before the first one. */
    async return () {
      subscription.unsubscribe()
      return { done: true as const, value: undefined }
    },
    end (error: StompClientError | null) {
      if (isOver) return
      isOver = true
      failure = error
      signal?.removeEventListener('abort', subscription.unsubscribe)
      owner.forget()
      notMade(error ?? clientError('CLOSED', destination))
      if (error && listener) owner.failed(error)
      wake?.()
    }
  })

  async function * messages (): AsyncGenerator<Message, undefined> {
    try {
      for (;;) {
        const item = queue.shift()
        if (item) yield item
        else if (item === null) gap()
        else if (failure) throw failure
        else if (isOver) return
        else await new Promise<void>((resolve) => { wake = resolve })
      }
    } finally {
      subscription.unsubscribe()
    }
  }

  function push (item: Message | null): void {
    if (isOver) return
    if (listener) {
      try {
        if (item) listener(item)
        else gap()
      } catch (error) {
        setTimeout(() => { throw error })
      }
    } else if (queue.length >= limit) subscription.end(clientError('OVERFLOW', destination))
    else queue.push(item)
    wake?.()
  }

  function gap (): void {
    owner.gap()
    ongap?.()
  }

  // The loop gets the error, too.
  subscription.ready.catch(() => {})
  signal?.addEventListener('abort', subscription.unsubscribe)
  if (signal?.aborted) subscription.unsubscribe()
  return subscription
}
