import { createHash } from 'node:crypto'
import type { Answer } from '../../client/http.ts'
import { handshakeHeaders, WireSocket } from '../../client/wire-socket.ts'
import { check } from '../check.ts'
import type { Notes } from '../check.ts'
import { DoctorSocket } from '../doctor-socket.ts'
import { token } from '../echo.ts'
import { duration, size } from '../facts.ts'
import { attempt, brief, isHtml, quoted } from '../visit.ts'
import type { Failed, Visit } from '../visit.ts'

const findings = {
  'ws-upgrade-stripped': { severity: 'warning', title: 'A proxy takes the upgrade out of the request: clients get no WebSocket, and fall back to streams.', remedy: 'upgrade' },
  'ws-page': { severity: 'warning', title: 'A web page answers the handshake: the proxy sends it to the wrong place.', remedy: 'upgrade' },
  'ws-redirect': { severity: 'warning', title: 'The handshake is redirected, and browsers do not follow.', remedy: 'redirect' },
  'ws-forbidden': { severity: 'warning', title: 'The handshake is forbidden, while other requests are not: a firewall, or a rule about origins.', remedy: 'upgrade' },
  'ws-refused': { severity: 'warning', title: 'The handshake is refused.', remedy: 'upgrade' },
  'ws-gateway': { severity: 'warning', title: 'The proxy gets no answer to the handshake from the server behind it.', remedy: 'upgrade' },
  'ws-silent': { severity: 'warning', title: 'The handshake is not answered: clients wait for a time-out, then fall back to streams.', remedy: 'upgrade' },
  'ws-cut': { severity: 'warning', title: 'The connection ends at the handshake.', remedy: 'upgrade' },
  'ws-accept': { severity: 'error', title: 'The handshake is answered by something that does not know WebSocket: browsers refuse its answer.', remedy: 'upgrade' },
  'ws-no-open': { severity: 'error', title: 'The WebSocket opens, and the session behind it does not: its first frame never comes.', remedy: 'upgrade' },
  'ws-extension-lost': { severity: 'note', title: 'The server offers compression of WebSockets, and a proxy takes it out.', remedy: 'upgrade' },
  'ws-message-cut': { severity: 'error', title: 'A large message ends the WebSocket.', remedy: 'messages-ws' },
  'ws-message-changed': { severity: 'error', title: 'A message comes back changed.', remedy: 'messages-ws' }
} as const

type Code = keyof typeof findings

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** RFC 6455, section 4.2.2: the proof that a WebSocket server has read the key. */
const proofOf = (key: string): string => createHash('sha1').update(key + guid).digest('base64')

/** What a status other than 101 means. */
function codeOf (answer: Answer): Code {
  const { status } = answer
  if (status >= 300 && status < 400) return 'ws-redirect'
  if (status === 401 || status === 403 || status === 407) return 'ws-forbidden'
  if (status >= 502 && status <= 504) return 'ws-gateway'
  if (status === 400 || status === 426 || status === 405) return 'ws-upgrade-stripped'
  return status < 300 && isHtml(answer) ? 'ws-page' : status < 300 ? 'ws-upgrade-stripped' : 'ws-refused'
}

function failed (code: Code, detail: string, { facts }: Visit, notes: Notes<Code>): undefined {
  notes.find(code, detail)
  facts.fails.set('websocket', findings[code].title)
}

