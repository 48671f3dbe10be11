import t from 'tap'
import { memoryBroker, StompError, type StompPluginOptions } from '../../src/stomp.ts'
import { until } from '../support/wait.ts'
import { buildStomp, headersOf, refused, type StompTestServer } from './support.ts'

interface RefusalLine {
  readonly level: number
  readonly refused: string
  readonly destination?: string
  readonly user?: string
  readonly session: string
  readonly untold?: number | true
  readonly said: string
}

/** The lines that tell of refusals. */
function told (server: StompTestServer): RefusalLine[] {
  return server.log.map((line) => JSON.parse(line) as RefusalLine).filter((line) => 'refused' in line)
}

const RULES: NonNullable<StompPluginOptions['rules']> = [
  { type: 'connect', allow: 'all' },
  { destination: ['/topic/open/**', '/nowhere/**', '/app/**', '/queue/**'], allow: 'all' }
]

const ROWS: readonly (readonly [command: 'SEND' | 'SUBSCRIBE', destination: string, code: string])[] = [
  ['SEND', '/topic/secret', 'STOMP_ACCESS_REFUSED'], ['SUBSCRIBE', '/topic/secret', 'STOMP_ACCESS_REFUSED'], ['SUBSCRIBE', '/topic/*', 'STOMP_ACCESS_REFUSED'],
  ['SEND', '/user/lee/queue/a', 'STOMP_ACCESS_REFUSED'], ['SUBSCRIBE', '/user/*/a', 'STOMP_ACCESS_REFUSED'],
  ['SEND', '/nowhere/x', 'STOMP_UNKNOWN_DESTINATION'], ['SUBSCRIBE', '/nowhere/x', 'STOMP_UNKNOWN_DESTINATION'],
  ['SEND', '/app/nothing', 'STOMP_UNKNOWN_DESTINATION'], ['SUBSCRIBE', '/app/nothing', 'STOMP_UNKNOWN_DESTINATION'],
  ['SEND', '/topic/open//x', 'STOMP_INVALID_DESTINATION'], ['SEND', '/queue/*', 'STOMP_INVALID_DESTINATION']
]

t.test('U18: an ERROR names the destination that the client wrote, and so does one line of the log, with the user', async (t) => {
  const server = await buildStomp(t, { stomp: { rules: RULES } })
  for (const [command, destination, code] of ROWS) {
    const client = await server.connect({ user: 'kim' })
    const session = client.connected!.headers.get('session')
    client.frame(command, { id: 'a', destination, receipt: 'r' })
    const error = await refused(t, client, code, /./, 'r')
    t.ok(error.headers.get('message')!.includes(`(${destination})`), `${command} ${destination}: ${error.headers.get('message')}`)
    t.ok(error.body.text.includes(destination))
    t.equal(error.headers.get('destination'), destination)
    const [line, ...more] = told(server).filter((each) => each.session === session)
    t.strictSame([line?.level, line?.refused, line?.destination, line?.user, more.length], [30, code, destination, 'kim', 0], `${command} ${destination}`)
    // The same again has had its line.
    server.clock.advance(60_000)
  }
})

t.test('U18: the destination stands in the header as it was written, in every version, and adds nothing else', async (t) => {
  const server = await buildStomp(t, { stomp: { rules: RULES } })
  for (const [version, written] of [['1.2', '/topic/a:b\\c\r\nx:y é'], ['1.1', '/topic/a:b\\c\nx:y é'], ['1.0', '/topic/a b\\c']] as const) {
    const client = await server.connect({ version })
    client.frame('SUBSCRIBE', { id: 'a', destination: written })
    const error = await client.next()
    t.strictSame(Object.keys(headersOf(error)), ['message', 'code', 'destination', 'content-type', 'content-length'], version)
    t.equal(error.headers.get('destination'), written)
    t.notMatch(error.headers.get('message'), /[\r\n:\\]/)
  }
})

t.test('U18: a destination that is too long is not repeated', async (t) => {
  const server = await buildStomp(t)
  const client = await server.connect()
  const error = await client.ask('SEND', { destination: '/topic/' + 'x'.repeat(1000) })
  t.strictSame([error.headers.get('code'), error.headers.has('destination')], ['STOMP_DESTINATION_TOO_LONG', false])
})

