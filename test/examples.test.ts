import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import SockJS from 'sockjs-client'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { reporters, runAsyncApi } from '../protocol-tests/index.ts'
import { connectStomp } from '../src/stomp-client.ts'
import { complaints } from './stomp/asyncapi/support.ts'
import { checkPage, connect, post } from './support/examples/people.ts'
import { Examples } from './support/examples/programs.ts'
import { Arrivals, deferred, until, within } from './support/wait.ts'

// The library is written for browsers, and says that Node needs this.
Object.assign(globalThis, { WebSocket })

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const examples = new Examples(t)

async function talk (t: Test, url: string): Promise<{ socket: InstanceType<typeof SockJS>, heard: Arrivals<string> }> {
  const socket = new SockJS(url)
  const heard = new Arrivals<string>()
  const opened = deferred<void>()
  t.teardown(() => socket.close())
  socket.onopen = () => opened.resolve()
  socket.onmessage = ({ data }) => heard.push(data)
  socket.onclose = ({ code, reason }) => opened.reject(new Error(`${code} ${reason}`))
  await within(opened.promise, `a session at ${url}`)
  return { socket, heard }
}

const TRIALS: Readonly<Record<string, (t: Test, url: string) => Promise<void>>> = {
  async echo (t, url) {
    const { socket, heard } = await talk(t, `${url}/echo`)
    socket.send('hello')
    t.equal(await heard.next(), 'hello')
  },

  async broadcast (t, url) {
    const one = await talk(t, `${url}/room`)
    const two = await talk(t, `${url}/room`)
    two.socket.send('hello')
    await until(() => one.heard.all.some((text) => /: hello$/.test(text)), 'the other has heard it')
    t.match(one.heard.all.join('\n'), /2 in the room/)
  },

  async greeting (t, url) {
    const one = await connect(t, url)
    const two = await connect(t, url, {}, 'sockjs')
    const greetings = await two.hear('/topic/greetings')
    one.say('/app/hello', { name: 'kim' })
    t.same(await greetings.next(), { content: 'Hello, kim!' })
  },

  async chat (t, url) {
    const kim = await connect(t, url, { login: 'kim' })
    const lee = await connect(t, url, { login: 'lee' }, 'sockjs')
    const kitchen = await lee.hear('/topic/rooms/Kitchen')
    kim.say('/app/rooms/Kitchen', { text: 'hello' })
    t.match(await kitchen.next(), { from: 'kim', text: 'hello' })
    t.match(await (await kim.hear('/app/rooms/Kitchen')).next(), [{ text: 'hello' }], 'it is remembered')
    t.same(await (await kim.hear('/app/rooms')).next(), ['Lobby', 'Kitchen', 'Workshop'])
    const people = await kim.hear('/topic/$presence/rooms/Kitchen')
    t.same(await people.next(), { type: 'list', users: ['lee'], complete: true })
    await lee.client.deactivate()
    t.same(await people.next(), { type: 'leave', user: 'lee' })
    await t.rejects(connect(t, url), /Login refused/, 'nobody comes in without a name')

    const page = connectStomp(`${url}/stomp`, { headers: { login: 'mia' } })
    t.teardown(() => page.close())
    const lobby = page.subscribe('/topic/rooms/:room', { params: { room: 'Lobby' } })
    await lobby.ready
    await page.send('/app/rooms/:room', { text: 'hello' }, { params: { room: 'Lobby' } })
    t.match((await lobby.next()).value!.body, { from: 'mia', text: 'hello' })
    await t.rejects(page.send('/app/rooms/:room', { text: ' ' }, { params: { room: 'Lobby' } }), { code: 'FST_STOMP_VALIDATION' }, 'the contract refuses an empty text')
    await t.rejects(page.send('/app/rooms/:room', { text: 'hello' }, { params: { room: 'Cellar' } }), { code: 'FST_STOMP_VALIDATION' }, 'and an unknown room')

    t.match(await (await fetch(`${url}/asyncapi`)).text(), /^<!doctype html>/i, 'the page of its document')
    const document = await (await fetch(`${url}/asyncapi.json`)).json() as never
    t.strictSame(await complaints(document), [], 'its document is valid')
    const report = await runAsyncApi(url, document, { stomp: { login: 'ann' }, timeout: 30_000 })
    t.ok(report.ok, reporters.human(report))
  },

  async 'rooms-jwt' (t, url) {
    const { token } = await (await post(`${url}/login`, { name: 'kim', room: 'kitchen' })).json() as { token: string }
    const kim = await connect(t, url, { Authorization: `Bearer ${token}` })
    const kitchen = await kim.hear('/topic/rooms/kitchen')
    kim.say('/app/rooms/kitchen', { text: 'hello' })
    t.same(await kitchen.next(), { from: 'kim', text: 'hello' })

    kim.client.subscribe('/topic/rooms/cellar', () => {})
    t.match(await kim.errors.next(), { code: 'STOMP_ACCESS_REFUSED' }, 'the token says nothing of the cellar')
    await t.rejects(connect(t, url, { Authorization: 'Bearer forged' }), /Login refused/)
    await t.rejects(connect(t, url), /Login refused/)
    t.equal((await post(`${url}/login`, { name: '<b>', room: 'kitchen' })).status, 400)
  },

  async stocks (t, url) {
    const page = connectStomp(`${url}/stomp`)
    t.teardown(() => page.close())
    const symbols = (await page.subscribe('/app/symbols').next()).value!.body as string[]
    t.same(symbols, ['ACME', 'INIT', 'OCTET', 'VOID'])
    for (const symbol of symbols) {
      const quotes = page.subscribe('/topic/quotes/:symbol', { params: { symbol } })
      const first = (await quotes.next()).value!.body as { price: number }
      t.match(first, { symbol, price: Number, opening: Number, time: Number }, `the last quote of ${symbol} is there`)
      if (symbol === 'ACME') t.not(((await quotes.next()).value!.body as { price: number }).price, first.price, 'it moves')
      quotes.unsubscribe()
    }
    const document = await (await fetch(`${url}/asyncapi.json`)).json() as never
    t.strictSame(await complaints(document), [], 'its document is valid')
  },

  async presence (t, url) {
    const kim = await connect(t, url, { login: 'kim' })
    const people = await kim.hear('/topic/$presence/here')
    t.same(await people.next(), { type: 'list', users: [], complete: true })
    await kim.hear('/topic/here')
    t.same(await people.next(), { type: 'join', user: 'kim' })
    const nudges = await kim.hear('/user/queue/nudges')
    const lee = await connect(t, url, { login: 'lee' })
    await lee.hear('/topic/here')
    t.same(await people.next(), { type: 'join', user: 'lee' })
    const again = await connect(t, url, { login: 'kim' }, 'sockjs')
    await again.hear('/topic/here')
    t.same(await (await fetch(`${url}/presence`)).json(), { sessions: 3, users: 2, complete: true })
    lee.say('/app/nudge', { to: 'kim' })
    t.same(await nudges.next(), { from: 'lee' })
    await again.client.deactivate()
    await lee.client.deactivate()
    t.same(await people.next(), { type: 'leave', user: 'lee' }, 'one of two windows of kim is closed, so that kim is here')
  },

  async plugins (t, url) {
    const login = await post(`${url}/api/login`, { name: 'kim' })
    const cookie = login.headers.get('set-cookie')!
    t.match(cookie, /^token=.*HttpOnly; SameSite=Strict/)
    t.equal(login.headers.get('x-ratelimit-limit'), '100')
    t.match(login.headers.get('content-security-policy'), /default-src/)

    const info = (headers: Record<string, string>): Promise<Response> => fetch(`${url}/chat/info`, { headers })
    t.equal((await info({})).status, 401, 'no token')
    const headers = { cookie: cookie.split(';')[0]! }
    const answer = await info({ ...headers, origin: 'https://app.example.com' })
    t.equal(answer.headers.get('access-control-allow-origin'), 'https://app.example.com')
    t.equal(answer.headers.get('x-ratelimit-limit'), null, 'requests of sessions are not counted')
    t.equal((await info({ ...headers, origin: 'https://other.example' })).status, 403)

    const socket = new WebSocket(`${url.replace('http', 'ws')}/chat/websocket`, { headers })
    t.teardown(() => socket.terminate())
    const heard = new Arrivals<string>()
    socket.on('message', (data) => heard.push(String(data)))
    t.equal(await heard.next(), 'hello kim')
    socket.send('it works')
    t.equal(await heard.next(), 'kim: it works')
  },

  async nest (t, url) {
    t.same(await (await fetch(`${url}/greeting`)).json(), { greeting: 'hello over HTTP' })
    const { socket, heard } = await talk(t, `${url}/greetings`)
    socket.send('kim')
    t.equal(await heard.next(), 'hello kim')
  }
}

