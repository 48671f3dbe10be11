import type { IncomingMessage, ServerResponse } from 'node:http'
import t from 'tap'
import { type Diagnosis, diagnose, type DoctorOptions } from '../../protocol-tests/index.ts'
import type { EndpointOptions } from '../../src/index.ts'
import { FaultProxy, type Faults } from './fault-proxy.ts'
import { codesOf, inTurns, startEcho } from './support.ts'

interface Trial {
  readonly name: string
  readonly faults?: Faults
  readonly endpoint?: EndpointOptions
  readonly fastify?: Record<string, unknown>
  /** The number of servers behind the proxy. */
  readonly servers?: number
  readonly options?: DoctorOptions
  /** The codes that must be found, and no others. */
  readonly finds: readonly string[]
  readonly says?: RegExp
}

const foreign = { origin: 'https://app.example' } as const

/** A page of another site, with everything in its place: the page is https, and so the URL must be. The doctor says so. */
const foreignPage = (finds: readonly string[]): Pick<Trial, 'options' | 'finds' | 'endpoint'> =>
  ({ options: foreign, endpoint: { origins: [foreign.origin] }, finds: ['mixed-content', ...finds] })

/** Takes four seconds to judge a body, and lets 100 KiB pass. */
function judgesSlowly ({ headers }: IncomingMessage, response: ServerResponse): boolean {
  const bytes = Number(headers['content-length'] ?? 0)
  if (bytes < 1024) return false
  const timer = setTimeout(() => response.writeHead(bytes > 102_400 ? 413 : 404).end(), 4000)
  response.on('close', () => clearTimeout(timer))
  return true
}

