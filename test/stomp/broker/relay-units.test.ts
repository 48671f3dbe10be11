import fc from 'fast-check'
import t from 'tap'
import { rabbitmq, activemq, relayBroker, type RelayBrokerOptions } from '../../../src/stomp.ts'
import type { BrokerClient, BrokerDialect, RelayCredentials } from '../../../src/stomp.ts'
import { FrameHeaders } from '../../../src/stomp/codec/index.ts'
import { Ordering } from '../../../src/stomp/broker/relay/shared/ordering.ts'
import { RelayReplyAddresses } from '../../../src/stomp/broker/relay/messages/addresses.ts'
import { resolveRelay } from '../../../src/stomp/broker/relay/options.ts'
import { brokerProblem } from '../../../src/stomp/broker/relay/link/problems.ts'
import { fromReplyTo } from '../../../src/stomp/broker/relay/messages/reply-to.ts'
import { parseServer, Servers } from '../../../src/stomp/broker/relay/link/servers.ts'

t.test('RELAY-4: destinations in the broker\'s form', async (t) => {
  const cases: [dialect: BrokerDialect, what: 'send' | 'subscribe', ours: string, theirs: string][] = [
    [rabbitmq(), 'send', '/topic/rooms/7', '/topic/rooms.7'],
    [rabbitmq(), 'send', '/queue/a/b', '/queue/a.b'],
    [rabbitmq(), 'send', '/topic/v1.2/a b', '/topic/v1~2E2.a~20b'],
    [rabbitmq(), 'subscribe', '/topic/*/x/**', '/topic/*.x.#'],
    [rabbitmq(), 'send', '/topic/*/**', '/topic/~2A.~2A~2A'],
    [rabbitmq(), 'subscribe', '/queue/*', '/queue/~2A'],
    [rabbitmq(), 'send', '/topic/#/~/%2F', '/topic/~23.~7E.~252F'],
    [rabbitmq({ separator: '.' }), 'subscribe', '/topic/price.*', '/topic/price.*'],
    [activemq(), 'subscribe', '/topic/a/**', '/topic/a.>'],
    [activemq(), 'send', '/topic/a,queue/b?x=1', '/topic/a~2Cqueue.b~3Fx=1']
  ]
  for (const [dialect, what, ours, theirs] of cases) t.equal(dialect.toBroker(ours, what), theirs, `${dialect.name} ${what} ${ours}`)
})

t.test('RELAY-4: every destination comes back as it was', async () => {
  const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => !text.includes('/') && !/[\0\r\n]/.test(text))
  fc.assert(fc.property(fc.constantFrom('/topic', '/queue'), fc.array(segment, { minLength: 1, maxLength: 6 }), (prefix, segments) => {
    const name = [prefix, ...segments].join('/')
    const sent = rabbitmq().toBroker(name, 'send')
    // RabbitMQ shows the words percent-encoded.
    const shown = sent.split('/').slice(0, 2).join('/') + '/' + encodeURIComponent(sent.slice(sent.indexOf('/', 1) + 1))
    return rabbitmq().fromBroker(shown) === name && activemq().fromBroker(activemq().toBroker(name, 'send')) === name
  }))
})

t.test('destinations of the broker itself, and those between our processes, reach no client', async (t) => {
  t.equal(activemq().fromBroker('/topic/ActiveMQ.Advisory.Connection'), null)
  t.equal(activemq().fromBroker(activemq().userTopic), null)
  const relay = relayBroker({ servers: 'tcp://127.0.0.1', dialect: activemq() })
  for (const hidden of ['/topic/ActiveMQ/Advisory/Connection', '/topic/fastify-sockjs/users']) {
    t.notOk(relay.accepts(hidden, 'subscribe'), hidden)
    t.notOk(relay.accepts(hidden, 'send'), hidden)
  }
  t.equal(rabbitmq().fromBroker('/topic/a%2Fb.%C3%A9'), '/topic/a%2Fb/é', 'a slash in a word does not separate')
  t.equal(rabbitmq().fromBroker('/topic/100%'), '/topic/100%')
})

