/** Mutations of heads and whole bodies. */
import type { Exchange } from '../proxy/exchange.ts'
import type { Answer } from '../proxy/hooks.ts'
import type { Mutation } from '../types.ts'

/** Changes the heads of responses. */
export function head (change: (answer: Answer, exchange: Exchange) => void): Mutation {
  return (exchange) => ({ head: (answer) => change(answer, exchange) })
}

/** A field of the response is another one; without a value it is missing. */
export function header (name: string, value?: string): Mutation {
  return head(({ headers }) => headers.set(name, value))
}

export function headers (fields: Readonly<Record<string, string | undefined>>): Mutation {
  return head((answer) => { for (const [name, value] of Object.entries(fields)) answer.headers.set(name, value) })
}

/** Responses with one status get another, and another body where one is given. */
export function status (from: number, to: number, body?: string): Mutation {
  return head((answer) => {
    if (answer.status !== from) return
    answer.status = to
    answer.reason = 'Fault'
    if (body !== undefined) answer.body = body
  })
}

/** A field of requests is another one before the server sees it. */
export function requestHeader (name: string, change: (value: string) => string | undefined): Mutation {
  return (exchange) => {
    const value = exchange.headers.get(name)
    if (value !== undefined) exchange.headers.set(name, change(value))
    return undefined
  }
}

/** The server sees another target. */
export function target (change: (target: string, exchange: Exchange) => string): Mutation {
  return (exchange) => {
    exchange.target = change(exchange.target, exchange)
    return undefined
  }
}

/** Changes bodies, or chunks, as text. */
export function body (change: (text: string, exchange: Exchange) => string | readonly string[]): Mutation {
  return (exchange) => ({
    piece: (piece) => [change(piece.toString('latin1'), exchange)].flat().map((text) => Buffer.from(text, 'latin1'))
  })
}

/** Changes a body that is JSON. */
export function json<Value> (change: (value: Value, exchange: Exchange) => unknown): Mutation {
  return (exchange) => ({ piece: (piece) => [Buffer.from(JSON.stringify(change(JSON.parse(piece.toString('utf8')), exchange)))] })
}

/** The bodies of requests as text. */
export function upload (change: (text: string, exchange: Exchange) => string): Mutation {
  return (exchange) => ({ upload: (bytes) => Buffer.from(change(bytes.toString('utf8'), exchange)) })
}

/** The server answers something else, whatever it would have said. */
export function reply (code: number, text = '', fields: Readonly<Record<string, string>> = {}): Mutation {
  return (exchange) => exchange.respond(code, text, fields)
}

/** The process dies. */
export const crash: Mutation = (exchange) => {
  exchange.link.proxy.crash()
  return undefined
}
