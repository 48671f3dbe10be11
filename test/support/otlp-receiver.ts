import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import type { Test } from 'tap'

/** An attribute of OTLP, as JSON writes it. */
interface OtlpAttribute { readonly key: string, readonly value: Readonly<Record<string, string | number | boolean>> }

/** A span, as an OTLP exporter has sent it. */
export interface OtlpSpan {
  readonly service: string
  readonly scope: string
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  /** 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A point of a metric. Integers come as texts, as JSON of Protobuf writes 64 bits. */
export interface OtlpPoint {
  readonly attributes: Readonly<Record<string, unknown>>
  readonly asDouble?: number
  readonly asInt?: string | number
  readonly count?: string | number
  readonly sum?: number
  readonly explicitBounds?: readonly number[]
}

/** A metric, as an OTLP exporter has sent it. */
export interface OtlpMetric {
  readonly name: string
  readonly unit: string
  readonly description: string
  /** `sum`, `gauge` or `histogram`. */
  readonly kind: string
  readonly isMonotonic: boolean | undefined
  readonly points: readonly OtlpPoint[]
}

interface Scoped { readonly scope: { readonly name: string }, readonly spans?: readonly RawSpan[], readonly metrics?: readonly RawMetric[] }
interface Resourced { readonly resource: { readonly attributes: readonly OtlpAttribute[] }, readonly scopeSpans?: readonly Scoped[], readonly scopeMetrics?: readonly Scoped[] }
interface Request { readonly resourceSpans?: readonly Resourced[], readonly resourceMetrics?: readonly Resourced[] }
interface RawSpan extends Omit<OtlpSpan, 'service' | 'scope' | 'attributes' | 'parentSpanId'> { readonly parentSpanId?: string, readonly attributes: readonly OtlpAttribute[] }
interface RawData { readonly isMonotonic?: boolean, readonly dataPoints: readonly (Omit<OtlpPoint, 'attributes'> & { readonly attributes: readonly OtlpAttribute[] })[] }
interface RawMetric { readonly name: string, readonly unit: string, readonly description: string, readonly [kind: string]: unknown }

const KINDS = ['sum', 'gauge', 'histogram'] as const

/** Receives OTLP over HTTP with JSON, as a collector does, and keeps the spans and the last export of each metric. */
export class OtlpReceiver {
  readonly spans: OtlpSpan[] = []
  readonly metrics = new Map<string, OtlpMetric>()
  url = ''

  static async start (t: Test): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver()
    const server = createServer((request, response) => {
      receiver.#take(request).then(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'), (error: unknown) => response.writeHead(400).end(String(error)))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => { server.close(); server.closeAllConnections() })
    receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return receiver
  }

  async #take (request: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const bytes = Buffer.concat(chunks)
    const { resourceSpans = [], resourceMetrics = [] } = JSON.parse(String(request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes)) as Request
    for (const { resource, scopeSpans = [] } of resourceSpans) {
      const service = String(attributesOf(resource.attributes)['service.name'])
      for (const { scope, spans = [] } of scopeSpans) {
        for (const span of spans) this.spans.push({ ...span, service, scope: scope.name, parentSpanId: span.parentSpanId ?? '', attributes: attributesOf(span.attributes) })
      }
    }
    for (const { scopeMetrics = [] } of resourceMetrics) for (const { metrics = [] } of scopeMetrics) for (const metric of metrics) this.#keep(metric)
  }

  #keep ({ name, unit, description, ...rest }: RawMetric): void {
    const kind = KINDS.find((each) => rest[each] !== undefined)
    if (kind === undefined) throw new Error(`the metric ${name} is of no kind`)
    const { isMonotonic, dataPoints } = rest[kind] as RawData
    this.metrics.set(name, { name, unit, description, kind, isMonotonic, points: dataPoints.map((point) => ({ ...point, attributes: attributesOf(point.attributes) })) })
  }
}

function attributesOf (attributes: readonly OtlpAttribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}
