import { head, header, reply, requestHeader, status } from '../mutations/http.ts'
import { at, on, when } from '../mutations/where.ts'
import type { Fault, Mutation } from '../types.ts'

const sockets = (mutation: Mutation): Mutation => on(['websocket', 'raw'], mutation)

/** Only where the upgrade came about. */
const upgraded = (name: string, value?: string): Mutation => sockets(head((answer) => { if (answer.status === 101) answer.headers.set(name, value) }))

const withoutUpgrade: Mutation = sockets(when(({ method, headers }) => method === 'GET' && headers.get('upgrade') === undefined, status(400, 200, 'Can "Upgrade" only to "WebSocket".')))

export const handshake: readonly Fault[] = [
  {
    id: 'handshake-key',
    row: 'WS-11',
    breaks: 'the accepted key is made with another constant',
    proxy: upgraded('Sec-WebSocket-Accept', 'AAAAAAAAAAAAAAAAAAAAAAAAAAA='),
    expect: ['WS-11', 'WS-11.accept', 'WS-1', 'RAW-1']
  },
  {
    id: 'handshake-key-fixed',
    row: 'WS-11',
    breaks: 'the accepted key is always that of the example of the RFC',
    proxy: upgraded('Sec-WebSocket-Accept', 'HSmrc0sMlYUkAGmm5OPpG2HaGWk='),
    expect: ['WS-11.accept', 'WS-1', 'RAW-1']
  },
  {
    id: 'handshake-length',
    row: 'WS-11',
    breaks: 'a 101 has a length',
    proxy: upgraded('Content-Length', '0'),
    expect: ['=WS-11', '=HIXIE-1']
  },
  {
    id: 'handshake-connection',
    row: 'WS-11',
    breaks: 'a 101 does not name the connection that is upgraded',
    proxy: upgraded('Connection', 'keep-alive'),
    expect: ['=WS-11']
  },
  {
    id: 'plain-get-served',
    row: 'WS-12',
    breaks: 'a plain GET of a WebSocket is 200',
    proxy: withoutUpgrade,
    expect: ['WS-12', 'RAW-6']
  },
  {
    id: 'connection-not-read',
    row: 'WS-13',
    breaks: 'Upgrade is enough, with any value of Connection',
    proxy: sockets(when(({ headers }) => headers.get('upgrade') !== undefined && headers.get('connection') === 'close', reply(426))),
    expect: ['WS-13']
  },
  {
    id: 'websocket-post',
    row: 'WS-14',
    breaks: 'POST on a WebSocket is 400',
    proxy: sockets(status(405, 400)),
    expect: ['WS-14', 'CORS-9.websocket', 'HTTP-6']
  },
  {
    id: 'version-not-read',
    row: 'WS-15',
    breaks: 'every version is taken for 13',
    proxy: requestHeader('Sec-WebSocket-Version', () => '13'),
    expect: ['WS-15', 'HYBI-1.7']
  },
  {
    id: 'version-not-named',
    row: 'WS-15',
    breaks: 'a 426 does not name the versions that are spoken',
    proxy: head((answer) => { if (answer.status === 426) answer.headers.set('Sec-WebSocket-Version', undefined) }),
    expect: ['WS-15', 'HYBI-1.7']
  },
  {
    id: 'version-400',
    row: 'WS-15',
    breaks: 'an unknown version is 400',
    proxy: sockets(status(426, 400)),
    expect: ['WS-15', 'HYBI-1.7']
  },
  {
    id: 'switched-off-400',
    row: 'WS-17',
    breaks: 'a WebSocket that is switched off is 400',
    proxy: at('/disabled_websocket_echo', sockets(status(404, 400))),
    expect: ['WS-17']
  },
  {
    id: 'switched-off-served',
    row: 'WS-17',
    breaks: 'WebSockets cannot be switched off',
    server: { endpoints: { '/disabled_websocket_echo': { transports: { websocket: true } } } },
    expect: ['WS-17', '=INFO-7']
  },
  {
    id: 'protocol-first',
    row: 'WS-19',
    breaks: 'the first subprotocol that is offered is chosen',
    proxy: sockets((exchange) => {
      const [first] = (exchange.headers.get('sec-websocket-protocol') ?? '').split(',')
      return first === undefined || first === '' ? undefined : header('Sec-WebSocket-Protocol', first)(exchange)
    }),
    expect: ['WS-19', 'WS-19.chosen']
  },
  {
    id: 'protocol-never',
    row: 'WS-19',
    breaks: 'no subprotocol is ever chosen',
    server: { endpoints: { '/subprotocol': { protocols: [] } } },
    expect: ['WS-19.chosen']
  },
  {
    id: 'compression-on',
    row: 'WS-20',
    breaks: 'compression is on by default',
    server: { everywhere: { websocket: { compression: true } } },
    expect: ['WS-20']
  },
  {
    id: 'handshake-without-cookie',
    row: 'WS-25',
    breaks: 'a 101 sets no cookie',
    proxy: upgraded('Set-Cookie'),
    expect: ['WS-25']
  },
  {
    id: 'handshake-connection-exact',
    row: 'HYBI-1',
    breaks: 'Connection must be Upgrade and nothing else',
    proxy: sockets(when(({ headers }) => headers.get('connection')?.includes(',') === true, reply(400))),
    expect: ['HYBI-1']
  }
]
