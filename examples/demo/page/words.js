/** Explains codes and failures in words. */

const CODES = {
  1000: 'Closed as planned.',
  1001: 'The server is shutting down. The client should connect again in a moment.',
  1002: 'The connection was cut, or the client did not ask for the next response in time.',
  1003: 'This endpoint does not accept bytes.',
  1006: 'The connection was cut. The network, a proxy or the server may be the cause.',
  1008: 'The client sent too many messages at once.',
  1009: 'The message was larger than this endpoint accepts.',
  1011: 'The handler of the endpoint threw an error. Other sessions continue.',
  1013: 'More messages waited for this client than its queue may hold.',
  2010: 'Another connection uses this session already.'
}

/** Says why an open session ended. */
export function explainClose ({ code }, byUser) {
  if (byUser) return 'You closed the session.'
  if (CODES[code] !== undefined) return CODES[code]
  if (code >= 3000) return 'The application closed the session with a code of its own.'
  return 'The session has ended.'
}

const STATUS = {
  403: 'The endpoint refuses pages of this origin.',
  404: 'The server does not have this endpoint.',
  503: 'The server is shutting down, or it has reached its limit of sessions.'
}

/** Says why `/info` did not describe the endpoint. */
export function explainInfo ({ unreachable, status }) {
  if (unreachable) return 'The server does not answer. Is it still running, and is the network up?'
  return `The server answered ${status}. ${STATUS[status] ?? 'It gave no other reason.'}`
}

/** Says why no session opened. `info` is the body of `/info`. */
export function explainFailure ({ code, reason }, { transport, candidates, tried, info }) {
  if (info.base_url !== undefined) return `The endpoint sends its clients to ${info.base_url}, which does not answer.`
  if (info.websocket === false && /websocket/i.test(transport)) return 'This endpoint has WebSocket switched off.'
  if (code === 2000 && candidates.length === 0) return `This browser cannot use ${transport} from here.`
  if (tried.length > 1) return `The client tried ${listOf(tried)}. None of them opened a session.`
  if (tried.length === 1) return `The client tried ${tried[0]}. The server did not answer, or it refused. ${/htmlfile|jsonp/.test(transport) ? NO_ORIGIN : ''}`
  return `${reason || 'The server gave no reason'} (${code}).`
}

/** Says why a trial of one transport opened no session. `refusal` is the failure of the transport itself, if it got so far. */
export function explainBlock ({ code, transport, candidates, refusal, info }) {
  if (info.base_url !== undefined) return `The endpoint sends its clients to ${info.base_url}, which does not answer.`
  if (info.websocket === false && transport === 'websocket') return 'This endpoint has WebSocket switched off.'
  if (code === 1002) return 'The server did not answer to /info.'
  if (candidates.length === 0) return `This browser cannot use ${transport} from here.`
  if (refusal?.code === 2007) return 'The first frame did not arrive in time. The network or a proxy holds it back.'
  if (transport === 'websocket') return 'HTTP works, but a proxy or the network stops the upgrade to WebSocket.'
  return `The server refused the request, or the network cut it. ${/htmlfile|jsonp/.test(transport) ? NO_ORIGIN : ''}`.trim()
}

const NO_ORIGIN = 'This transport cannot carry the origin of a page, so endpoints with a list of origins do not offer it.'

export function explainPick (transport, chosen, tried, protocol) {
  const agreed = protocol === '' ? '' : ` Subprotocol: ${protocol}.`
  if (chosen !== 'auto') return `You chose this transport.${agreed}`
  const failed = tried.filter((name) => name !== transport)
  return failed.length === 0 ? 'It is the first transport that this browser and this endpoint have in common.' : `${listOf(failed)} did not work.`
}

export function listOf (names) {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

export function milliseconds (value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

/** Writes control characters in caret notation, such as `^@` for NUL. Fonts have no picture of them, and browsers draw a box. */
export function visible (text) {
  return text.replace(/[\0-\x08\x0b-\x1f\x7f]/g, (character) => `^${String.fromCharCode(character.charCodeAt(0) ^ 64)}`)
}
