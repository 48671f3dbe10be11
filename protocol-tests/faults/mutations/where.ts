/** Which exchanges a mutation is for. */
import type { Exchange, Route } from '../proxy/exchange.ts'
import type { Hooks } from '../proxy/hooks.ts'
import type { Mutation } from '../types.ts'

export const polling: readonly Route[] = ['xhr', 'jsonp']
export const streaming: readonly Route[] = ['xhr_streaming', 'eventsource', 'htmlfile']
export const receiving: readonly Route[] = [...polling, ...streaming]
export const sending: readonly Route[] = ['xhr_send', 'jsonp_send']

export function when (test: (exchange: Exchange) => boolean, mutation: Mutation): Mutation {
  return (exchange) => test(exchange) ? mutation(exchange) : undefined
}

export function on (routes: Route | readonly Route[], mutation: Mutation): Mutation {
  return when(({ route }) => typeof routes === 'string' ? route === routes : routes.includes(route), mutation)
}

export function at (endpoint: string, mutation: Mutation): Mutation {
  return when((exchange) => exchange.endpoint === endpoint, mutation)
}

/** Several mutations of one exchange; none of them may use the same hook as another. */
export function both (...mutations: Mutation[]): Mutation {
  return (exchange) => mutations.reduce<Hooks>((hooks, mutation) => ({ ...hooks, ...mutation(exchange) }), {})
}

/** The same hooks for every exchange. */
export function always (hooks: Hooks): Mutation {
  return () => hooks
}

/** Something is done to the request, and the response is left alone. */
export function request (change: (exchange: Exchange) => void): Mutation {
  return (exchange) => {
    change(exchange)
    return undefined
  }
}

/** One memory per session. */
export function perSession<Memory> (make: () => Memory): (exchange: Exchange) => Memory {
  const memories = new Map<string, Memory>()
  return ({ session, endpoint }) => {
    const key = session === '' ? endpoint : session
    const memory = memories.get(key) ?? make()
    memories.set(key, memory)
    return memory
  }
}

/** For a request that finds another one of its session open. */
export function whileOpen (mutation: (holder: Exchange, exchange: Exchange) => Hooks | undefined): Mutation {
  const holders = new Map<string, Exchange>()
  return (exchange) => {
    const holder = holders.get(exchange.session)
    if (holder !== undefined && !holder.over) return mutation(holder, exchange)
    holders.set(exchange.session, exchange)
    return undefined
  }
}

/** What the first request of a session had, for the later ones. */
export function later<Value> (read: (exchange: Exchange) => Value, mutation: (first: Value, exchange: Exchange) => Hooks | undefined): Mutation {
  const firsts = new Map<string, Value>()
  return (exchange) => {
    const first = firsts.get(exchange.session)
    if (first !== undefined) return mutation(first, exchange)
    firsts.set(exchange.session, read(exchange))
    return undefined
  }
}
