import type { FastifyInstance } from 'fastify'
import type { ContractMessage, ContractShape } from '../contract.ts'
import { contractProblem } from '../contract/problem.ts'
import { defined } from '../core/check.ts'
import { unknownName } from '../core/suggestion.ts'
import { disagreement } from './contract-agreement.ts'
import { isUserDestination } from './destinations.ts'
import { stompErrors } from './errors.ts'
import { SenderByContract } from './routes/contract-sender.ts'
import { type AnyMessageHandler, MessageRoute } from './routes/message-routes.ts'
import { type AnySubscribeHandler, SubscribeRoute } from './routes/subscribe-routes.ts'
import type { StompServer } from './server.ts'

/** The handlers of a contract, as they are before any check. */
type Handlers = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>

const PARTS = ['messages', 'subscriptions'] as const

/**
 * Adds the routes of a contract, and makes its sender.
 *
 * @throws FST_STOMP_INVALID_CONTRACT, FST_STOMP_INVALID_ROUTE, FST_STOMP_DUPLICATE_ROUTE
 */
export function addContract (server: StompServer, scope: FastifyInstance, contract: ContractShape, handlers: Handlers): SenderByContract {
  const problem = contractProblem(contract)
  if (problem !== null) throw new stompErrors.InvalidContract(`${problem.at} ${problem.problem}`)
  const conflict = disagreement(contract, server.contracts.map(([each]) => each))
  if (conflict !== null) throw new stompErrors.InvalidContract(conflict)
  checkHandlers(contract, handlers)
  const { broker, messages, subscribes, sender } = server.parts
  for (const path of Object.keys(contract.destinations ?? {})) checkServed(server, path)
  for (const [path, entry] of Object.entries(contract.messages ?? {})) {
    const { handler, preHandler } = handlerOf(handlers['messages']![path])
    const { params, headers, body, answer, ...rest } = entry
    const schema = defined({ params, headers, body, answer: answer ?? answerOf(entry, contract) })
    server.addRoute(messages, new MessageRoute(routePath(server, 'messages', path), defined({ ...rest, preHandler, schema }), handler as AnyMessageHandler, broker, path), scope)
  }
  for (const [path, { params, headers, answer, ...words }] of Object.entries(contract.subscriptions ?? {})) {
    const { handler, preHandler } = handlerOf(handlers['subscriptions']![path])
    const options = defined({ ...words, preHandler, schema: defined({ params, headers, answer }) })
    server.addRoute(subscribes, new SubscribeRoute(routePath(server, 'subscriptions', path), options, handler as AnySubscribeHandler, path), scope)
  }
  const own = new SenderByContract(sender, broker.separator)
  server.whenStarting(() => own.compile(scope, contract))
  server.contracts.push([contract, scope])
  return own
}

/** The schema of the destination to which a message sends its answers. */
function answerOf ({ sendTo, sendToUser }: ContractMessage, { destinations = {} }: ContractShape): unknown {
  const target = sendTo ?? sendToUser
  return target === undefined ? undefined : destinations[target]!.body
}

/** Checks that each message and each subscription has a handler, and that there is no other. */
function checkHandlers (contract: ContractShape, handlers: Handlers): void {
  const wrong = (problem: string): Error => new stompErrors.InvalidContract(problem)
  if (typeof handlers !== 'object' || handlers === null) throw wrong('the handlers must be an object: app.stomp.contract(contract, { messages, subscriptions })')
  const surplus = Object.keys(handlers).find((part) => !PARTS.includes(part as never))
  if (surplus !== undefined) throw wrong(`the handlers have ${surplus}, which ${unknownName(surplus, PARTS)}`)
  for (const part of PARTS) {
    const known = Object.keys(contract[part] ?? {})
    const given = handlers[part] ?? {}
    const missing = known.find((path) => !Object.hasOwn(given, path))
    if (missing !== undefined) throw wrong(`${part}[${JSON.stringify(missing)}] has no handler`)
    const unknown = Object.keys(given).find((path) => !known.includes(path))
    if (unknown !== undefined) throw wrong(`the handlers have ${part}[${JSON.stringify(unknown)}], which ${unknownName(unknown, known)}`)
  }
}

/** Takes a handler apart, alone or with its `preHandler`. The route judges both. */
function handlerOf (given: unknown): { handler: unknown, preHandler?: never } {
  if (typeof given !== 'object' || given === null) return { handler: given }
  const { handler, preHandler } = given as { handler: unknown, preHandler?: never }
  return defined({ handler, preHandler }) as { handler: unknown, preHandler?: never }
}

/** Makes the path of a route, which stands behind the application prefix and has slashes. */
function routePath ({ options: { prefixes }, parts: { broker: { separator } } }: StompServer, part: string, path: string): string {
  const prefix = prefixes.find((each) => path.startsWith(`${each}/`) || path.startsWith(each + separator))
  if (prefix === undefined) throw new stompErrors.InvalidContract(`${part}[${JSON.stringify(path)}] must begin with the application prefix, ${prefixes.join(' or ')}`)
  return `/${path.slice(prefix.length + 1).split(separator).join('/')}`
}

function checkServed ({ parts: { broker } }: StompServer, path: string): void {
  if (isUserDestination(path) || broker.accepts(path, 'subscribe')) return
  throw new stompErrors.InvalidContract(`destinations[${JSON.stringify(path)}] is not served by the broker`)
}
