import { test } from 'tap'
import { type InstrumentName, INSTRUMENTS } from '../../src/telemetry/instruments.ts'
import { MOST_POINTS, Telemetry } from '../../src/telemetry/telemetry.ts'

const fresh = (): Telemetry => new Telemetry((error) => { throw error })

test('the table of instruments keeps the conventions', async (t) => {
  for (const [name, { kind, unit, description, attributes, ...rest }] of Object.entries(INSTRUMENTS)) {
    t.match(name, /^[a-z_]+(?:\.[a-z_]+)+$/)
    t.match(unit, /^(?:s|By|\{[a-z]+\})$/, name)
    t.match(description, /^[A-Z0-9].*\.$/, name)
    t.equal('bounds' in rest, kind === 'histogram', `${name}: histograms have bounds, others none`)
    for (const attribute of attributes) t.match(attribute, /^[a-z_]+(?:\.[a-z_]+)+$/)
    if (!('bounds' in rest)) continue
    t.strictSame([...rest.bounds].sort((a, b) => a - b), [...rest.bounds], `${name}: the bounds grow`)
  }
})

test('the answers of an engine have buckets below a millisecond, because a claim takes no more', async (t) => {
  const { bounds } = INSTRUMENTS['messaging.client.operation.duration']
  t.equal(bounds[0], 0.0001)
  t.strictSame(bounds.filter((bound) => bound < 0.001), [0.0001, 0.00025, 0.0005])
})

test('counters: one for each set of attributes, found again', async (t) => {
  const telemetry = fresh()
  const first = telemetry.counter('sockjs.server.undelivered', { 'sockjs.endpoint': '/a' })
  first.value += 3
  telemetry.counter('sockjs.server.undelivered', { 'sockjs.endpoint': '/b' }).value++
  t.equal(telemetry.counter('sockjs.server.undelivered', { 'sockjs.endpoint': '/a' }), first)
  t.strictSame(telemetry.metrics(), [{
    name: 'sockjs.server.undelivered',
    kind: 'counter',
    unit: '{message}',
    description: INSTRUMENTS['sockjs.server.undelivered'].description,
    points: [{ attributes: { 'sockjs.endpoint': '/a' }, value: 3 }, { attributes: { 'sockjs.endpoint': '/b' }, value: 1 }]
  }])
})

test('histograms: a bound belongs to its bucket, and the last bucket has the rest', async (t) => {
  const telemetry = fresh()
  const heard: unknown[] = []
  const pings = telemetry.histogram('sockjs.server.ping.duration', { 'sockjs.transport': 'websocket' })
  pings.record(0.005)
  telemetry.listener = (...record) => heard.push(record)
  pings.record(0.0051)
  pings.record(100)
  const [metric] = telemetry.metrics()
  t.strictSame(metric!.bounds, INSTRUMENTS['sockjs.server.ping.duration'].bounds)
  t.strictSame(metric!.points, [{ attributes: { 'sockjs.transport': 'websocket' }, count: 3, sum: 100.0101, buckets: [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }])
  t.strictSame(heard, [
    ['sockjs.server.ping.duration', 0.0051, { 'sockjs.transport': 'websocket' }],
    ['sockjs.server.ping.duration', 100, { 'sockjs.transport': 'websocket' }]
  ])
})

test('observed values: read when they are asked for, and added up by attributes', async (t) => {
  const errors: unknown[] = []
  const telemetry = new Telemetry((...args) => errors.push(args))
  let size = 1
  telemetry.observe('sockjs.server.buffered', () => [{ attributes: { 'sockjs.endpoint': '/a' }, value: size }])
  telemetry.observe('sockjs.server.buffered', () => [{ attributes: { 'sockjs.endpoint': '/a' }, value: 10 }, { attributes: { 'sockjs.endpoint': '/b' }, value: 5 }])
  const broken = new Error('broken')
  telemetry.observe('sockjs.server.buffered', () => { throw broken })
  const values = (): unknown => telemetry.metrics()[0]!.points.map((point) => 'value' in point && point.value)
  t.strictSame(values(), [11, 5])
  size = 2
  t.strictSame(values(), [12, 5], 'a part that fails takes nothing from the others')
  t.strictSame(errors, [[broken, 'sockjs.server.buffered'], [broken, 'sockjs.server.buffered']])
})

test('the order is that of the table, and an instrument that no part reports is left out', async (t) => {
  const telemetry = fresh()
  telemetry.observe('stomp.server.sessions', () => [])
  telemetry.counter('sockjs.server.undelivered', {})
  t.strictSame(telemetry.metrics().map(({ name, points }) => [name, points.length]), [['sockjs.server.undelivered', 1], ['stomp.server.sessions', 0]])
})

test('the number of points is bounded, and the rest counts as other', async (t) => {
  const telemetry = fresh()
  for (let i = 0; i < MOST_POINTS + 100; i++) telemetry.counter('stomp.server.errors', { 'error.type': `E${i}` }).value++
  telemetry.counter('stomp.server.errors', { 'error.type': 'E5' }).value++
  for (let i = 0; i < MOST_POINTS + 100; i++) telemetry.histogram('sockjs.server.ping.duration', { 'sockjs.transport': `t${i}` }).record(1)
  const read = Array.from({ length: MOST_POINTS + 100 }, (_, i) => ({ attributes: { 'sockjs.endpoint': `/${i}` }, value: 1 }))
  telemetry.observe('sockjs.server.buffered', () => read)
  const points = (name: InstrumentName): readonly { attributes: object }[] => telemetry.metrics().find((metric) => metric.name === name)!.points
  t.equal(points('stomp.server.errors').length, MOST_POINTS)
  t.match(points('stomp.server.errors').at(-1), { attributes: { 'error.type': 'other' }, value: 101 })
  t.match(points('stomp.server.errors')[5], { attributes: { 'error.type': 'E5' }, value: 2 })
  t.match(points('sockjs.server.ping.duration').at(-1), { attributes: { 'sockjs.transport': 'other' }, count: 101 })
  t.match(points('sockjs.server.buffered').at(-1), { attributes: { 'sockjs.endpoint': 'other' }, value: 101 })
})