const TRIALS: readonly Trial[] = [
  // It takes longest.
  { name: 'a limit of bodies that is not found in the time of a check', faults: { answers: judgesSlowly }, finds: ['not-finished'], says: /not finished within 30 s/ },
  { name: 'a good proxy', finds: [] },
  { name: 'the upgrade is taken out', faults: { upgrade: 'strip' }, finds: ['ws-upgrade-stripped'], says: /answered 400/ },
  { name: '426', faults: { upgrade: { status: 426 } }, finds: ['ws-upgrade-stripped'] },
  { name: 'a page', faults: { upgrade: { status: 200, body: '<!doctype html><script>alert(1)</script>' } }, finds: ['ws-page'] },
  { name: 'a redirect of the upgrade', faults: { upgrade: { status: 301, location: 'https://app.example/' } }, finds: ['ws-redirect'], says: /to "https:\/\/app\.example\/"/ },
  { name: 'a firewall', faults: { upgrade: { status: 403 } }, finds: ['ws-forbidden'] },
  { name: 'a gateway without an answer', faults: { upgrade: { status: 502 } }, finds: ['ws-gateway'] },
  { name: 'not found', faults: { upgrade: { status: 404 } }, finds: ['ws-refused'] },
  { name: 'no answer to the upgrade', faults: { upgrade: 'silent' }, finds: ['ws-silent'] },
  { name: 'the end at the upgrade', faults: { upgrade: 'cut' }, finds: ['ws-cut'] },
  { name: 'a proxy that lies: 101 without the proof', faults: { upgrade: 'wrong accept' }, finds: ['ws-accept'] },
  { name: 'a proxy that lies: 101 and no session', faults: { upgrade: 'no session' }, finds: ['ws-no-open'] },
  { name: 'the same, and silent connections are watched', faults: { upgrade: 'no session' }, options: { idle: 1000 }, finds: ['ws-no-open'] },
  { name: 'messages of WebSockets are cut', faults: { socketLimit: 200_000 }, finds: ['ws-message-cut'], says: /977 KiB/ },
  { name: 'compression of WebSockets is taken out', endpoint: { websocket: { compression: true } }, faults: { request: (headers) => { delete headers['sec-websocket-extensions'] } }, finds: ['ws-extension-lost'] },
  { name: 'compression of WebSockets passes', endpoint: { websocket: { compression: true } }, finds: [] },
  { name: 'streams are held back to their end', faults: { hold: 'end' }, finds: ['stream-buffered'], says: /until the response ends/ },
  { name: 'streams are held back until 16 KiB', faults: { hold: { bytes: 16_384 } }, finds: ['stream-buffered'], says: /until about 20 KiB/ },
  { name: 'streams are gathered', faults: { hold: { milliseconds: 1300 } }, finds: ['stream-batched'] },
  { name: 'streams are compressed', faults: { gzip: true }, finds: ['stream-compressed'], says: /gzip/ },
  { name: 'streams are refused', faults: { answers: (request, response) => request.url!.endsWith('_streaming') && response.writeHead(403).end() !== undefined }, finds: ['stream-refused'] },
  { name: 'POST is refused', faults: { answers: (request, response) => request.method === 'POST' && response.writeHead(405).end() !== undefined }, finds: ['poll-refused', 'stream-refused'] },
  { name: 'streams are cut', faults: { answers: (request, response) => request.url!.endsWith('_streaming') && response.destroy() !== undefined }, finds: ['stream-cut'] },
  { name: 'sending is forbidden', faults: { answers: (request, response) => request.url!.endsWith('xhr_send') && response.writeHead(403).end() !== undefined }, finds: ['send-refused'] },
  { name: 'a proxy that lies: messages are accepted and dropped', faults: { answers: (request, response) => request.url!.endsWith('xhr_send') && response.writeHead(204).end() !== undefined }, finds: ['message-lost', 'stream-batched'] },
  { name: 'messages of WebSockets are changed', faults: { mangles: ['xxxx', 'yyyy'] }, finds: ['ws-message-changed'] },
  { name: '/info fails', faults: { answers: (request, response) => request.url!.endsWith('/info') && response.writeHead(500).end() !== undefined }, finds: ['info-refused'] },
  { name: 'bodies of 100 KiB at most', faults: { bodyLimit: 102_400 }, finds: ['body-limit'], says: /passes, and one of/ },
  { name: 'POST is repeated', faults: { repeats: true }, finds: ['post-repeated'], says: /2 times/ },
  { name: 'requests in turns', servers: 2, faults: { balance: 'turns' }, finds: ['not-sticky'], says: /requests over fresh connections found no session/ },
  { name: 'a cookie', servers: 2, faults: { balance: 'cookie' }, finds: ['sticky-by-cookie'], says: /"node"/ },
  { name: 'a cookie, and pages of another site', servers: 2, faults: { balance: 'foreign cookie' }, ...foreignPage(['sticky-cookie-third-party']) },
  { name: 'silence is cut', faults: { cutsSilence: 2500 }, options: { idle: 6000 }, finds: ['idle-cut'], says: /so it is the silence[^]*25\.0 s \(says the server\)/ },
  { name: 'age is cut', faults: { cutsAge: 4500 }, options: { idle: 6000 }, finds: ['lifetime-cut'] },
  { name: 'silent WebSockets are forgotten', faults: { forgets: 2000 }, options: { idle: 3000 }, finds: ['idle-dead'] },
  { name: 'heartbeats keep connections', faults: { cutsSilence: 1500 }, endpoint: { heartbeat: 300 }, options: { idle: 3000 }, finds: [] },
  { name: '/info from a cache', faults: { caches: true }, finds: ['info-cached'], says: /entropy is \d+ twice/ },
  { name: 'an age', faults: { response: (headers, path) => { if (path.endsWith('/info')) headers['age'] = '30' } }, finds: ['info-cached'] },
  { name: 'a page of another site', ...foreignPage([]) },
  { name: 'a page that the server does not know', options: foreign, finds: ['mixed-content', 'origin-refused'], says: /Origin not allowed/ },
  { name: 'no CORS', faults: { response: (headers) => { delete headers['access-control-allow-origin'] } }, ...foreignPage(['cors-missing']) },
  { name: 'CORS for all', faults: { response: (headers) => { headers['access-control-allow-origin'] = '*' } }, ...foreignPage(['cors-missing']), says: /does not hold for requests with credentials/ },
  { name: 'CORS twice', faults: { response: (headers) => { headers['access-control-allow-origin'] = [foreign.origin, foreign.origin] } }, ...foreignPage(['cors-twice']) },
  { name: 'no Vary', faults: { response: (headers) => { delete headers['vary']; delete headers['cache-control'] } }, ...foreignPage(['cors-vary']) },
  { name: 'no preflight', faults: { answers: (request, response) => request.method === 'OPTIONS' && response.writeHead(405).end() !== undefined }, ...foreignPage(['preflight-refused']) },
  { name: 'a base_url that is not there', endpoint: { baseUrl: 'http://127.0.0.1:1/echo' }, finds: ['base-url-dead'], says: /ECONNREFUSED/ },
  { name: 'another host', faults: { request: (headers) => { headers.host = '127.0.0.1:1' } }, finds: ['host-differs', 'origin-refused'], says: /the origin of the URL itself/ },
  { name: 'another scheme', faults: { request: (headers) => { headers['x-forwarded-proto'] = 'https' } }, finds: ['origin-refused', 'scheme-differs'] },
  { name: 'a proxy that the server does not trust', fastify: { trustProxy: false }, finds: ['proxy-not-trusted'] },
  { name: 'a proxy that names no client', faults: { anonymous: true }, finds: ['proxy-unnamed'] },
  { name: 'a cookie for pages of another site', endpoint: { sessionCookie: true, origins: [foreign.origin] }, options: foreign, finds: ['cookie-third-party', 'mixed-content'] },
  { name: 'WebSocket is off', endpoint: { transports: { websocket: false, htmlfile: true } }, finds: [] }
]

t.test('each fault of a proxy is named, and nothing else is', async (t) => {
  const found = new Map<Trial, Diagnosis>()
  await inTurns(TRIALS, 4, async (trial) => {
    const { faults = {}, endpoint, fastify, servers = 1, options } = trial
    const ports = await Promise.all(Array.from({ length: servers }, () => startEcho(t, { endpoint: endpoint ?? {}, fastify: fastify ?? {} })))
    found.set(trial, await diagnose(`${await FaultProxy.start(t, ports, faults)}/echo`, { idle: 0, ...options }))
  })
  for (const [trial, diagnosis] of [...found].sort(([one], [other]) => TRIALS.indexOf(one) - TRIALS.indexOf(other))) {
    const { name, finds, says } = trial
    const findings = diagnosis.checks.flatMap((check) => check.findings)
    t.same(codesOf(diagnosis), [...finds].sort(), name, { findings, seen: diagnosis.checks.map(({ id, seen }) => [id, seen]) })
    if (says !== undefined) t.match(findings.map(({ detail }) => detail).join('\n'), says, name)
    t.equal(diagnosis.ok, !findings.some(({ severity }) => severity !== 'note'), `${name}: ok`)
    t.ok(diagnosis.milliseconds <= diagnosis.atMost, `${name}: within its time`)
  }
})
