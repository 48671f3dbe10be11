import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import tls from 'node:tls'
import type { Answer } from '../../client/http.ts'
import { probe } from '../../runner/probe.ts'
import { check } from '../check.ts'
import type { Notes } from '../check.ts'
import { duration } from '../facts.ts'
import { productOf, products } from '../remedies.ts'
import { attempt, brief, keepCookies, quoted, told } from '../visit.ts'
import type { Attempt, Trouble, Visit } from '../visit.ts'

const findings = {
  'name-unknown': { severity: 'error', title: 'The name of the server cannot be resolved.' },
  refused: { severity: 'error', title: 'Nothing listens at this address and port: is the server running?', remedy: 'listen' },
  unreachable: { severity: 'error', title: 'The server does not accept connections: a firewall, or a wrong address.', remedy: 'listen' },
  'tls-failed': { severity: 'error', title: 'The server does not answer the TLS handshake.', remedy: 'certificate' },
  'tls-certificate': { severity: 'error', title: 'Browsers do not accept the certificate, and no client gets through.', remedy: 'certificate' },
  'http1-refused': { severity: 'error', title: 'The server speaks no HTTP/1.1 over TLS, which WebSockets of browsers need.', remedy: 'http-version' },
  silent: { severity: 'error', title: 'The server accepts connections, and no whole answer comes.' },
  cut: { severity: 'error', title: 'The server ends the connection without an answer.' },
  'not-http': { severity: 'error', title: 'This is not an HTTP server: its answer makes no sense.' },
  endless: { severity: 'error', title: 'The answer does not end.' },
  redirect: { severity: 'error', title: 'The URL is redirected. WebSockets and POST requests of browsers do not follow.', remedy: 'redirect' },
  'no-service': { severity: 'error', title: 'There is no SockJS service at this URL.', remedy: 'service' },
  'http-1.0': { severity: 'warning', title: 'The answers are HTTP/1.0: no WebSocket, and no connection that stays.', remedy: 'http-version' },
  'mixed-content': { severity: 'error', title: 'A page with https cannot connect to a URL with http: browsers block it.', remedy: 'mixed-content' }
} as const

type Code = keyof typeof findings

const codes: Readonly<Record<Trouble, Code>> = {
  slow: 'silent', cut: 'cut', 'not http': 'not-http', endless: 'endless', refused: 'refused', other: 'unreachable'
}

/** The longest first answer. */
const mostBytes = 1024 * 1024

/** The usual paths, where the URL is the site and not the service. */
const usual = ['/echo', '/sockjs', '/stomp', '/ws', '/chat', '/gs-guide-websocket']

async function resolves ({ facts: { target } }: Visit, notes: Notes<Code>): Promise<boolean> {
  if (isIP(target.host) !== 0) return true
  const { value, problem } = { problem: '', ...await attempt(lookup(target.host), 3000) }
  if (value !== undefined) notes.saw(`${target.host} is ${value.address}`)
  else notes.find('name-unknown', `${quoted(target.host, 80)}: ${problem}`)
  return value !== undefined
}

/** Judges the certificate as a browser does, and names the version that the server chooses. */
async function judgeTls ({ facts: { target } }: Visit, notes: Notes<Code>): Promise<boolean> {
  let isAccepted = false
  const shake = (ALPNProtocols: string[]): Promise<tls.TLSSocket> => new Promise((resolve, reject) => {
    const socket = tls.connect({ host: target.host, port: target.port, rejectUnauthorized: false, ALPNProtocols, timeout: 3000, ...(isIP(target.host) === 0 ? { servername: target.host } : {}) })
    socket.once('connect', () => { isAccepted = true }).once('secureConnect', () => resolve(socket)).on('error', reject)
    socket.once('timeout', () => socket.destroy(new Error(isAccepted ? 'no TLS handshake within 3 s' : 'the connection is not accepted within 3 s')))
  })
  const outcome = await attempt(shake(['h2', 'http/1.1']))
  if (outcome.trouble !== undefined) {
    const plain = /wrong version number|packet length too long/i.test(outcome.problem)
    const detail = plain ? `${target.authority} does not speak TLS. Should the URL begin with http?` : `${target.authority}: ${quoted(outcome.problem, 160)}`
    notes.find(outcome.trouble === 'refused' ? 'refused' : isAccepted ? 'tls-failed' : 'unreachable', detail)
    return false
  }
  const socket = outcome.value
  // Node is silent here only for sockets whose certificate was judged.
  const { authorized, authorizationError, alpnProtocol } = socket
  socket.destroy()
  if (!authorized) notes.find('tls-certificate', quoted(String(authorizationError)).slice(1, -1))
  notes.saw(`TLS, ${alpnProtocol === 'h2' ? 'HTTP/2 for browsers' : 'HTTP/1.1'}`)
  if (alpnProtocol !== 'h2') return true
  const old = await attempt(shake(['http/1.1']))
  old.value?.destroy()
  if (old.trouble !== undefined || old.value.alpnProtocol === 'h2') notes.find('http1-refused', 'a client that offers only HTTP/1.1 gets no connection')
  return true
}

