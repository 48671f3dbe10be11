import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { reporters, runAsyncApi, UnreachableError, UsageError } from '../protocol-tests/index.ts'
import type { ApiOptions, AsyncApi, Report } from '../protocol-tests/index.ts'
import { buildDemo } from '../examples/demo/src/demo.ts'
import sockjs from '../src/index.ts'
import stomp, { type Rule, StompError } from '../src/stomp.ts'
import { TYPESCRIPT } from './support/typescript.ts'

const MAIN = fileURLToPath(new URL('../protocol-tests/main.ts', import.meta.url))
const LOGIN = { stomp: { login: 'ada', passcode: 'secret' } } as const

const ORDER = { type: 'object', required: ['item', 'amount'], properties: { item: { type: 'string', pattern: '^[a-z]{2,8}$' }, amount: { type: 'integer', minimum: 1, maximum: 99 }, note: { type: 'string', maxLength: 20 } } }
const ACCEPTED = { type: 'object', required: ['id', 'item'], properties: { id: { type: 'integer' }, item: { type: 'string' } } }
const SHOP = { type: 'object', properties: { shop: { type: 'string', enum: ['north', 'south'] } } }

/** The mistakes that a server can have, against one and the same document. */
interface Faults {
  readonly takesAnyBody?: boolean
  readonly takesAnyShop?: boolean
  readonly refusesGoodBodies?: boolean
  readonly fails?: boolean
  readonly failsAtWrongBodies?: boolean
  readonly answersWrongly?: boolean
  readonly answersText?: boolean
  readonly isSilent?: boolean
  readonly listsWrongly?: boolean
  readonly listIsSilent?: boolean
  readonly listRefuses?: boolean
  readonly takesUnknown?: boolean
  readonly forgetsRoute?: boolean
  readonly letsAnonymousIn?: boolean
  readonly takesAnyPasscode?: boolean
  readonly takesAnyToken?: boolean
  readonly hasNoRules?: boolean
  readonly refusesOwner?: boolean
}

interface Shop extends Faults {
  /** The login is optional, and one operation needs a user. */
  readonly isOpen?: boolean
  readonly path?: string
}

/** A shop: orders go to a topic, questions to `reply-to`, and a list answers a subscription. */
async function build (t: Test, faults: Shop = {}): Promise<{ url: string, app: FastifyInstance }> {
  const app = Fastify({ forceCloseConnections: true }) as unknown as FastifyInstance
  t.teardown(() => app.close())
  await app.register(sockjs)
  const rules: Rule[] = [
    { type: 'connect', allow: faults.isOpen === true ? 'all' : 'authenticated' },
    { type: 'send', destination: '/app/closed', deny: 'all' },
    { type: 'send', destination: '/app/owner', allow: () => faults.refusesOwner !== true },
    { type: 'send', allow: 'authenticated' },
    { type: 'subscribe', allow: faults.isOpen === true ? 'all' : 'authenticated' }
  ]
  await app.register(stomp, {
    path: faults.path ?? '/stomp',
    ...faults.hasNoRules === true || faults.letsAnonymousIn === true ? {} : { rules },
    asyncapi: { path: '/asyncapi', info: { title: 'Shop', version: '1' }, security: ['login', 'bearer'] }
  })
  app.stomp.addHook('onConnect', ({ login, passcode, authorization }, session) => {
    const token = authorization?.replace(/^Bearer /, '')
    if ((login === 'ada' && passcode === 'secret') || token === 'good' || (login !== undefined && faults.takesAnyPasscode === true) || (token !== undefined && faults.takesAnyToken === true)) session.user = { name: 'ada' }
    else if (login !== undefined || token !== undefined) throw new StompError('STOMP_AUTHENTICATION_FAILED')
  })
  addRoutes(app, faults)
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), app }
}