t.test('RELAY-6: the meaning of an ERROR, in words of the relay', async (t) => {
  const cases: [message: string, body: string, verdict: string, code: string][] = [
    ['Subscription not found', '', 'race', 'STOMP_BROKER_REFUSED'],
    ['No subscription found', '', 'over', 'STOMP_BROKER_REFUSED'],
    ['No subscription matched.', 'java…', 'over', 'STOMP_BROKER_REFUSED'],
    ['Server cancelled subscription', '', 'subscription', 'STOMP_SUBSCRIPTION_ENDED'],
    ['Bad CONNECT', "Access refused for user 'guest'", 'fatal', 'STOMP_ACCESS_REFUSED'],
    ['access_refused', 'ACCESS_REFUSED - access to queue', 'refused', 'STOMP_ACCESS_REFUSED'],
    ['AMQP channel died', '{shutdown,…}', 'fatal', 'STOMP_BROKER_LOST'],
    ['Unknown destination', "'/foo/bar' is not a valid destination", 'refused', 'STOMP_UNKNOWN_DESTINATION'],
    ['not_found', "NOT_FOUND - no exchange 'x'", 'refused', 'STOMP_UNKNOWN_DESTINATION'],
    ['precondition_failed', '', 'refused', 'STOMP_INVALID_HEADER'],
    ['Version mismatch', '', 'fatal', 'STOMP_BROKER_REFUSED'],
    ['', 'at org.example.Secret(Secret.java:1)', 'refused', 'STOMP_BROKER_REFUSED']
  ]
  for (const [message, body, verdict, code] of cases) {
    const problem = brokerProblem(FrameHeaders.from({ message }), body, { tls: false, host: 'broker', port: 61613 })
    t.match([problem.verdict, problem.error.code], [verdict, code], message)
    t.notMatch(problem.error.message, /[:\\\n]|guest|java|foo/, 'STOMP-E4, RELAY-6: nothing of the broker')
  }
})

t.test('reply-to: addresses that only their receiver knows, destinations as clients know them', async (t) => {
  const addresses = new RelayReplyAddresses()
  const hidden = fromReplyTo('/reply-queue/amq.gen-abc', rabbitmq(), addresses)!
  t.match(hidden, /^\/reply-queue\/[\w-]{22}$/)
  t.equal(addresses.reveal(hidden), '/reply-queue/amq.gen-abc')
  t.equal(new RelayReplyAddresses().reveal(hidden), undefined)
  t.equal(addresses.reveal(fromReplyTo('/remote-temp-queue/ID:host-1', activemq(), addresses)!), '/remote-temp-queue/ID:host-1')
  t.equal(fromReplyTo('/reply-queue/%2Fqueue%2Fa.b', rabbitmq(), addresses), '/queue/a/b')
  t.equal(fromReplyTo('/queue/a.b', activemq(), addresses), '/queue/a/b')
  t.equal(fromReplyTo('anything', rabbitmq(), addresses), 'anything')
  t.equal(fromReplyTo(undefined, rabbitmq(), addresses), undefined)
  for (let i = 0; i < 1000; i++) addresses.hide(`/reply-queue/${i}`)
  t.equal(addresses.reveal(hidden), undefined, 'bounded')
})

t.test('servers', async (t) => {
  t.same(parseServer('tcp://127.0.0.1:61613'), { tls: false, host: '127.0.0.1', port: 61613 })
  t.same(parseServer('stomp://broker'), { tls: false, host: 'broker', port: 61613 })
  t.same(parseServer('tls://[::1]'), { tls: true, host: '::1', port: 61614 })
  t.same(parseServer('stomp+ssl://b.example:1/'), { tls: true, host: 'b.example', port: 1 })
  for (const wrong of ['', 'broker:61613', 'http://broker', 'tcp://a:b@broker', 'tcp://broker:0', 'tcp://broker:70000', 'tcp://bro ker', 7]) {
    t.throws(() => parseServer(wrong), { code: 'FST_STOMP_INVALID_OPTION' }, String(wrong))
  }
  const [a, b] = [parseServer('tcp://a'), parseServer('tcp://b')]
  const servers = new Servers([a, b])
  servers.worked(b)
  t.strictSame(servers.inOrder(), [b, a])
})