/** Those without a page of their own, or with one that must be built. */
const PAGELESS = new Set(['plugins', 'nest', 'stocks'])

/** The server of an example in TypeScript. */
const IN_TYPESCRIPT: Readonly<Record<string, string>> = { stocks: 'server/server.js' }

t.test('every example', async (t) => {
  const names = readdirSync(join(ROOT, 'examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name)
  t.same(names.sort(), [...Object.keys(TRIALS), 'demo', 'proxies', 'cluster', 'pipeline', 'words', 'observability'].sort(), 'is tried here; examples-pipeline.test.ts tries pipeline, examples-words.test.ts words, test/telemetry the observability, and the browsers the demo page and the proxies')
  const list = readFileSync(join(ROOT, 'examples/README.md'), 'utf8')
  for (const name of names) t.ok(list.includes(`| [${name}](${name}/`) || list.includes(`| ${name} |`), `${name} is in the list`)

  for (const [name, tryOut] of Object.entries(TRIALS)) {
    t.test(name, async (t) => {
      const file = IN_TYPESCRIPT[name]
      const { url } = await (file === undefined ? examples.start(t, name) : examples.startTypeScript(t, name, file))
      if (!PAGELESS.has(name)) await checkPage(t, url)
      await tryOut(t, url)
    })
  }

  t.test('warnings', async (t) => { t.same(examples.warnings, [], 'none has given one (K1)') })
})
