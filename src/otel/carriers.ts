import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api'
import type { RequestHeaders, TraceHeaders } from '../telemetry/tracing.ts'

/** Reads the headers of STOMP frames. */
export const frameHeaders: TextMapGetter<TraceHeaders> & TextMapSetter<TraceHeaders> = {
  get: (headers, name) => headers.get(name),
  keys: (headers) => [...headers.keys()],
  set: (headers, name, value) => { headers.set(name, value) }
}

/** Reads the headers of HTTP requests. */
export const requestHeaders: TextMapGetter<RequestHeaders> = {
  get: (headers, name) => headers[name],
  keys: (headers) => Object.keys(headers)
}