function addRoutes (app: FastifyInstance, faults: Faults): void {
  const body = faults.takesAnyBody === true ? {} : { body: ORDER }
  const params = faults.takesAnyShop === true ? {} : { params: SHOP }
  let count = 0
  app.stomp.message<{ Body: { item: string, amount: unknown } }>('/shops/:shop/orders', {
    schema: { ...body, ...params }, examples: [{ item: 'apple', amount: 2 }], sendTo: '/topic/shops/:shop/orders'
  }, ({ body }) => {
    if (faults.fails === true) throw new Error('a bug')
    if (faults.refusesGoodBodies === true) throw Object.assign(new Error('FST_STOMP_VALIDATION'), { statusCode: 400 })
    if (faults.failsAtWrongBodies === true && typeof body?.amount !== 'number') throw new Error('a bug that a schema would have prevented')
    if (faults.isSilent === true) return undefined
    if (faults.answersText === true) return 'accepted'
    return faults.answersWrongly === true ? { id: 'one', item: body.item } : { id: count++, item: body.item }
  })
  if (faults.forgetsRoute !== true) app.stomp.message('/price', { schema: { body: { enum: ['apple', 'pear'] } } }, () => faults.answersWrongly === true ? 'much' : 1.5)
  app.stomp.message('/closed', () => {})
  app.stomp.message('/owner', { examples: [{}] }, () => {})
  app.stomp.message('/whoami', { sendToSender: '/queue/whoami' }, () => ({ id: 1, item: 'me' }))
  app.stomp.subscribe('/shops/:shop', { schema: params }, () => {
    if (faults.listRefuses === true) throw Object.assign(new Error('not today'), { statusCode: 404 })
    return faults.listIsSilent === true ? undefined : faults.listsWrongly === true ? { shops: 1 } : ['north', 'south']
  })
  if (faults.takesUnknown !== true) return
  for (const path of ['/:any', '/:any/:other', '/:a/:b/:c/:d/:e/:f/:g']) {
    app.stomp.message(path, () => {})
    app.stomp.subscribe(path, () => {})
  }
}

/** The document of the shop without faults, with the schemas of its answers. */
async function documentOf (t: Test, options: Shop = {}): Promise<AsyncApi> {
  const { url } = await build(t, options)
  const document = await (await fetch(`${url}/asyncapi.json`)).json() as { components: { schemas: Record<string, unknown> }, channels: Record<string, { messages: Record<string, { payload?: unknown }> }> }
  const answers: [channel: string, message: string, schema: unknown][] = [
    ['topic.shops.shop.orders', 'app.shops.shop.orders.answer', ACCEPTED], ['app.price.reply', 'app.price.answer', { type: 'number' }], ['user.queue.whoami', 'app.whoami.answer', ACCEPTED],
    ['app.shops.shop', 'answer', { type: 'array', items: { type: 'string' } }]
  ]
  for (const [channel, message, payload] of answers) document.channels[channel]!.messages[message]!.payload = payload
  return document as unknown as AsyncApi
}

const failed = ({ results }: Report): string[] => results.filter(({ verdict }) => verdict === 'failed').map(({ id }) => id)

async function judge (t: Test, faults: Shop, document: AsyncApi, options: ApiOptions = LOGIN): Promise<Report> {
  const { url } = await build(t, faults)
  return await runAsyncApi(url, document, { timeout: 20_000, ...options })
}

t.test('a shop without faults passes every case, with a login and with a token', async (t) => {
  const document = await documentOf(t)
  for (const options of [LOGIN, { connectHeaders: { Authorization: 'Bearer good' } }]) {
    const report = await judge(t, {}, document, options)
    t.strictSame(failed(report), [], reporters.human(report))
    t.ok(report.ok)
    t.ok(report.totals.passed > 25, 'there are cases')
    for (const id of ['document.login-missing', 'document.token-wrong', 'document.unknown-send-1', 'receive.app.closed.denied', 'receive.app.shops.shop.orders.valid-1', 'receive.app.shops.shop.orders.invalid-1', 'receive.app.shops.shop.orders.not-json',
      'receive.app.shops.shop.orders.parameter-shop', 'receive.app.price.valid-1', 'send.app.shops.shop.subscribe', 'send.app.shops.shop.parameter-shop']) {
      t.equal(report.results.find((each) => each.id === id)?.verdict, 'passed', id)
    }
  }
})