t.test('U18: a login that fails has a line with its user, whatever the hook throws', async (t) => {
  const server = await buildStomp(t, {
    routes: ({ stomp }) => stomp.addHook('onConnect', ({ login }) => {
      if (login === 'stomp') throw new StompError('STOMP_AUTHENTICATION_FAILED')
      if (login === 'http') throw Object.assign(new Error('wrong password'), { statusCode: 401, code: 'WRONG' })
      if (login === 'paid') throw Object.assign(new Error('pay first'), { statusCode: 402 })
    })
  })
  for (const login of ['stomp', 'http', 'paid']) {
    const answer = await (await server.open()).hello({ login, passcode: 'secret', destination: '/topic/no' })
    t.strictSame([answer.command, answer.headers.has('destination')], ['ERROR', false])
    t.match(told(server).at(-1), { level: 30, user: login, session: String })
  }
  t.equal(told(server).length, 3)
  t.notMatch(server.log.join(''), /secret/)
})

t.test('U18: a preHandler or handler that denies has its line, and the session goes on', async (t) => {
  const server = await buildStomp(t, {
    routes: ({ stomp }) => stomp.message('/admin', { preHandler: () => { throw Object.assign(new Error('no admin'), { statusCode: 403 }) } }, () => {})
  })
  const client = await server.connect({ user: 'kim' })
  await client.subscribe('e', '/user/queue/errors')
  await client.sendJson('/app/admin', 1)
  t.match(told(server), [{ level: 30, refused: '', destination: '/app/admin', user: 'kim' }])
  t.match(await client.json(), { statusCode: 403, destination: '/app/admin' })
})

t.test('U18: what the broker refuses late is named too', async (t) => {
  const server = await buildStomp(t, { stomp: { broker: memoryBroker({ maxQueueMessages: 1 }) } })
  const client = await server.connect()
  await client.send('/queue/a', 'x')
  const error = await client.ask('SEND', { destination: '/queue/a' }, 'y')
  t.match(headersOf(error), { code: 'STOMP_QUEUE_FULL', message: /\(\/queue\/a\)/, destination: '/queue/a' })
  t.match(told(server), [{ level: 40, refused: 'STOMP_QUEUE_FULL', destination: '/queue/a' }])
})

t.test('U18: a thousand refusals make a bounded number of lines, and the next line says how many had none', async (t) => {
  const server = await buildStomp(t, { stomp: { rules: RULES } })
  const deny = async (destination: string): Promise<void> => {
    const client = await server.connect({ user: 'kim' })
    await client.ask('SEND', { destination })
  }
  for (let i = 0; i < 200; i++) await deny('/topic/same')
  t.equal(told(server).length, 1)
  for (let i = 0; i < 800; i++) await deny(`/topic/${i}`)
  t.equal(told(server).length, 101)
  t.match(told(server)[1], { destination: '/topic/0', untold: 199 }, 'the next line counts the repetitions')
  t.match(told(server).at(-1), { refused: 'STOMP_ACCESS_REFUSED', untold: true }, 'the last line says that further ones are missing')
  server.clock.advance(60_000)
  await deny('/topic/same')
  t.match(told(server).slice(101), [{ destination: '/topic/same', untold: 701 }])
})

t.test('U18: a flood of one code does not hide another', async (t) => {
  const server = await buildStomp(t, { stomp: { rules: RULES } })
  for (let i = 0; i < 150; i++) await (await server.connect({ user: 'kim' })).ask('SEND', { destination: `/topic/${i}` })
  t.equal(told(server).length, 101)
  await (await server.connect({ user: 'kim' })).ask('SEND', { destination: '/nowhere/x' })
  t.match(told(server).slice(101), [{ refused: 'STOMP_UNKNOWN_DESTINATION', destination: '/nowhere/x' }])
})

t.test('K3: a hook that fails after its client has gone is logged', async (t) => {
  let asked = false
  let fail: (error: Error) => void = () => {}
  const server = await buildStomp(t, {
    routes: ({ stomp }) => stomp.addHook('preSend', () => new Promise((_resolve, reject) => {
      asked = true
      fail = reject
    }))
  })
  const client = await server.connect()
  client.frame('SEND', { destination: '/topic/a' })
  await until(() => asked, 'the hook is asked')
  client.inner.abort()
  fail(new Error('database is gone'))
  await until(() => server.failures.length > 0, 'the failure is in the log')
  t.match(server.failures, [{ msg: 'the STOMP layer failed' }])
  t.match(server.log.join(''), /database is gone/)
})
