/** Explains codes and failures in words. */

const CODES = {
  1000: 'Closed as planned.',
  1001: 'The server is shutting down. A client would come back in a moment.',
  1002: 'The connection was cut, or the client did not ask for the next response in time.',
  1003: 'This endpoint does not take bytes.',
  1006: 'The connection was cut without a word: the network, a proxy, or a server that went away.',
  1008: 'Too many messages at once.',
  1009: 'The message was larger than this endpoint takes.',
  1011: 'The handler of the endpoint threw an error. Other sessions go on.',
  1013: 'More waited for this client than its queue may hold.',
  2010: 'Another connection has this session open already.'
}

/** Says why an open session ended. */
export function explainClose ({ code }, byUser) {
  if (byUser) return 'You closed the session.'
  if (CODES[code] !== undefined) return CODES[code]
  if (code >= 3000) return 'The application closed the session with a code of its own.'
  return 'The session is over.'
}

const STATUS = {
  403: 'It refuses pages of this origin.',
  404: 'There is no such endpoint.',
  503: 'It is shutting down, or has as many sessions as it may have.'
}

/** Says why there was no answer to `/info`. */
export function explainInfo ({ unreachable, status }) {
  if (unreachable) return 'The server does not answer. Is it still running, and is the network up?'
  return `The server answered ${status}. ${STATUS[status] ?? 'It could not say more.'}`
}

/** Says why no session opened. `info` is the body of `/info`. */
export function explainFailure ({ code, reason }, { transport, candidates, tried, info }) {
  if (info.base_url !== undefined) return `The endpoint sends its clients to ${info.base_url}, which does not answer.`
  if (info.websocket === false && /websocket/i.test(transport)) return 'This endpoint has WebSocket switched off.'
  if (code === 2000 && candidates.length === 0) return `This browser cannot use ${transport} from here.`
  if (tried.length > 1) return `Tried ${listOf(tried)}: none of them got an answer that works.`
  if (tried.length === 1) return `Tried ${tried[0]}: no answer, or a refusal. ${/htmlfile|jsonp/.test(transport) ? NO_ORIGIN : ''}`
  return `${reason || 'No reason was given'} (${code}).`
}

/** Says why a trial of one transport opened no session. `refusal` is the failure of the transport itself, if it came so far. */
export function explainBlock ({ code, transport, candidates, refusal, info }) {
  if (info.base_url !== undefined) return `The endpoint sends its clients to ${info.base_url}, which does not answer.`
  if (info.websocket === false && transport === 'websocket') return 'This endpoint has WebSocket switched off.'
  if (code === 1002) return 'The server did not answer to /info.'
  if (candidates.length === 0) return `This browser cannot use ${transport} from here.`
  if (refusal?.code === 2007) return 'The first frame did not come in time: the network or a proxy holds it back.'
  if (transport === 'websocket') return 'HTTP passes, the upgrade to WebSocket does not.'
  return `The server refused the request, or the network cut it. ${/htmlfile|jsonp/.test(transport) ? NO_ORIGIN : ''}`.trim()
}

const NO_ORIGIN = 'It cannot carry the origin of a page, so endpoints with a list of origins do not serve it.'

export function explainPick (transport, chosen, tried, protocol) {
  const agreed = protocol === '' ? '' : ` Subprotocol: ${protocol}.`
  if (chosen !== 'auto') return `As you chose.${agreed}`
  const failed = tried.filter((name) => name !== transport)
  return failed.length === 0 ? 'The first that this browser and this endpoint have in common.' : `${listOf(failed)} did not get through.`
}

export function listOf (names) {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

export function milliseconds (value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

/** Control characters in caret notation, as in `^@` for NUL: fonts have no picture of them, and browsers draw a box. */
export function visible (text) {
  return text.replace(/[\0-\x08\x0b-\x1f\x7f]/g, (character) => `^${String.fromCharCode(character.charCodeAt(0) ^ 64)}`)
}