/** Each fault, and the cases that must catch it. Other cases may notice it too. */
const CAUGHT: Readonly<Record<keyof Faults, readonly string[]>> = {
  takesAnyBody: ['receive.app.shops.shop.orders.invalid-1'],
  takesAnyShop: ['receive.app.shops.shop.orders.parameter-shop', 'send.app.shops.shop.parameter-shop'],
  refusesGoodBodies: ['receive.app.shops.shop.orders.valid-1', 'receive.app.shops.shop.orders.valid-2'],
  fails: ['receive.app.shops.shop.orders.valid-1'],
  failsAtWrongBodies: ['receive.app.shops.shop.orders.invalid-1'],
  answersWrongly: ['receive.app.shops.shop.orders.valid-1', 'receive.app.price.valid-1'],
  answersText: ['receive.app.shops.shop.orders.valid-1'],
  isSilent: ['receive.app.shops.shop.orders.valid-1'],
  listsWrongly: ['send.app.shops.shop.subscribe'],
  listIsSilent: ['send.app.shops.shop.subscribe'],
  listRefuses: ['send.app.shops.shop.subscribe'],
  takesUnknown: ['document.unknown-send-1', 'document.unknown-subscribe-1'],
  forgetsRoute: ['receive.app.price.valid-1'],
  letsAnonymousIn: ['document.login-missing'],
  takesAnyPasscode: ['document.login-wrong'],
  takesAnyToken: ['document.token-wrong'],
  hasNoRules: ['receive.app.closed.denied'],
  refusesOwner: []
}

for (const [fault, ids] of Object.entries(CAUGHT)) {
  t.test(`a shop with the fault ${fault}: ${ids.length === 0 ? 'no case blames it' : ids.join(' and ')}`, async (t) => {
    const document = await documentOf(t)
    const faults: Shop = { [fault]: true, ...fault === 'failsAtWrongBodies' ? { takesAnyBody: true } : {} }
    const report = await judge(t, faults, document)
    for (const id of ids) t.ok(failed(report).includes(id), `${id} fails\n${reporters.human(report)}`)
    if (ids.length === 0) {
      t.strictSame(failed(report), [])
      t.match(report.results.find(({ section }) => section === 'receive.app.owner'), { verdict: 'not applicable', reason: /refuses this client/ })
    }
  })
}

t.test('an operation that needs a user, where clients without one get in', async (t) => {
  const document = await documentOf(t, { isOpen: true })
  const good = await judge(t, { isOpen: true }, document)
  t.strictSame(failed(good), [], reporters.human(good))
  t.equal(good.results.find(({ id }) => id === 'receive.app.price.anonymous')?.verdict, 'passed')
  t.ok(failed(await judge(t, { isOpen: true, hasNoRules: true }, document)).includes('receive.app.price.anonymous'))
})

t.test('a document that is wrong about itself: an example that does not fit', async (t) => {
  const document = await documentOf(t) as unknown as { channels: Record<string, { messages: Record<string, { examples: unknown[] }> }> }
  document.channels['app.shops.shop.orders']!.messages['message']!.examples = [{ payload: { item: 'apple' } }]
  const report = await judge(t, {}, document as unknown as AsyncApi)
  t.strictSame(failed(report), ['receive.app.shops.shop.orders.valid-1'])
  t.match(report.results.find(({ verdict }) => verdict === 'failed')?.failure, { what: 'example 1 of the document', received: /must have required property 'amount'/ })
})

t.test('a document of another author: no extension, inline schemas, SockJS alone', async (t) => {
  const { url } = await build(t, { path: '/live/shop' })
  const document: AsyncApi = {
    asyncapi: '3.0.0',
    servers: { main: { protocol: 'http', pathname: '/live/shop', security: [{}], 'x-stomp-transport': 'sockjs' } },
    channels: {
      orders: { address: '/app/shops/{shop}/orders', parameters: { shop: { enum: ['north'] } }, messages: { order: { payload: ORDER } } },
      price: { address: '/app/price', messages: { question: { payload: { enum: ['apple'] } } } },
      answer: { address: null, messages: { price: { payload: { type: 'number' } } } },
      avro: { address: '/app/whoami', messages: { any: { payload: { schemaFormat: 'application/vnd.apache.avro', schema: {} }, examples: [{ payload: 1 }] } } }
    },
    operations: {
      order: { action: 'receive', channel: { $ref: '#/channels/orders' } },
      price: { action: 'receive', channel: { $ref: '#/channels/price' }, reply: { address: { location: '$message.header#/reply-to' }, channel: { $ref: '#/channels/answer' } } },
      whoami: { action: 'receive', channel: { $ref: '#/channels/avro' } }
    }
  }
  const report = await runAsyncApi(url, document, { ...LOGIN, timeout: 20_000 })
  t.strictSame(failed(report), [], reporters.human(report))
  t.equal(report.results.find(({ id }) => id === 'document.login-missing')?.verdict, 'passed')
  t.ok(report.results.some(({ id }) => id === 'order.invalid-1'))
})