t.test('options that cannot be are refused at once', async (t) => {
  const wrong: [options: unknown, text: RegExp][] = [
    [{}, /servers/],
    [{ servers: [] }, /servers/],
    [{ servers: 'nonsense' }, /servers/],
    [{ servers: 'tcp://a', mode: 'both' }, /mode/],
    [{ servers: 'tcp://a', heartBeat: [1] }, /heartBeat/],
    [{ servers: 'tcp://a', dialect: 'rabbitmq' }, /dialect/],
    [{ servers: 'tcp://a', system: { login: 'a\nb' } }, /system.login/],
    [{ servers: 'tcp://a', client: { password: 'x' } }, /client.password: is not known/],
    [{ servers: 'tcp://a', reconnect: { min: 100, max: 10 } }, /reconnect.min/],
    [{ servers: 'tcp://a', reconnect: { jitter: 2 } }, /reconnect.jitter/],
    [{ servers: 'tcp://a', maxOutbox: -1 }, /maxOutbox/],
    [{ servers: 'tcp://a', reconnect: { jitter: NaN } }, /reconnect.jitter/],
    [{ servers: 'tcp://a', reconnect: { min: NaN } }, /reconnect.min/],
    [{ servers: 'tcp://a', receiptTimeout: Infinity }, /receiptTimeout/],
    [{ servers: 'tcp://a', heartBeat: [NaN, 0] }, /heartBeat/],
    [{ servers: 'tcp://a', dialect: { ...rabbitmq(), fromBroker: undefined } }, /dialect: .*fromBroker is missing/],
    [{ servers: 'tcp://a', dialect: { ...rabbitmq(), privileged: ['persistent'] } }, /dialect: .*privileged is missing or wrong/],
    [{ servers: 'tcp://a', system: { passcode: 5 } }, /system.passcode/],
    [{ servers: 'tcp://a', system: { passcode: 'a\nb' } }, /system.passcode/],
    [{ servers: 'tcp://a', tls: { rejectUnauthorized: true } }, /tls: has no effect/],
    [{ servers: 'tcp://a', allowHeaders: ['destination'] }, /allowHeaders/],
    [{ servers: 'tcp://a', unknown: 1 }, /unknown: is not known/]
  ]
  for (const [options, message] of wrong) t.throws(() => relayBroker(options as RelayBrokerOptions), { code: 'FST_STOMP_INVALID_OPTION', message }, JSON.stringify(options))
})

t.test('credentials that a function returns are checked as those of the options', async (t) => {
  const answers: [answer: unknown, text: RegExp | null][] = [
    [{ login: 'ada', passcode: 'a:b\\', host: 'vhost' }, null],
    [{ login: 'a\nb' }, /client.login/],
    [{ password: 'x' }, /client.password: is not known/],
    [undefined, /must be an object/]
  ]
  for (const [answer, text] of answers) {
    const asked = resolveRelay({ servers: 'tcp://a', client: async () => answer as RelayCredentials }).client({} as BrokerClient)
    if (text === null) t.strictSame(await asked, answer)
    else await t.rejects(asked, { code: 'FST_STOMP_INVALID_OPTION', message: text }, JSON.stringify(answer))
  }
})

t.test('ordering: operations keep the order of their calls, and each connection only waits for the other', async (t) => {
  await fc.assert(fc.asyncProperty(fc.array(fc.record({ connection: fc.constantFrom('a', 'b'), waits: fc.boolean(), fails: fc.boolean() }), { maxLength: 30 }), async (steps) => {
    const connections = { a: {}, b: {} }
    const order = new Ordering()
    const started: number[] = []
    const busy = { a: 0, b: 0 }
    const results = steps.map(({ connection, waits, fails }, i) => {
      const other = connection === 'a' ? 'b' : 'a'
      const operation = (): Promise<number> | number => {
        started.push(i)
        if (busy[other as 'a' | 'b'] > 0) throw new Error('the other connection has not confirmed')
        if (!waits) return i
        busy[connection as 'a' | 'b']++
        return new Promise((resolve, reject) => setImmediate(() => {
          busy[connection as 'a' | 'b']--
          if (fails) reject(new Error('as asked'))
          else resolve(i)
        }))
      }
      return Promise.resolve(order.run(connections[connection as 'a' | 'b'], operation)).catch((error: Error) => error.message)
    })
    await order.room()
    const settled = await Promise.all(results)
    t.strictSame(started, steps.map((_step, i) => i))
    t.strictSame(settled, steps.map(({ waits, fails }, i) => waits && fails ? 'as asked' : i))
  }), { numRuns: 200 })
})