function isRedirect ({ status }: Answer): boolean {
  return status >= 300 && status < 400 && status !== 304
}

/** The path of the service: that of the URL, or a usual one below it. */
async function findService ({ facts: { target, options } }: Visit): Promise<string | undefined> {
  const found = async (path: string): Promise<boolean> => path !== '' && await probe({ ...target, base: path }, { '/': '' }, '/', 3000, mostBytes) === 'sockjs'
  if (await found(target.base)) return target.base
  const paths = [...(options.stomp === true && options.stompEndpoint !== undefined ? [options.stompEndpoint] : []), ...usual].map((path) => target.base + path)
  const finds = await Promise.all(paths.map(found))
  return paths.find((_path, index) => finds[index])
}

function judgeFirst (first: Attempt<Answer>, path: string, { facts }: Visit, notes: Notes<Code>): first is Extract<Attempt<Answer>, { value: Answer }> {
  if (first.trouble !== undefined) {
    const secured = first.trouble === 'not http' || first.trouble === 'cut' ? '. Does it speak TLS, and the URL should begin with https?' : ''
    notes.find(codes[first.trouble], `GET ${path}: ${told(first)}${facts.target.secure ? '' : secured}`)
    return false
  }
  const { fields, version } = first.value
  facts.product = productOf((name) => fields.get(name))
  notes.saw(`answers after ${duration(first.milliseconds)}, HTTP/${version}${fields.has('server') ? `, server: ${quoted(fields.get('server') ?? '', 40)}` : ''}${fields.has('via') ? `, via: ${quoted(fields.get('via') ?? '', 40)}` : ''}`)
  if (facts.product !== undefined) notes.saw(`${products[facts.product as keyof typeof products]} names itself in the answer`)
  return true
}

/** Name, connection, TLS, HTTP, and where the service is. */
export const reach = check<Code>({
  id: 'reach',
  title: 'name, connection, TLS and HTTP',
  needs: [],
  atMost: () => 20_000,
  findings,
  async run (visit, notes) {
    const { facts } = visit
    const { target, options } = facts
    if (options.origin?.startsWith('https:') === true && !target.secure) notes.find('mixed-content', `the page is at ${options.origin}, and the URL is ${target.origin}`)
    if (!await resolves(visit, notes)) return
    if (target.secure && !await judgeTls(visit, notes)) return
    const path = `${target.base}/info`
    const context = visit.within(mostBytes)
    const first = await attempt(context.request('GET', path, { headers: visit.headers() }))
    if (!judgeFirst(first, path, visit, notes)) return
    facts.path = await findService(visit)
    if (facts.path === undefined) {
      const { value } = first
      if (isRedirect(value)) notes.find('redirect', `GET ${path} answered ${value.status}, to ${quoted(value.fields.get('location') ?? 'nowhere')}. Give the doctor that URL, without /info`)
      else {
        notes.find('no-service', `GET ${path} answered ${brief(value)}. Nothing better at ${usual.join(', ')}. Which path does the page give to new SockJS()?`)
      }
      return
    }
    if (first.value.version === '1.0') notes.find('http-1.0', `GET ${path} answered ${quoted(first.value.statusLine)}`)
    keepCookies(facts.cookies, first.value)
    notes.saw(`SockJS at ${target.origin}${facts.path}`)
  }
})
