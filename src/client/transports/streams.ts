import { platform } from '../platform.ts'
import { openRequests, type Requests } from './requests.ts'
import type { Link, OpenTransport } from './transport.ts'

/** The pause after a response without a frame, in milliseconds. A broken proxy must not cause a busy loop. */
const PAUSE = 200

/** Makes a transport whose frames come in the lines of responses. `streamed` tells whether they are read while a response is under way. */
export function fetching (method: string, route: string, streamed: boolean): OpenTransport {
  return (link) => {
    // React Native gives whole bodies only.
    if (streamed && !('body' in platform.Response.prototype)) throw new Error('no streams')
    const requests = openRequests(link)
    receive(link, requests, method, route, streamed).catch(requests.fail)
    return requests.transport
  }
}

async function receive (link: Link, { send }: Requests, method: string, route: string, streamed: boolean): Promise<void> {
  for (;;) {
    let rest = ''
    let framed = false
    const take = (piece: string): void => {
      const lines = (rest + piece).split('\n')
      rest = lines.pop()!
      for (const line of lines) {
        const [, event] = /^data: ?(.*?)\r?$/s.exec(line) ?? []
        if (line.trim()) framed = true
        link.frame(event ? unescapeFrame(event) : line)
      }
    }
    const response = await send(method, route)
    if (streamed) {
      const reader = response.body!.getReader()
      const decoder = new TextDecoder()
      for (let part; !(part = await reader.read()).done;) take(decoder.decode(part.value, { stream: true }))
    } else take(await response.text())
    // The server ends each frame by a line feed: the response was cut, although its connection ended in order.
    if (rest.trim()) throw new Error('half a frame')
    if (!framed) await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
}

/** Decodes `%25`, `%0D`, `%0A` and `%00` of an event stream. Servers that escape nothing send a text that does not decode. */
export function unescapeFrame (text: string): string {
  try {
    return decodeURI(text)
  } catch {
    return text
  }
}
