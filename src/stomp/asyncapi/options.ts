import { boolean, checkOptions, type CheckTable, expected, list, oneOf, plainObject, text } from '../../core/check.ts'
import { GUARD_CHECKS, type Guards, pagePath } from '../../pages/guards.ts'
import { stompErrors } from '../errors.ts'
import type { AsyncApiInfo, SecurityScheme } from './types.ts'

/** The parts of a document that the application decides. */
export interface AsyncApiOptions {
  /** The facts about the API: `title`, `version`, and other fields of AsyncAPI. */
  readonly info: AsyncApiInfo
  /**
   * The origins at which clients reach the server, by name, such as `{ production: 'https://app.example.com' }`. A path in front of the endpoints may stand behind them.
   * Default: the origin of the request, or the address at which the server listens.
   */
  readonly servers?: Readonly<Record<string, string>>
  /**
   * The ways to log in. `'login'` stands for the headers `login` and `passcode` of CONNECT, `'bearer'` for a token in its header `Authorization`. Other names are
   * those of `securitySchemes`. Default: none.
   */
  readonly security?: readonly string[]
  /** Ways to log in that have no name here, as AsyncAPI describes them. */
  readonly securitySchemes?: Readonly<Record<string, SecurityScheme>>
  /** Tells whether CONNECT without a login is refused. Default `'required'` if the rules demand a user at CONNECT, else `'optional'`. */
  readonly authentication?: 'required' | 'optional'
}

/** The option `asyncapi` of the registration: the document, and the path at which it is served. */
export interface AsyncApiPluginOptions extends AsyncApiOptions, Guards {
  /** The path of the page. The document has the same path with `.json` behind it. Default: neither is served, and `app.stomp.asyncapi()` alone makes the document. */
  readonly path?: string
  /** Lets the page connect and send messages. Default `true`. */
  readonly tryIt?: boolean
}

const record = (problem: (value: unknown) => string | null, what: string) => (value: unknown): string | null => {
  const wrong = plainObject(value)
  if (wrong !== null) return wrong
  for (const [name, each] of Object.entries(value as object)) {
    if (!/^[\w.-]+$/.test(name)) return `has the name ${JSON.stringify(name)}; ${what} have names of letters, digits, dots, - and _`
    const inner = problem(each)
    if (inner !== null) return `has a wrong entry: ${name} ${inner}`
  }
  return null
}

const origin = expected((value) => {
  if (typeof value !== 'string' || !URL.canParse(value)) return false
  const { protocol, search, hash, username, password } = new URL(value)
  return /^https?:$/.test(protocol) && search + hash + username + password === ''
}, 'a URL of http or https, without a query')

const info = (value: unknown): string | null => {
  const wrong = plainObject(value)
  if (wrong !== null) return wrong
  for (const name of ['title', 'version']) {
    const inner = text((value as Record<string, unknown>)[name])
    if (inner !== null) return `has a wrong field: ${name} ${inner}`
  }
  return null
}

const scheme = (value: unknown): string | null => plainObject(value) ?? text((value as { type?: unknown }).type)

const DOCUMENT: Readonly<Record<keyof AsyncApiOptions, (value: unknown) => string | null>> = {
  info,
  servers: record(origin, 'servers'),
  security: list(text, 'a list of names'),
  securitySchemes: record(scheme, 'security schemes'),
  authentication: oneOf('required', 'optional')
}

const PLUGIN: CheckTable = {
  ...DOCUMENT,
  path: pagePath('/asyncapi'),
  tryIt: boolean,
  ...GUARD_CHECKS
}

/** @throws FST_STOMP_INVALID_OPTION */
export function checkAsyncApiPlugin (options: AsyncApiPluginOptions): void {
  checkOptions(stompErrors.InvalidOption, 'asyncapi', options, PLUGIN, { required: ['info'] })
  checkNames(options)
}

/** @throws FST_STOMP_INVALID_OPTION */
export function checkAsyncApi (options: AsyncApiOptions): void {
  checkOptions(stompErrors.InvalidOption, 'asyncapi', options, DOCUMENT, { required: ['info'] })
  checkNames(options)
}

/** The ways to log in that have names. */
export const KNOWN_SCHEMES: Readonly<Record<string, SecurityScheme>> = {
  login: { type: 'userPassword', description: 'The headers login and passcode of CONNECT.' },
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The header Authorization of CONNECT: the word Bearer, a space, and the token.' }
}

function checkNames ({ security = [], securitySchemes = {} }: AsyncApiOptions): void {
  const known = { ...KNOWN_SCHEMES, ...securitySchemes }
  const unknown = security.find((name) => !Object.hasOwn(known, name))
  if (unknown === undefined) return
  throw new stompErrors.InvalidOption('asyncapi.security', `names ${JSON.stringify(unknown)}; it must be one of ${Object.keys(known).join(', ')}, or a name in securitySchemes`)
}
