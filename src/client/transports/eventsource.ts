import { platform } from '../platform.ts'
import { openRequests } from './requests.ts'
import { fetching, unescapeFrame } from './streams.ts'
import type { Link, Transport } from './transport.ts'

/** The pause before the next stream, in milliseconds, as in sockjs-client. */
const PAUSE = 200

/** The state of a source that does not come back. */
const CLOSED = 2

const fetchEvents = fetching('GET', '/eventsource', true)

/** Opens an event stream, by `EventSource` or by `fetch`. An `EventSource` sends no headers of the application. */
export function openEventSource (link: Link): Transport {
  const { EventSource } = platform
  const { headers, credentials } = link.options
  if (!EventSource || headers) return fetchEvents(link)

  const { signal, transport } = openRequests(link)
  let source: InstanceType<typeof EventSource>
  const open = (): void => {
    if (signal.aborted) return
    source = new EventSource(link.url('/eventsource'), { withCredentials: credentials !== 'omit' })
    source.onmessage = ({ data }) => link.frame(unescapeFrame(data))
    source.onerror = () => {
      if (source.readyState === CLOSED) return link.lost(1006, 'EventSource closed')
      // The response has ended. The source would wait for seconds before it asks for the next one.
      source.close()
      setTimeout(open, PAUSE)
    }
  }
  open()
  signal.addEventListener('abort', () => source.close())
  return transport
}
