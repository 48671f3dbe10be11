import type { Session } from '../../src/index.ts'
import type { StompLink, StompMutation } from './types.ts'

type Listener = (...values: never[]) => unknown
type Message = string | Uint8Array
interface Prepared { readonly data: Message }

/** Octets as text that can be taken apart by regular expressions, and put together again. */
const asText = (message: Message): string => (typeof message === 'string' ? Buffer.from(message) : Buffer.from(message)).toString('latin1')

const asMessage = (text: string, like: Message): Message => {
  const octets = Buffer.from(text, 'latin1')
  return typeof like === 'string' ? octets.toString('utf8') : octets
}

/**
 * The stream of messages between a client and the STOMP layer, with a fault in it. It stands above all carriers, so that
 * one fault breaks a rule for WebSocket, SockJS and TCP alike.
 */
export function faultyStream (stream: Session, mutation: StompMutation): Session {
  let receive: (message: Message) => unknown = () => {}
  let like: Message = ''
  const link: StompLink = {
    memory: {},
    toClient (text) { stream.send(asMessage(text, like) as string) },
    toServer (text) { receive(asMessage(text, like)) },
    close (code, reason) { stream.close(code, reason) }
  }
  const hooks = mutation(link)

  const send = (message: Message | Prepared): boolean => {
    if (hooks.sent === undefined) return stream.send(message as string)
    const data = typeof message === 'string' || message instanceof Uint8Array ? message : message.data
    let room = true
    for (const text of [hooks.sent(asText(data))].flat()) room = stream.send(asMessage(text, data) as string)
    return room
  }
  const close = (code: number, reason: string): void => {
    const changed = hooks.closes === undefined ? { code, reason } : hooks.closes({ code, reason })
    if (changed !== undefined) stream.close(changed.code, changed.reason)
  }
  const heard = (message: Message): void => {
    like = message
    const texts = hooks.received === undefined ? [message] : [hooks.received(asText(message))].flat().map((text) => asMessage(text, message))
    for (const text of texts) receive(text)
  }
  // The STOMP layer listens to these two, once to each.
  const on = (event: 'message' | 'close', listener: Listener): unknown => {
    if (event === 'close') return stream.on(event, (closed) => { if (hooks.ended?.() !== 'unnoticed') listener(closed as never) })
    receive = listener as never
    return stream.on(event, heard)
  }
  const own: Record<string | symbol, unknown> = { send, close, on, ...(hooks.loud === true ? { quiet () {} } : {}) }
  const facade: Session = new Proxy(stream, {
    get (target, name) {
      if (name in own) return own[name]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    }
  })
  return facade
}
