import { SockjsCarrier, WebSocketCarrier } from '../../client/stomp-carriers.ts'
import type { Carrier } from '../../client/stomp-carriers.ts'
import { StompClient } from '../../client/stomp-client.ts'
import { check } from '../check.ts'
import type { Notes } from '../check.ts'
import { attempt, quoted } from '../visit.ts'
import type { Attempt, Visit } from '../visit.ts'

const findings = {
  'stomp-absent': { severity: 'error', title: 'There is no STOMP at this path.', remedy: 'stomp-protocol' },
  'stomp-refused': { severity: 'error', title: 'CONNECT is refused.', remedy: 'stomp-login' },
  'stomp-silent': { severity: 'error', title: 'CONNECT is not answered.', remedy: 'stomp-protocol' },
  'stomp-protocol-lost': { severity: 'warning', title: 'The subprotocol of STOMP gets lost on the way, and strict clients refuse the connection.', remedy: 'stomp-protocol' },
  'stomp-no-receipt': { severity: 'warning', title: 'A frame with a receipt is not confirmed.' },
  'stomp-not-delivered': { severity: 'error', title: 'A message to a topic does not reach its subscriber.' },
  'stomp-changed': { severity: 'error', title: 'Octets of a frame are changed on the way.' },
  'stomp-no-error': { severity: 'note', title: 'A wrong frame gets no ERROR: clients learn of their mistakes by nothing.' },
  'stomp-no-heart-beat': { severity: 'note', title: 'The server offers no heart-beat of STOMP: clients over plain WebSocket notice a dead connection late.', remedy: 'stomp-heart-beat' }
} as const

type Code = keyof typeof findings

const versions = ['1.2', '1.1', '1.0'] as const

function pathOf ({ facts: { options, path = '', target } }: Visit): string {
  if (options.stompEndpoint !== undefined) return target.base + options.stompEndpoint
  // The usual service beside the demo's echo; else the URL is that of STOMP itself.
  return /echo$/.test(path) ? path.replace(/[^/]*$/, 'stomp') : path
}

function habits ({ facts: { options, target } }: Visit): { connect: Record<string, string>, receipts: boolean } {
  const { host = target.host, login, passcode } = options.stompOptions ?? {}
  return { receipts: true, connect: { host, ...(login === undefined ? {} : { login }), ...(passcode === undefined ? {} : { passcode }) } }
}

const failure = ({ problem = '' }: { problem?: string }): string => quoted(problem, 200)

/** A plain WebSocket at the path itself, or where SockJS has its raw one. */
async function openPlain (path: string, visit: Visit, notes: Notes<Code>): Promise<StompClient | undefined> {
  const protocols = ['v12.stomp', 'v11.stomp', 'v10.stomp']
  const tries: Attempt<unknown>[] = []
  for (const url of [path, `${path}/websocket`]) {
    const socket = visit.context.webSocket(url, { headers: visit.headers(), protocols })
    const opened = await attempt(socket.open())
    tries.push(opened)
    if (opened.trouble !== undefined) continue
    if (socket.protocol === '') notes.find('stomp-protocol-lost', `${url}: offered ${protocols.join(', ')}, and the answer names none`)
    else notes.saw(`plain WebSocket at ${url}, subprotocol ${quoted(socket.protocol, 20)}`)
    return visit.context.keep(new StompClient(new WebSocketCarrier('ws-text', socket), habits(visit)))
  }
  notes.saw(`no plain WebSocket at ${path} nor ${path}/websocket: ${failure(tries[0] as { problem?: string })}`)
  return undefined
}

async function openSockjs (path: string, visit: Visit): Promise<StompClient | undefined> {
  const { value } = await attempt(visit.context.session(path, 'xhr_streaming', visit.headers()))
  return value === undefined ? undefined : visit.context.keep(new StompClient(new SockjsCarrier('sockjs-xhr', value), habits(visit)))
}

