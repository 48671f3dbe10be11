import { frameBytes, opcodes } from '../../client/frames.ts'
import { frames } from '../mutations/frames.ts'
import { fromClient, text } from '../mutations/websocket.ts'
import { at, on, polling, streaming } from '../mutations/where.ts'
import type { Route } from '../proxy/exchange.ts'
import type { Fault, Mutation } from '../types.ts'

/** A heartbeat as each transport writes it. */
const written: Partial<Record<Route, string>> = {
  xhr_streaming: 'h\n',
  eventsource: 'data: h\r\n\r\n',
  htmlfile: '<script>\np("h");\n</script>\r\n'
}

/** An interval that takes no notice of what is sent meanwhile. */
const steadily: Mutation = (exchange) => {
  const bytes = written[exchange.route]
  const tick = (): void => {
    if (exchange.over) return
    if (exchange.answer === undefined) return exchange.link.proxy.later(tick, 20)
    if (bytes === undefined) exchange.link.toClient(frameBytes(opcodes.text, 'h', { mask: false }))
    else exchange.write(Buffer.from(bytes))
    exchange.link.proxy.later(tick, 200)
  }
  exchange.link.proxy.later(tick, 200)
  return frames((frame) => frame === 'h' ? [] : frame)(exchange)
}

/** The timer runs from the end of the poll before. */
function fromThePollBefore (): Mutation {
  const ends = new Map<string, number>()
  return at('/quick', on(polling, (exchange) => {
    exchange.done.then(() => ends.set(exchange.session, Date.now())).catch(() => {})
    const before = ends.get(exchange.session)
    const left = before === undefined ? Infinity : 200 - (Date.now() - before)
    return left > 130 ? undefined : exchange.respond(200, 'h\n')
  }))
}

export const heartbeat: readonly Fault[] = [
  {
    id: 'heartbeat-shape',
    row: 'HEARTBEAT-1',
    breaks: 'a heartbeat is an empty array of messages',
    proxy: frames((frame) => frame === 'h' ? 'a[]' : frame),
    expect: ['HEARTBEAT-1', 'HEARTBEAT-2', 'HEARTBEAT-3', 'HEARTBEAT-4', 'HEARTBEAT-5', '=HEARTBEAT-6', 'HEARTBEAT-8.xhr_streaming', 'HEARTBEAT-8.websocket', 'JSONP-15', 'WS-22.pong']
  },
  {
    id: 'heartbeat-late',
    row: 'HEARTBEAT-1',
    breaks: 'heartbeats come after five times the delay',
    server: { everywhere: { heartbeat: 125_000 }, endpoints: { '/quick': { heartbeat: 1000 } } },
    expect: ['HEARTBEAT-*', 'JSONP-15']
  },
  {
    id: 'heartbeat-early',
    row: 'HEARTBEAT-1',
    breaks: 'heartbeats come after a tenth of the delay',
    server: { endpoints: { '/quick': { heartbeat: 20 } } },
    expect: ['=HEARTBEAT-1', 'HEARTBEAT-2', '=HEARTBEAT-3', 'HEARTBEAT-4', 'HEARTBEAT-5', '=HEARTBEAT-6', 'HEARTBEAT-7', 'HEARTBEAT-8.xhr_streaming']
  },
  {
    id: 'heartbeat-keeps-poll',
    row: 'HEARTBEAT-1',
    breaks: 'a heartbeat is written and the poll goes on',
    proxy: on(polling, frames((frame, exchange) => {
      if (frame === 'h') exchange.hooks.ending = 'stay'
      return frame
    })),
    expect: ['HEARTBEAT-1', 'HEARTBEAT-5', 'HEARTBEAT-8.receiver', 'JSONP-15']
  },
  {
    id: 'heartbeat-raw-text',
    row: 'HEARTBEAT-7',
    breaks: 'a raw WebSocket gets the text h',
    proxy: on('raw', () => ({ frame: (frame) => frame.opcode === opcodes.ping ? [text('h'), frame] : [frame] })),
    expect: ['HEARTBEAT-7', 'RAW-5.silent']
  },
  {
    id: 'heartbeat-without-ping',
    row: 'HEARTBEAT-6',
    breaks: 'the heartbeat of a WebSocket is the text h alone',
    proxy: on('websocket', (exchange) => ({ frame: (frame) => frame.opcode === opcodes.ping && exchange.endpoint === '/quick' ? [] : [frame] })),
    expect: ['=HEARTBEAT-6']
  },
  ...([...streaming, 'websocket'] as const).map((route): Fault => ({
    id: `heartbeat-steady-${route}`,
    row: 'HEARTBEAT-8',
    breaks: `heartbeats of ${route} come at fixed times, also between other frames`,
    proxy: at('/quick', on(route, steadily)),
    expect: [`HEARTBEAT-8.${route}`]
  })),
  {
    id: 'heartbeat-of-session',
    row: 'HEARTBEAT-8',
    breaks: 'the timer of a poll has begun with the poll before it',
    proxy: fromThePollBefore(),
    expect: ['HEARTBEAT-8.receiver']
  },
  {
    id: 'pong-time',
    row: 'WS-22',
    breaks: 'a pong may take a minute',
    server: { everywhere: { pongTimeout: 60_000 } },
    expect: ['=WS-22', 'RAW-5.silent']
  },
  {
    id: 'pong-time-short',
    row: 'WS-22',
    breaks: 'a pong may take one second',
    server: { everywhere: { pongTimeout: 1000 } },
    expect: ['=WS-22', 'RAW-5.silent']
  },
  {
    id: 'pong-not-read',
    row: 'WS-22',
    breaks: 'pongs are not read',
    proxy: on(['websocket', 'raw'], fromClient(opcodes.pong, () => undefined)),
    expect: ['WS-22.pong']
  },
  {
    id: 'pong-silent-close',
    row: 'WS-22',
    breaks: 'a WebSocket without pongs is cut without a c frame',
    proxy: on('websocket', frames((frame) => frame.includes('No response') ? [] : frame)),
    expect: ['=WS-22']
  }
]