t.test('the demo server does what its document says', async (t) => {
  const app = await buildDemo({ logLevel: 'silent' })
  t.teardown(() => app.close())
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const report = await runAsyncApi(url, `${url}/asyncapi.json`, { timeout: 20_000 })
  t.ok(report.ok, reporters.human(report))
  t.equal(report.totals['not applicable'], 0)
})

interface Outcome { readonly code: number | null, readonly stdout: string, readonly stderr: string }

/** Runs the command to its end. */
function run (...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [TYPESCRIPT, MAIN, ...args], (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }))
  })
}

t.test('the command: a report by operation, and the exit codes', async (t) => {
  const { url } = await build(t)
  const { url: faulty } = await build(t, { takesAnyShop: true })
  const dir = t.testdir({ 'shop.json': await (await fetch(`${url}/asyncapi.json`)).text(), 'text.json': 'text', 'open.json': '{"openapi":"3.1.0"}', 'empty.json': '{"asyncapi":"3.1.0","operations":{}}' })
  const file = join(dir, 'shop.json')
  const login = ['--login', 'ada', '--passcode', 'secret', '--timeout', '20']
  const good = await run(url, '--asyncapi', `${url}/asyncapi.json`, '--connect-header', 'Authorization: Bearer good', '--timeout', '20')
  t.equal(good.code, 0, good.stdout + good.stderr)
  t.match(good.stdout, /^receive\.app\.price {2}SEND \/app\/price$/m)
  t.match(good.stdout, /does what its document says\.\n$/)
  const bad = await run(faulty, '--asyncapi', file, ...login, '--only', 'receive.app.shops.shop.orders')
  t.equal(bad.code, 1)
  t.match(bad.stdout, /✗ parameter-shop {2}refuses a value of \{shop\} that does not fit\n {6}\{shop\} as "no-such-value-7f3a"\n {6}expected: a refusal/)
  t.match(bad.stdout, /The server and its document differ in receive\.app\.shops\.shop\.orders\.\n$/)
  const wrong: [args: string[], code: number, text: RegExp][] = [
    [[url, '--asyncapi', file, '--timeout', '20'], 1, /no STOMP client gets in at .* without a login; --login, --passcode and --connect-header give one .*STOMP_ACCESS_REFUSED/],
    [['http://127.0.0.1:1', '--asyncapi', file, '--wait', '0'], 1, /no server answers/],
    [[url, '--asyncapi', 'http://127.0.0.1:1/asyncapi.json'], 1, /the document cannot be read from http:\/\/127\.0\.0\.1:1/],
    [[url, '--asyncapi', `${url}/nowhere.json`], 1, /status 404/],
    [[url, '--asyncapi', join(dir, 'missing.json')], 2, /ENOENT/],
    [[url, '--asyncapi', join(dir, 'text.json')], 2, /is not JSON/],
    [[url, '--asyncapi', join(dir, 'open.json')], 2, /must be a document of AsyncAPI 3/],
    [[url, '--asyncapi', join(dir, 'empty.json')], 2, /has no operations/],
    [[url, '--asyncapi', file, '--suite', 'stomp'], 2, /--suite is an option of the suites/],
    [[url, '--asyncapi', file, '--only', 'nothing'], 2, /no case is named "nothing"/],
    [[url, '--connect-header', 'a: b'], 2, /--connect-header is an option of --asyncapi/],
    [[url, '--asyncapi', file, '--connect-header', 'nonsense'], 2, /It must look like/],
    [['ftp://a', '--asyncapi', file], 2, /is not an http or https URL/]
  ]
  for (const [args, code, text] of wrong) {
    const outcome = await run(...args)
    t.equal(outcome.code, code, args.join(' '))
    t.match(outcome.stderr, text)
  }
})

t.test('each reporter tells of an API, and of a server that is not there', async (t) => {
  const report = await judge(t, { fails: true }, await documentOf(t))
  for (const [name, write] of Object.entries(reporters)) t.match(write(report), /receive\.app\.shops\.shop\.orders/, name)
  const site = createServer((_request, response) => response.end('a site'))
  t.teardown(() => site.close())
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  const error = await runAsyncApi(`http://127.0.0.1:${(site.address() as { port: number }).port}`, await documentOf(t), { wait: 0, timeout: 2000 }).then(() => undefined, (thrown: unknown) => thrown)
  t.ok(error instanceof UnreachableError)
  t.match(reporters.human((error as UnreachableError).report!), /No case was run/)
  await t.rejects(runAsyncApi('http://127.0.0.1:1', {} as never), UsageError)
})
