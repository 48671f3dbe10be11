import { accepted, delivered, frames, sent } from '../mutations/frames.ts'
import { at, on, perSession, polling, sending, streaming, when } from '../mutations/where.ts'
import type { Fault, Mutation } from '../types.ts'

/** Sends of a session are read one after the other, in the order in which their heads came. */
function inOrderOfHeads (): Mutation {
  const last = perSession(() => ({ done: Promise.resolve() }))
  return on(sending, (exchange) => {
    const before = last(exchange)
    exchange.until = before.done
    before.done = exchange.done
    return { upload: (body) => body }
  })
}

/** Every tenth of the messages of a session goes wrong. */
function everyTenth (change: (message: string) => readonly string[]): Mutation {
  const counts = perSession(() => ({ seen: 0 }))
  return delivered((messages, exchange) => messages.flatMap((message) => ++counts(exchange).seen % 10 === 0 ? change(message) : [message]))
}

/** The frame of one message waits for the next one, and comes after it. */
function swapped (): Mutation {
  const memory = perSession<{ held: string[], count: number }>(() => ({ held: [], count: 0 }))
  return on([...streaming, 'websocket'], frames((frame, exchange) => {
    const own = memory(exchange)
    if (!frame.startsWith('a')) return frame
    own.count += 1
    if (own.count % 4 === 3) {
      own.held = [frame]
      return []
    }
    const all = [frame, ...own.held]
    own.held = []
    return all
  }))
}

export const order: readonly Fault[] = [
  {
    id: 'message-lost',
    row: 'SESSION-15',
    breaks: 'every tenth message of a session is lost',
    proxy: everyTenth(() => []),
    expect: ['SESSION-15.*.one-*', 'SESSION-15.*.bodies', 'XHR-SEND-9.pipelined']
  },
  {
    id: 'message-twice',
    row: 'SESSION-15',
    breaks: 'every tenth message of a session comes twice',
    proxy: everyTenth((message) => [message, message]),
    expect: ['SESSION-15.*.one-*', 'SESSION-15.*.bodies', 'XHR-SEND-9.pipelined']
  },
  {
    id: 'frames-swapped',
    row: 'SESSION-15',
    breaks: 'two frames of a session change places now and then',
    proxy: swapped(),
    expect: ['SESSION-15.xhr_streaming.bodies', 'SESSION-15.eventsource.bodies', 'SESSION-15.htmlfile.bodies', 'SESSION-15.websocket.bodies']
  },
  {
    id: 'messages-truncated',
    row: 'SESSION-15',
    breaks: 'a message ends after 65,535 characters',
    proxy: delivered((messages) => messages.map((message) => message.slice(0, 65_535))),
    expect: ['SESSION-15.*.large', 'XHR-SEND-10.pieces']
  },
  {
    id: 'only-first-message',
    row: 'WS-24',
    breaks: 'of several messages that come together only the first is read',
    proxy: accepted((messages) => messages.slice(0, 1)),
    expect: ['SESSION-15.*.one-body', 'SESSION-15.*.bodies', '=WS-24', 'ENC-2.xhr', '=XHR-SEND-9']
  },
  {
    id: 'sent-reversed',
    row: 'SESSION-15',
    breaks: 'the messages of one body are read from the last to the first',
    proxy: accepted((messages) => messages.toReversed()),
    expect: ['SESSION-15.*.one-body', 'SESSION-15.*.bodies', '=WS-24', '=XHR-SEND-9']
  },
  {
    id: 'frame-per-message',
    row: 'SESSION-15',
    breaks: 'a poll carries one frame for each message',
    proxy: on(polling, frames((frame) => frame.startsWith('a[') ? (JSON.parse(frame.slice(1)) as string[]).map((message) => `a${JSON.stringify([message])}`) : frame)),
    expect: ['SESSION-15.*.one-frame', 'XHR-SEND-2', 'SESSION-12.xhr', 'SESSION-12.jsonp']
  },
  {
    id: 'order-of-heads',
    row: 'XHR-SEND-9',
    breaks: 'sends are read one after the other, in the order in which their heads came',
    proxy: inOrderOfHeads(),
    expect: ['=XHR-SEND-9']
  },
  {
    id: 'pipeline-ignored',
    row: 'XHR-SEND-9',
    breaks: 'of pipelined sends only the first is read',
    proxy: on('xhr_send', when(({ link }) => link.waiting > 1, (exchange) => exchange.respond(204))),
    expect: ['XHR-SEND-9.pipelined']
  },
  {
    id: 'body-in-pieces',
    row: 'XHR-SEND-10',
    breaks: 'a body is read up to its first megabyte',
    proxy: at('/echo', sent((text) => text.length > 1_048_576 ? `${text.slice(0, 1_048_576)}"]` : text)),
    expect: ['XHR-SEND-10.pieces']
  }
]
