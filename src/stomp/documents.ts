import type { FastifyInstance } from 'fastify'
import { forgetOldest } from '../core/forget-oldest.ts'
import type { Endpoint } from '../sockjs/endpoint/endpoint.ts'
import { type AsyncApiDocument, type AsyncApiOptions, buildDocument, checkAsyncApi, type DocumentSource, type RouteFacts, serveDocument } from './asyncapi/index.ts'
import { stompErrors } from './errors.ts'
import type { StompPluginOptions } from './options.ts'
import { MessageRoute } from './routes/message-routes.ts'
import type { StompServer } from './server.ts'

/** The name of the origin of the server itself. The names of its servers begin with that of the endpoint. */
const HERE = ''

/** The most origins for which a document is kept. A client chooses its Host header. */
const ORIGINS = 8

/** Makes documents of a registration. */
export class Documents {
  readonly #app: FastifyInstance
  readonly #server: StompServer
  readonly #given: Pick<StompPluginOptions, 'asyncapi' | 'presence' | 'tcp'>
  /** The served documents. */
  readonly #texts = new Map<string, string>()
  /** The endpoints, since the plugin has made them. */
  endpoints: readonly Endpoint[] = []

  constructor (app: FastifyInstance, server: StompServer, given: Pick<StompPluginOptions, 'asyncapi' | 'presence' | 'tcp'>) {
    this.#app = app
    this.#server = server
    this.#given = given
  }

  /** Serves the document with its page, if the registration names a path. */
  serve (): void {
    const { asyncapi } = this.#given
    if (asyncapi?.path === undefined) return
    serveDocument(this.#app, { ...asyncapi, path: asyncapi.path }, this.#server.options.paths, (origin) => this.#textFor(asyncapi, origin))
  }

  /** Writes the served document. Routes may be added after the start, and the TCP port is known from then on. */
  #textFor (asyncapi: AsyncApiOptions, origin: string): string {
    const { routes, contracts, tcpPort } = this.#server
    const key = `${routes.length} ${contracts.length} ${tcpPort} ${origin}`
    let text = this.#texts.get(key)
    if (text === undefined) {
      this.#texts.set(key, text = JSON.stringify(this.make(asyncapi, origin)))
      forgetOldest(this.#texts, ORIGINS)
    }
    return text
  }

  /**
   * Makes the document.
   *
   * @param options the options. Default: those of the registration
   * @param origin the origin at which the client has reached the server. Default: the address at which the server listens
   * @throws FST_STOMP_INVALID_OPTION, FST_STOMP_NOT_READY
   */
  make (options: AsyncApiOptions | undefined = this.#given.asyncapi, origin: string = this.#listening): AsyncApiDocument {
    // The registration has checked its own options.
    if (options === undefined || options !== this.#given.asyncapi) checkAsyncApi(options as AsyncApiOptions)
    if (!this.#server.hasStarted) throw new stompErrors.NotReady('app.stomp.asyncapi()')
    return buildDocument(this.#source, options!, options!.servers ?? { [HERE]: origin })
  }

  get #listening (): string {
    const [address] = this.#app.addresses()
    // A server on a socket of the file system has only its path.
    if (typeof address !== 'object') return 'http://localhost'
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
    return `${this.#app.initialConfig.https === undefined || this.#app.initialConfig.https === false ? 'http' : 'https'}://${host}:${address.port}`
  }

  get #source (): DocumentSource {
    const { routes, contracts, options, rules, destinations, tcpPort } = this.#server
    const { presence = [], tcp } = this.#given
    return {
      routes: routes.map(([route, scope]) => ({ kind: route instanceof MessageRoute ? 'message' : 'subscribe', template: route.template, options: route.options, scope } as RouteFacts)),
      destinations: contracts.flatMap(([{ destinations = {}, requests = {} }, scope]) => [
        ...Object.entries(destinations).map(([template, entry]) => ({ kind: 'destination' as const, template, entry, scope })),
        ...Object.entries(requests).map(([template, entry]) => ({ kind: 'request' as const, template, entry, scope }))
      ]),
      endpoints: this.endpoints.map(({ path, options: { transports } }) => ({ path, sockjs: true, websocket: transports.websocket })),
      tcp: tcpPort === null ? null : { host: tcp?.host ?? '127.0.0.1', port: tcpPort },
      prefixes: options.prefixes,
      clientSend: options.clientSend,
      maxBody: options.settings.limits.body,
      presence: presence.map(({ pattern }) => pattern),
      accessTo: (type, template) => rules.accessTo(type, template === null ? null : destinations.parse(template.replace(/:[A-Za-z_]\w*/g, '*')).segments)
    }
  }
}