/** CONNECT with everything that a client may say, and its answer. */
async function connect (client: StompClient<Carrier>, visit: Visit, notes: Notes<Code>): Promise<boolean> {
  client.send('CONNECT', { 'accept-version': '1.0,1.1,1.2', 'heart-beat': '10000,10000', ...habits(visit).connect })
  const outcome = await attempt(client.frame('CONNECTED'))
  const { name } = client.carrier
  if (outcome.trouble !== undefined) {
    notes.find(outcome.trouble === 'slow' ? 'stomp-silent' : 'stomp-refused', `over ${name}: ${failure(outcome)}`)
    return false
  }
  const frame = outcome.value
  if (frame.command !== 'CONNECTED') {
    notes.find('stomp-refused', `over ${name}: ${frame.command} ${quoted(frame.get('message') ?? frame.text, 160)}`)
    return false
  }
  const version = frame.get('version') ?? '1.0'
  const beat = frame.get('heart-beat')
  notes.saw(`over ${name}: version ${quoted(version, 10)}, heart-beat ${quoted(beat ?? 'none', 20)}, server ${quoted(frame.get('server') ?? 'without a name', 40)}`)
  if (beat === undefined || beat.startsWith('0')) notes.find('stomp-no-heart-beat', `over ${name}: CONNECTED says ${quoted(beat ?? 'nothing', 20)} for heart-beat:10000,10000`)
  return versions.some((known) => known === version)
}

const body = 'é 漢 🎉 \u0001 \u0000 end'

/** One message there and back, with everything that a proxy might spoil: UTF-8, a NUL, escapes. Tells whether it came. */
async function exchange (client: StompClient<Carrier>, visit: Visit, notes: Notes<Code>): Promise<boolean> {
  const { name } = client.carrier
  const destination = `${visit.facts.options.stompOptions?.topic ?? '/topic'}/doctor-${visit.context.id()}`
  const subscribed = await attempt(client.subscribe(destination))
  if (subscribed.trouble !== undefined) {
    notes.find('stomp-no-receipt', `over ${name}: SUBSCRIBE ${destination}: ${failure(subscribed)}`)
    return false
  }
  const text = 'a:b\\c'
  client.send('SEND', { destination, ...(client.version === '1.0' ? {} : { doctor: text }) }, body)
  const message = await attempt(client.message())
  if (message.trouble !== undefined) {
    notes.find('stomp-not-delivered', `over ${name}: SEND to ${destination}: ${failure(message)}`)
    return false
  }
  const header = message.value.get('doctor')
  if (message.value.text !== body) notes.find('stomp-changed', `over ${name}: sent ${quoted(body)}, got ${quoted(message.value.text)}`)
  else if (client.version !== '1.0' && header !== text) notes.find('stomp-changed', `over ${name}: the header ${quoted(text)} came as ${quoted(header ?? 'nothing')}`)
  else notes.saw(`over ${name}: receipt, UTF-8, NUL and escapes pass`)
  return true
}

/** A SEND without destination is wrong in every version. */
async function provoke (client: StompClient<Carrier>, notes: Notes<Code>): Promise<void> {
  client.send('SEND', {}, 'doctor')
  const outcome = await attempt(client.error(), 2000)
  if (outcome.trouble !== undefined) notes.find('stomp-no-error', `over ${client.carrier.name}: SEND without destination: ${failure(outcome)}`)
  else notes.saw(`over ${client.carrier.name}: a wrong frame gets ERROR ${quoted(outcome.value.get('message') ?? '', 60)}`)
}

/** CONNECT, a message on a topic of its own, and an ERROR, over plain WebSocket and over SockJS. */
export const stomp = check<Code>({
  id: 'stomp',
  title: 'STOMP',
  needs: ['service', 'stomp'],
  atMost: () => 30_000,
  findings,
  async run (visit, notes) {
    const path = pathOf(visit)
    const [plain, sockjs] = await Promise.all([openPlain(path, visit, notes), openSockjs(path, visit)])
    const clients = [plain, sockjs].filter((client) => client !== undefined)
    if (clients.length === 0) return notes.find('stomp-absent', `neither plain WebSocket nor SockJS at ${path}; --stomp-endpoint names another path`)
    await Promise.all(clients.map(async (client) => {
      if (!await connect(client, visit, notes)) return
      // A reader that still waits for its frame would take the ERROR.
      if (await exchange(client, visit, notes)) await provoke(client, notes)
      client.destroy()
    }))
  }
})
