import { escapeHtml } from './quote.ts'

/** The text at the path of an endpoint (GREETING-1). */
export const GREETING = 'Welcome to SockJS!\n'

/** The page that cross-domain transports of the client load into a hidden frame (IFRAME-1). */
export function iframePage (clientUrl: string): string {
  return [
    '<!DOCTYPE html>',
    '<html>',
    '<head>',
    '  <meta http-equiv="X-UA-Compatible" content="IE=edge" />',
    '  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />',
    '  <script src="' + escapeHtml(clientUrl) + '"></script>',
    '  <script>',
    '    document.domain = document.domain;',
    '    SockJS.bootstrap_iframe();',
    '  </script>',
    '</head>',
    '<body>',
    '  <h2>Don\'t panic!</h2>',
    '  <p>This is a SockJS hidden iframe. It\'s used for cross domain magic.</p>',
    '</body>',
    '</html>'
  ].join('\n')
}

/** The facts that `/info` returns to a client (INFO-2, INFO-9). */
export interface Info {
  websocket: boolean
  cookieNeeded: boolean
  /** A fresh random integer of 32 bits (INFO-3). */
  entropy: number
  baseUrl: string | undefined
  /** The milliseconds within which a client can resume a session, or `undefined` if it cannot. */
  resume: number | undefined
}

export function infoBody (info: Info): string {
  return JSON.stringify({
    websocket: info.websocket,
    origins: ['*:*'],
    cookie_needed: info.cookieNeeded,
    entropy: info.entropy,
    base_url: info.baseUrl,
    resume: info.resume
  })
}