/** A handshake as a browser makes it, judged. */
async function shake (visit: Visit, notes: Notes<Code>): Promise<DoctorSocket | undefined> {
  const path = `${visit.session()}/websocket`
  const headers = handshakeHeaders()
  const started = performance.now()
  const outcome = await attempt(visit.context.handshake(path, { headers: visit.headers(headers) }))
  const what = `GET ${visit.url('/…/websocket')} with Upgrade: websocket`
  if (outcome.trouble !== undefined) return failed(outcome.trouble === 'slow' ? 'ws-silent' : 'ws-cut', `${what}: ${quoted((outcome as Failed).problem)}`, visit, notes)
  const { response } = outcome.value
  if (response.status !== 101) {
    const rest = await attempt(response.complete(), 1500)
    const answer = rest.value ?? { ...response, body: Buffer.alloc(0), chunks: [], request: '' }
    const location = response.fields.get('location')
    return failed(codeOf(answer), `${what} answered ${brief(answer)}${location === undefined ? '' : `, to ${quoted(location)}`}`, visit, notes)
  }
  const accept = response.fields.get('sec-websocket-accept')
  if (accept !== proofOf(headers['Sec-WebSocket-Key'] ?? '')) {
    return failed('ws-accept', `${what} answered 101 with Sec-WebSocket-Accept: ${quoted(accept ?? 'none')}`, visit, notes)
  }
  const socket = DoctorSocket.of(outcome.value)
  const first = await attempt(socket.next())
  if (first.value === 'o') {
    const milliseconds = performance.now() - started
    visit.facts.works.set('websocket', milliseconds)
    notes.saw(`the session opens after ${duration(milliseconds)}`)
    return socket
  }
  const came = first.trouble !== undefined ? first.problem : first.value === undefined ? `it ended (${socket.end?.code ?? 'without a close frame'})` : quoted(first.value)
  return failed('ws-no-open', `${what} answered 101, and in place of the frame o: ${came}`, visit, notes)
}

/** Sends messages of both sizes and compares them. */
async function exchange (visit: Visit, notes: Notes<Code>): Promise<void> {
  const most = visit.facts.identity?.maxMessageSize ?? Infinity
  for (const bytes of [64 * 1024, 1_000_000]) {
    if (bytes > most) {
      notes.saw(`messages above ${size(most)} are not tried: the limit of the server (maxMessageSize)`)
      continue
    }
    const opened = await attempt(DoctorSocket.open(visit, `${visit.session()}/websocket`))
    if (opened.trouble !== undefined) return notes.find('ws-message-cut', `a second WebSocket does not open: ${quoted(opened.problem)}`)
    const socket = opened.value
    await attempt(socket.next())
    const text = token().padEnd(bytes, 'x')
    socket.send(JSON.stringify([text]))
    let outcome = await attempt(socket.next(), 6000)
    if (outcome.value === 'h') outcome = await attempt(socket.next(), 6000)
    socket.destroy()
    if (outcome.value === `a${JSON.stringify([text])}`) notes.saw(`a message of ${size(bytes)} comes back after ${duration(outcome.milliseconds)}`)
    else if (outcome.value !== undefined && !outcome.value.startsWith('c')) notes.find('ws-message-changed', `sent ${size(bytes)}, got ${size(outcome.value.length)} that begin with ${quoted(outcome.value, 40)}`)
    else {
      const { end } = socket
      const how = outcome.trouble === 'slow' ? 'it does not come back within 6 s' : outcome.value !== undefined ? `the session closed: ${quoted(outcome.value)}` : `the connection ended with ${end?.code ?? 'no close frame'} ${quoted(end?.reason ?? '')}`
      notes.find('ws-message-cut', `a message of ${size(bytes)}: ${how}`)
    }
  }
}

/** Whether compression survives, where the server says that it offers it. */
async function judgeExtension (visit: Visit, notes: Notes<Code>): Promise<void> {
  if (visit.facts.identity?.compression !== true) return
  const headers = { ...handshakeHeaders(), 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }
  const { value } = await attempt(WireSocket.handshake(await visit.connect(), visit.context.target, `${visit.session()}/websocket`, { headers: visit.headers(headers) }))
  if (value?.status !== 101) return
  const extension = value.response.fields.get('sec-websocket-extensions')
  if (extension === undefined) notes.find('ws-extension-lost', 'the handshake offered permessage-deflate, and the answer has no Sec-WebSocket-Extensions')
  else notes.saw(`extension: ${quoted(extension)}`)
}

/** The upgrade, the first frame, and messages of 64 KiB and 1 MB. */
export const websocket = check<Code>({
  id: 'websocket',
  title: 'WebSocket',
  needs: ['service', 'websocket'],
  atMost: () => 30_000,
  findings,
  async run (visit, notes) {
    const socket = await shake(visit, notes)
    if (socket === undefined) return
    socket.destroy()
    await judgeExtension(visit, notes)
    if (visit.facts.mute === undefined) await exchange(visit, notes)
    else notes.saw(`sizes of messages are not tried: ${visit.facts.mute}`)
  }
})
