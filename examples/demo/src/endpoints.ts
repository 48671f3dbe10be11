import type { FastifyRequest } from 'fastify'
import type { Endpoint, EndpointOptions, Session, SessionHandler } from 'fastify-sockjs'

/** One endpoint of the demo server. */
export interface DemoEndpoint {
  readonly path: string
  readonly options?: EndpointOptions
  /** The handler of a session. `endpoint` gives the endpoint, for a handler that sends to all of its sessions. `node` is the name of this server. */
  readonly handler: (session: Session, endpoint: () => Endpoint, node: string) => ReturnType<SessionHandler>
}

/**
 * The options of every endpoint: all origins, all drafts and large sizes, because the server exists to test clients.
 *
 * The doctor gets its answers too.
 */
export const DEMO_DEFAULTS: EndpointOptions = {
  origins: '*',
  allowDrafts: true,
  doctor: true,
  maxMessageSize: 4 * 1024 * 1024,
  queue: { limit: 16 * 1024 * 1024 }
}

async function echo (session: Session): Promise<void> {
  for await (const message of session) session.send(message)
}

function amplify (session: Session): void {
  session.on('message', (message) => {
    const exponent = Number.parseInt(message, 10)
    session.send('x'.repeat(2 ** (exponent > 0 && exponent < 19 ? exponent : 1)))
  })
}

function ticker (session: Session): void {
  const interval = setInterval(() => session.send('tick!'), 1000)
  session.on('close', () => clearInterval(interval))
}

function userOf (request: FastifyRequest): { name: string } | undefined {
  const name = request.headers['x-user']
  return typeof name === 'string' ? { name } : undefined
}

export const DEMO_ENDPOINTS: readonly DemoEndpoint[] = [
  { path: '/echo', options: { responseLimit: 4096 }, handler: echo },
  { path: '/disabled_websocket_echo', options: { responseLimit: 4096, transports: { websocket: false } }, handler: echo },
  { path: '/cookie_needed_echo', options: { responseLimit: 4096, sessionCookie: true }, handler: echo },
  { path: '/close', handler: (session) => session.close(3000, 'Go away!') },
  {
    path: '/farewell',
    handler (session) {
      session.send('one')
      session.send('two')
      session.close(3001, 'bye')
    }
  },
  {
    path: '/broadcast',
    handler (session, endpoint) {
      session.on('message', (message) => endpoint().broadcast(message))
    }
  },
  { path: '/amplify', handler: amplify },
  { path: '/ticker', handler: ticker },
  // An echo for machines that are so busy that a client misses the default delay of 5 s.
  { path: '/patient', options: { responseLimit: 4096, disconnectDelay: 30_000 }, handler: echo },
  { path: '/quick', options: { heartbeat: 200, disconnectDelay: 500 }, handler: echo },
  // A client of this package comes back to its session within 5 s.
  { path: '/resumable', options: { resume: { within: 5_000 } }, handler: echo },
  { path: '/restricted', options: { origins: ['https://allowed.example'] }, handler: echo },
  { path: '/same_origin', options: { origins: [] }, handler: echo },
  { path: '/base_url', options: { baseUrl: 'https://node1.example/base_url' }, handler: echo },
  { path: '/a.b', handler: echo },
  { path: '/subprotocol', options: { protocols: ['chat'] }, handler: echo },
  { path: '/binary', options: { binary: true }, handler: echo },
  {
    path: '/throw',
    handler (session) {
      session.on('message', (message) => {
        if (message === 'throw') throw new Error('thrown as asked')
        session.send(message)
      })
    }
  },
  { path: '/tiny', options: { maxMessageSize: 1024, queue: { highWater: 2048, limit: 4096 } }, handler: echo },
  {
    path: '/whoami',
    options: { user: userOf },
    handler (session) {
      const user = session.user as { name: string } | undefined
      session.on('message', () => session.send(user?.name ?? 'anonymous'))
    }
  },
  {
    path: '/where',
    // A session waits until the node that has served its client is back.
    options: { disconnectDelay: 30_000 },
    handler (session, _endpoint, node) {
      const { id, transport } = session
      session.on('message', () => session.send(JSON.stringify({ node, session: id, transport })))
    }
  },
  {
    path: '/everywhere',
    handler (session, endpoint) {
      session.on('message', (message) => {
        endpoint().cluster.broadcast(message).catch(() => session.send('The engine is away: the message may not have reached every node.'))
      })
    }
  }
]
