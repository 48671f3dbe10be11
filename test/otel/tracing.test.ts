import { context, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import t from 'tap'
import { WebSocket } from 'ws'
import sockjsOtel from '../../src/otel.ts'
import { stompErrors } from '../../src/stomp.ts'
import { buildStomp, headersOf } from '../stomp/support.ts'
import { deferred, until } from '../support/wait.ts'
import { headerOf, PARENT, shapeOf, SpanStore, TRACE, TRACEPARENT, traced } from './support.ts'

const ATTRIBUTES = { 'messaging.system': 'stomp', 'messaging.operation.name': 'process', 'messaging.operation.type': 'process' }

t.test('a message route runs in a span of the trace of its SEND, and its answers carry that span on', async (t) => {
  const store = new SpanStore()
  const server = await traced(t, store, {
    stomp: { applicationPrefix: ['/app', '/other'] },
    routes ({ stomp }) {
      stomp.message('/rooms/:room', { sendTo: '/topic/rooms/:room' }, async ({ reply }) => {
        await reply.send('first')
        await reply.toUser('/queue/own').send('second')
        await stomp.publish('/topic/other', 'third')
        return undefined
      })
    }
  })
  const client = await server.connect()
  for (const destination of ['/topic/rooms/1', '/user/queue/own', '/topic/other']) await client.subscribe(destination, destination)
  client.frame('SEND', { destination: '/app/rooms/1', traceparent: TRACEPARENT, tracestate: 'vendor=1' }, '{}')
  const answers = [await client.message(), await client.message(), await client.message()]
  await until(() => store.names.includes('process /app/rooms/:room'), 'the span')
  const span = store.find('process /app/rooms/:room')
  t.match(shapeOf(span), { kind: 'CONSUMER', trace: TRACE, parent: PARENT, links: [], attributes: { ...ATTRIBUTES, 'messaging.destination.template': '/app/rooms/:room', 'stomp.route.kind': 'message' } })
  t.equal(span.status.code, SpanStatusCode.UNSET)
  for (const answer of answers) t.match(headersOf(answer), { traceparent: headerOf(span), tracestate: 'vendor=1' }, answer.body.text)
  t.equal(Object.values(store.find('process /app/rooms/:room').attributes).some((value) => String(value).includes('rooms/1')), false, 'no attribute has the destination as the client wrote it')
})

t.test('CONNECT has a span, and a message without a context refers to it', async (t) => {
  const store = new SpanStore()
  const server = await traced(t, store, { routes: ({ stomp }) => stomp.message('/m', { sendToSender: '/queue/m' }, () => 'x') })
  const client = await server.connect({ headers: { traceparent: TRACEPARENT } })
  const connect = store.find('connect')
  t.match(shapeOf(connect), { kind: 'SERVER', trace: TRACE, parent: PARENT, attributes: { 'messaging.system': 'stomp', 'messaging.operation.name': 'connect' } })
  await client.send('/app/m', '{}')
  await until(() => store.names.includes('process /app/m'), 'the span')
  const span = store.find('process /app/m')
  t.not(span.spanContext().traceId, TRACE, 'a session that lives for days is not one trace')
  t.match(shapeOf(span), { parent: undefined, links: [connect.spanContext().spanId] })
  const anonymous = await server.connect()
  await anonymous.send('/app/m', '{}')
  await until(() => store.all.length === 4, 'four spans')
  t.equal(store.all[2]!.parentSpanContext, undefined, 'without a context CONNECT begins a trace')
})

t.test('the context of the HTTP request is that of CONNECT, where the frame has none', async (t) => {
  const store = new SpanStore()
  const server = await traced(t, store)
  await server.app.listen({ port: 0, host: '127.0.0.1' })
  const connect = async (headers: Record<string, string>, frame: string): Promise<void> => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/stomp/websocket`, ['v12.stomp'], { headers })
    const count = store.all.length
    socket.on('open', () => socket.send(`CONNECT\naccept-version:1.2\nhost:x\n${frame}\n\0`))
    await until(() => store.all.length > count, 'the span of CONNECT')
    socket.terminate()
  }
  await connect({ traceparent: TRACEPARENT }, '')
  await connect({ traceparent: TRACEPARENT }, `traceparent:00-${'a'.repeat(32)}-${'b'.repeat(16)}-01\n`)
  t.match(store.all.map(shapeOf), [{ trace: TRACE, parent: PARENT }, { trace: 'a'.repeat(32), parent: 'b'.repeat(16) }], 'the frame goes before the request')
})

t.test('a subscribe route runs in a span, and so do its answers', async (t) => {
  const store = new SpanStore()
  const gate = deferred<void>()
  const server = await traced(t, store, {
    routes ({ stomp }) {
      stomp.subscribe('/one/:id', async () => { await gate.promise; return 'one' })
      stomp.subscribe('/many', async function * () { yield 1; yield 2 })
      stomp.subscribe('/no', () => { throw Object.assign(new Error('not yours'), { statusCode: 403, code: 'NOT_YOURS' }) })
    }
  })
  const client = await server.connect()
  await client.subscribe('e', '/user/queue/errors')
  client.frame('SUBSCRIBE', { id: 'one', destination: '/app/one/1', traceparent: TRACEPARENT })
  await until(() => store.all.length === 1, 'CONNECT')
  t.notOk(store.names.includes('process /app/one/:id'), 'the span lasts as long as the handler')
  gate.resolve()
  const one = await client.message()
  await until(() => store.all.length === 2, 'the span')
  t.match(shapeOf(store.find('process /app/one/:id')), { trace: TRACE, parent: PARENT, attributes: { 'messaging.destination.template': '/app/one/:id' } })
  t.equal(one.headers.get('traceparent'), headerOf(store.find('process /app/one/:id')))
  client.frame('SUBSCRIBE', { id: 'many', destination: '/app/many' })
  const many = [await client.message(), await client.message()]
  for (const each of many) t.equal(each.headers.get('traceparent'), headerOf(store.find('process /app/many')), 'a stream goes on in the context of its route')
  client.frame('SUBSCRIBE', { id: 'no', destination: '/app/no' })
  t.match(await client.json(), { error: 'NOT_YOURS' })
  const failed = store.find('process /app/no')
  t.match([failed.attributes['error.type'], failed.status.code, failed.events.length], ['NOT_YOURS', SpanStatusCode.UNSET, 0], 'a refusal is no failure of the server')
})

t.test('the span of a failed handler has error.type, its status and the exception', async (t) => {
  const store = new SpanStore()
  const failures: Record<string, () => unknown> = {
    coded: () => { throw Object.assign(new Error('down'), { code: 'E_DOWN', statusCode: 503 }) },
    plain: () => { throw new RangeError('far') },
    text: () => { throw 'a text' }, // eslint-disable-line no-throw-literal
    long: () => { throw Object.assign(new Error('x'), { code: 'c'.repeat(1000) }) },
    unreadable: () => { throw new Proxy(new Error('x'), { get () { throw new Error('trap') } }) }
  }
  const server = await traced(t, store, {
    routes ({ stomp }) {
      for (const [name, handler] of Object.entries(failures)) stomp.message(`/${name}`, handler)
      stomp.message('/schema', { schema: { body: { type: 'object', required: ['a'] } } }, () => {})
    }
  })
  const client = await server.connect()
  await client.subscribe('e', '/user/queue/errors')
  for (const name of [...Object.keys(failures), 'schema']) {
    await client.send(`/app/${name}`, '{}')
    t.ok((await client.json()), `the client is told of ${name}`)
  }
  const seen = (name: string): unknown[] => {
    const { attributes, status, events } = store.find(`process /app/${name}`)
    return [attributes['error.type'], status.code, events.map((event) => event.name)]
  }
  t.same(seen('coded'), ['E_DOWN', SpanStatusCode.ERROR, ['exception']])
  t.same(seen('plain'), ['RangeError', SpanStatusCode.ERROR, ['exception']])
  t.same(seen('text'), ['_OTHER', SpanStatusCode.ERROR, []])
  t.same(seen('long'), ['c'.repeat(100) + '…', SpanStatusCode.ERROR, ['exception']])
  t.same(seen('schema'), [new stompErrors.Validation('').code, SpanStatusCode.UNSET, []])
  t.ok(store.names.includes('process /app/unreadable'), 'a span ends also where its error cannot be read')
})

t.test('a malformed context of a client is left out, and a message with a context of its own keeps it', async (t) => {
  const store = new SpanStore()
  const server = await traced(t, store, {
    routes ({ stomp }) {
      stomp.message('/m', { sendToSender: '/queue/m' }, () => 'x')
      stomp.message('/own', ({ reply }) => reply.toUser('/queue/m').headers({ traceparent: 'mine' }).send('x'))
    }
  })
  const client = await server.connect()
  await client.subscribe('m', '/user/queue/m')
  const odd = ['', 'x', '00-0-0-0', `00-${'0'.repeat(32)}-${PARENT}-01`, `ff-${TRACE}-${PARENT}-01`, `00-${TRACE}-${PARENT}-01-x`, 'ä'.repeat(2000), `00-${'g'.repeat(32)}-${PARENT}-01`]
  for (const traceparent of odd) {
    client.frame('SEND', { destination: '/app/m', traceparent, tracestate: '=,,='.repeat(100) }, '{}')
    t.equal((await client.message()).body.text, 'x', traceparent.slice(0, 60))
  }
  await until(() => store.all.length === 1 + odd.length, 'the spans')
  for (const span of store.all.slice(1)) t.match([span.spanContext().traceId === TRACE, span.parentSpanContext, span.links.length], [false, undefined, 1])
  client.frame('SEND', { destination: '/app/own', traceparent: TRACEPARENT }, '{}')
  t.equal((await client.message()).headers.get('traceparent'), 'mine')
  t.same(server.failures, [])
})

t.test('clientContext: link begins a trace that refers to the client, ignore reads nothing', async (t) => {
  for (const [clientContext, links] of [['link', [PARENT]], ['ignore', 'connect']] as const) {
    const store = new SpanStore()
    const server = await traced(t, store, { otel: { clientContext }, routes: ({ stomp }) => stomp.message('/m', () => {}) })
    const client = await server.connect()
    await client.send('/app/m', '{}', { traceparent: TRACEPARENT })
    await until(() => store.all.length === 2, 'the spans')
    const span = store.find('process /app/m')
    t.not(span.spanContext().traceId, TRACE)
    t.match(shapeOf(span), { parent: undefined, links: links === 'connect' ? [store.find('connect').spanContext().spanId] : links }, clientContext)
  }
})

t.test('a span that the handler makes is a child, and what it sends carries the child', async (t) => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  t.teardown(() => context.disable())
  const store = new SpanStore()
  const tracer = store.provider.getTracer('application')
  let outside: Span | undefined
  const server = await traced(t, store, {
    routes ({ stomp }) {
      stomp.message('/m', async () => {
        const child = tracer.startSpan('query')
        await context.with(trace.setSpan(context.active(), child), () => stomp.publish('/topic/m', 'x'))
        child.end()
      })
    }
  })
  const client = await server.connect()
  await client.subscribe('m', '/topic/m')
  client.frame('SEND', { destination: '/app/m', traceparent: TRACEPARENT }, '{}')
  const message = await client.message()
  await until(() => store.names.includes('process /app/m'), 'the span')
  const child = store.find('query')
  t.equal(message.headers.get('traceparent'), headerOf(child))
  t.equal(child.parentSpanContext?.spanId, store.find('process /app/m').spanContext().spanId)
  await tracer.startActiveSpan('outside', async (span) => {
    outside = span
    await server.stomp.publish('/topic/m', 'x')
  })
  t.equal((await client.message()).headers.get('traceparent'), headerOf(outside!), 'a publication outside of routes carries the span that is active')
  await server.stomp.publish('/topic/m', 'x')
  t.notOk((await client.message()).headers.has('traceparent'), 'and nothing is invented')
})

t.test('without OpenTelemetry a traceparent goes on as any header of the client, and none is invented', async (t) => {
  const server = await buildStomp(t, { routes: ({ stomp }) => stomp.message('/m', { sendTo: '/topic/m' }, () => 'x') })
  const client = await server.connect({ headers: { traceparent: TRACEPARENT } })
  await client.subscribe('m', '/topic/m')
  for (const traceparent of [TRACEPARENT, 'any text: at all']) {
    client.frame('SEND', { destination: '/topic/m', traceparent, tracestate: 'a=b' }, 'x')
    t.match(headersOf(await client.message()), { traceparent, tracestate: 'a=b' })
  }
  client.frame('SEND', { destination: '/topic/m' }, 'x')
  t.notOk((await client.message()).headers.has('traceparent'))
  client.frame('SEND', { destination: '/app/m', traceparent: TRACEPARENT }, '{}')
  t.notOk((await client.message()).headers.has('traceparent'), 'the answer of a route is a message of the server')
})

t.test('with OpenTelemetry a SEND to the broker goes on as it came', async (t) => {
  const store = new SpanStore()
  const server = await traced(t, store)
  const client = await server.connect()
  await client.subscribe('m', '/topic/m')
  client.frame('SEND', { destination: '/topic/m', traceparent: TRACEPARENT }, 'x')
  t.equal((await client.message()).headers.get('traceparent'), TRACEPARENT)
  client.frame('SEND', { destination: '/topic/m' }, 'x')
  t.notOk((await client.message()).headers.has('traceparent'))
  t.same(store.names, ['connect'])
})

t.test('parts of OpenTelemetry that throw reach neither the client nor the server', async (t) => {
  const fail = (): never => { throw new Error('broken') }
  const processor = (broken: 'onStart' | 'onEnd') => ({ onStart () {}, onEnd () {}, forceFlush: async () => {}, shutdown: async () => {}, [broken]: fail })
  const tracer = (name: string) => ({ getTracer: () => ({ startSpan: fail, startActiveSpan: fail, [name]: fail }) })
  const good = new W3CTraceContextPropagator()
  const cases = {
    'a processor at the start': { tracerProvider: new SpanStore(processor('onStart')).provider },
    'a processor at the end': { tracerProvider: new SpanStore(processor('onEnd')).provider },
    'a tracer': { tracerProvider: tracer('startSpan') as never },
    'a provider': { tracerProvider: { getTracer: fail } },
    extract: { tracerProvider: new SpanStore().provider, propagator: { extract: fail, inject: good.inject.bind(good), fields: () => [] } },
    inject: { tracerProvider: new SpanStore().provider, propagator: { inject: fail, extract: good.extract.bind(good), fields: () => [] } }
  }
  for (const [name, otel] of Object.entries(cases)) {
    let calls = 0
    const server = await traced(t, new SpanStore(), { otel, routes: ({ stomp }) => stomp.message('/m', { sendToSender: '/queue/m' }, () => { calls++; return 'x' }) })
    const client = await server.connect()
    await client.subscribe('m', '/user/queue/m')
    for (let i = 0; i < 3; i++) {
      client.frame('SEND', { destination: '/app/m' }, '{}')
      t.equal((await client.message()).body.text, 'x', name)
    }
    t.equal(calls, 3, `${name}: the handler ran once for each message`)
    t.equal(server.log.filter((line) => line.includes('OpenTelemetry failed')).length, 1, `${name}: one line in a minute`)
    t.same(server.failures, [])
  }
})

t.test('a context manager that throws does not run a handler twice, and an exporter that hangs holds nothing', async (t) => {
  const manager = new AsyncLocalStorageContextManager().enable()
  context.setGlobalContextManager(Object.assign(Object.create(manager) as typeof manager, {
    with (_context: unknown, work: () => unknown) { work(); throw new Error('late') }
  }))
  t.teardown(() => context.disable())
  const hanging = { export () {}, shutdown: () => new Promise<void>(() => {}), forceFlush: () => new Promise<void>(() => {}) }
  const { SimpleSpanProcessor } = await import('@opentelemetry/sdk-trace-base')
  let calls = 0
  const server = await traced(t, new SpanStore(new SimpleSpanProcessor(hanging)), { routes: ({ stomp }) => stomp.message('/m', { sendToSender: '/queue/m' }, () => { calls++; return 'x' }) })
  const client = await server.connect()
  await client.subscribe('m', '/user/queue/m')
  client.frame('SEND', { destination: '/app/m' }, '{}')
  t.equal((await client.message()).body.text, 'x')
  t.equal(calls, 1)
})

t.test('the plugin is refused without SockJS, twice, and with wrong options; it ends with the application', async (t) => {
  const { default: Fastify } = await import('fastify')
  const bare = Fastify()
  t.teardown(() => bare.close())
  await t.rejects(Promise.resolve(bare.register(sockjsOtel)), { code: 'FST_SOCKJS_OTEL_NEEDS_SOCKJS' })
  const wrong: readonly [object, RegExp][] = [
    [{ tracerProvider: {} }, /tracerProvider.*TracerProvider/], [{ propagator: 1 }, /propagator.*TextMapPropagator/], [{ clientContext: 'child' }, /clientContext.*"parent"/], [{ tracer: 1 }, /tracer/]
  ]
  for (const [options, message] of wrong) {
    await t.rejects(buildStomp(t, { routes: (app) => app.register(sockjsOtel, options as never) }), { code: 'FST_SOCKJS_OTEL_INVALID_OPTION', message })
  }
  await t.rejects(buildStomp(t, { async routes (app) { await app.register(sockjsOtel); await app.register(sockjsOtel) } }), { code: 'FST_SOCKJS_OTEL_ALREADY_REGISTERED' })
  const store = new SpanStore()
  const off = await traced(t, store, { otel: { tracerProvider: false } })
  await off.connect()
  t.same(store.all, [])
  const server = await traced(t, store)
  await server.connect()
  t.equal(store.all.length, 1)
  const { tracing } = server.app.stomp.sessions.values().next().value!.host
  t.ok(tracing.tracer)
  const closing = server.app.close()
  const ticking = setInterval(() => server.clock.advance(50), 1)
  await closing.finally(() => clearInterval(ticking))
  t.equal(tracing.tracer, null, 'the tracer goes with the application')
})
