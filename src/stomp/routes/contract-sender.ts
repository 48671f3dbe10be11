import type { FastifyInstance } from 'fastify'
import type { ContractRequest, ContractShape } from '../../contract.ts'
import { plainObject } from '../../core/check.ts'
import { shown, unknownName } from '../../core/suggestion.ts'
import { mistake, stompErrors } from '../errors.ts'
import type { StompSession } from '../session/stomp-session.ts'
import { type Content, encodeContent } from './content.ts'
import type { ContractParams } from './contract-types.ts'
import { checkExamples, judgeBy } from './examples.ts'
import { compileJudge, type Judge } from './schema-compiler.ts'
import type { RequestOptions, SendOptions, Sender } from './sender.ts'
import { fillTemplate, parametersOf } from './typed-destination.ts'
import { compileEncoder } from './value-schema.ts'

/** The compiled schemas of one destination or request. */
interface Entry {
  readonly judgeParams: Judge | null
  readonly encode: (value: unknown) => Content
  readonly judgeAnswer: Judge | null
}

type Given = Partial<ContractParams<Readonly<Record<string, unknown>>>> & SendOptions & RequestOptions

/** Sends by a contract, when its schemas are compiled. It is a `ContractSender`, whose types are those of a contract. */
export class SenderByContract {
  readonly #sender: Sender
  readonly #separator: '/' | '.'
  #entries: ReadonlyMap<string, Entry> = new Map()

  constructor (sender: Sender, separator: '/' | '.') {
    this.#sender = sender
    this.#separator = separator
  }

  /** @throws FST_STOMP_INVALID_ROUTE */
  compile (scope: FastifyInstance, { destinations = {}, requests = {} }: ContractShape): void {
    const judge = (path: string, part: string, schema: unknown, httpPart: string): Judge | null => schema === undefined ? null : compileJudge(scope, path, part, schema, httpPart)
    this.#entries = new Map(Object.entries<ContractRequest>({ ...destinations, ...requests }).map(([path, { params, body, answer, examples }]) => {
      const encode = body === undefined ? encodeContent : compileEncoder(scope, path, 'body', body)
      if (body !== undefined) checkExamples(path, examples, judgeBy(encode))
      return [path, { judgeParams: judge(path, 'params', params, 'params'), encode, judgeAnswer: judge(path, 'answer', answer, 'body') }]
    }))
  }

  async publish (destination: string, value: unknown, given?: Given): Promise<void> {
    const { path, content, options } = this.#filled(destination, value, given)
    return this.#sender.publish(path, content, options)
  }

  publishToUser (user: string, destination: string, value: unknown, given?: Given): ReturnType<Sender['publishToUser']> {
    const { path, content, options } = this.#filled(destination, value, given)
    return this.#sender.publishToUser(user, path, content, options)
  }

  publishToSession (session: StompSession | string, destination: string, value: unknown, given?: Given): ReturnType<Sender['publishToSession']> {
    const { path, content, options } = this.#filled(destination, value, given)
    return this.#sender.publishToSession(session, path, content, options)
  }

  async request (session: StompSession | string, destination: string, value: unknown, given?: Given): Promise<unknown> {
    const { path, content, options, judgeAnswer } = this.#filled(destination, value, given)
    const answer = await this.#sender.request(session, path, content, options)
    if (judgeAnswer === null) return answer
    const judgement = judgeAnswer(answer)
    if ('problem' in judgement) throw new stompErrors.RequestInvalid(judgement.problem)
    return judgement.value
  }

  /** Finds the entry of a destination, judges the parameters and the value, and fills the destination in. */
  #filled (destination: string, value: unknown, given: Given = {}): { path: string, content: Content, options: SendOptions & RequestOptions, judgeAnswer: Judge | null } {
    const entry = this.#entries.get(destination)
    if (entry === undefined) throw mistake(new stompErrors.InvalidDestination(shown(destination), `${unknownName(String(destination), this.#entries.keys())} in the contract`))
    const wrong = plainObject(given)
    if (wrong !== null) throw new stompErrors.InvalidOption('options', wrong)
    const { params = {}, ...options } = given
    return { path: this.#path(destination, params, entry), content: entry.encode(value), options, judgeAnswer: entry.judgeAnswer }
  }

  /** A parameter is one segment. With a separator in it, the message would go to another destination. */
  #path (destination: string, params: Readonly<Record<string, unknown>>, { judgeParams }: Entry): string {
    const wrong = parametersOf(destination).find((name) => String(params[name]).includes('/') || String(params[name]).includes(this.#separator))
    if (wrong !== undefined) throw mistake(new stompErrors.InvalidDestination(destination, `the value for :${wrong} must be one segment, not ${shown(params[wrong])}`))
    const path = fillTemplate(destination, params)
    // The judge may change the values, so that it gets a copy. The texts stay those of the application.
    const judgement = judgeParams?.({ ...params })
    if (judgement !== undefined && 'problem' in judgement) throw mistake(new stompErrors.InvalidValue(`params of ${destination}: ${judgement.problem}`))
    return path
  }
}
