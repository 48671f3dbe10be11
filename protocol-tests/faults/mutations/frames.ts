/** Mutations of SockJS frames and messages, whatever carries them. */
import { opcodes } from '../../client/frames.ts'
import type { Frame } from '../../client/frames.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { Mutation } from '../types.ts'

interface Wrapping {
  pattern: RegExp
  /** What the pattern found inside, and the frame it stands for. */
  read: (inside: string) => string
  write: (frame: string) => string
  around: (inside: string, found: RegExpExecArray) => string
}

const quote = (frame: string): string => JSON.stringify(frame).replace(/[<>&\u2028\u2029]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
const unquote = (text: string): string => JSON.parse(text) as string
const same = (text: string): string => text

const line: Wrapping = { pattern: /^((?!hh)[ohacr][^]*)\n$/, read: same, write: same, around: (inside) => `${inside}\n` }

/** Independent of the runner's table: what this server sends, and not what any server may send. */
const wrappings: Partial<Record<Exchange['route'], Wrapping>> = {
  xhr: line,
  xhr_streaming: line,
  eventsource: {
    pattern: /^data: ([^]*)\r\n\r\n$/,
    read: (inside) => inside.replaceAll('%25', '%'),
    write: (frame) => frame.replaceAll('%', '%25'),
    around: (inside) => `data: ${inside}\r\n\r\n`
  },
  htmlfile: { pattern: /^<script>\np\(("[^]*")\);\n<\/script>\r\n$/, read: unquote, write: quote, around: (inside) => `<script>\np(${inside});\n</script>\r\n` },
  jsonp: { pattern: /^\/\*\*\/([^(]*)\(("[^]*")\);\r\n$/, read: unquote, write: quote, around: (inside, found) => `/**/${found[1]}(${inside});\r\n` }
}

/** One frame may become several, or none. */
export type FrameChange = (frame: string, exchange: Exchange) => string | readonly string[]

/** Changes frames on every transport. A poll without a frame is an empty body. */
export function frames (change: FrameChange): Mutation {
  return (exchange) => {
    if (exchange.route === 'websocket') return { frame: (frame) => onWebSocket(frame, exchange, change) }
    const wrapping = wrappings[exchange.route]
    if (wrapping === undefined) return undefined
    return {
      piece (piece) {
        const found = wrapping.pattern.exec(piece.toString('utf8'))
        const inside = found?.at(-1)
        if (found === null || inside === undefined) return [piece]
        return [change(wrapping.read(inside), exchange)].flat().map((frame) => Buffer.from(wrapping.around(wrapping.write(frame), found)))
      }
    }
  }
}

function onWebSocket (frame: Frame, exchange: Exchange, change: FrameChange): readonly Frame[] {
  if (frame.opcode !== opcodes.text) return [frame]
  return [change(frame.payload.toString('utf8'), exchange)].flat().map((text) => ({ ...frame, payload: Buffer.from(text) }))
}

/** Changes the messages inside `a` frames. */
export function delivered (change: (messages: string[], exchange: Exchange) => readonly string[]): Mutation {
  return frames((frame, exchange) => {
    if (!frame.startsWith('a[')) return frame
    const messages = change(JSON.parse(frame.slice(1)) as string[], exchange)
    return messages.length === 0 ? [] : `a${JSON.stringify(messages)}`
  })
}

/** Changes the JSON that clients send, whatever carries it. */
export function sent (change: (text: string, exchange: Exchange) => string): Mutation {
  return (exchange) => {
    switch (exchange.route) {
      case 'xhr_send': return { upload: (body) => Buffer.from(change(body.toString('utf8'), exchange)) }
      case 'jsonp_send': return {
        upload (body) {
          const text = body.toString('utf8')
          if (!(exchange.headers.get('content-type') ?? '').includes('urlencoded')) return Buffer.from(change(text, exchange))
          const form = new URLSearchParams(text)
          const data = form.get('d')
          if (data !== null) form.set('d', change(data, exchange))
          return Buffer.from(form.toString())
        }
      }
      case 'websocket': return {
        clientFrame: (frame) => [frame.opcode === opcodes.text ? { ...frame, payload: Buffer.from(change(frame.payload.toString('utf8'), exchange)) } : frame]
      }
      default: return undefined
    }
  }
}

/** Changes the messages that clients send; what is not JSON passes as it is. */
export function accepted (change: (messages: unknown[], exchange: Exchange) => readonly unknown[]): Mutation {
  return sent((text, exchange) => {
    const value = parsed(text)
    return Array.isArray(value) ? JSON.stringify(change(value, exchange)) : text
  })
}

/** Undefined for what is not JSON. */
export function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
