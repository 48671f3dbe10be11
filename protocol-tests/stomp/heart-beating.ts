import type { StompClient } from '../client/stomp-client.ts'
import { expectEqual, expectThat } from '../runner/expect.ts'
import { section, sockets } from './define.ts'
import type { StompCase } from './define.ts'
import type { Stomp } from './kit.ts'

const second = 1000
/** What a loaded machine, ours or theirs, may add to an interval. */
const slack = 500

const malformed: readonly (readonly [name: string, value: string])[] = [
  ['negative', '-1,0'], ['word', 'abc'], ['one', '1000'], ['three', '1,2,3'], ['fraction', '1.5,0'], ['empty', ''], ['space', '1000 ,0x1']
]

/** The interval at which the server has promised to beat; 0 for never. */
function promised (heartBeat: string | undefined, asked: number): number {
  const [sends = 0] = (heartBeat ?? '0,0').split(',').map(Number)
  return sends === 0 || asked === 0 ? 0 : Math.max(sends, asked)
}

/** Keeps a connection alive in some way for longer than any server waits, and sees that it is. */
async function keepAlive (s: Stomp, client: StompClient, beat: () => void): Promise<void> {
  const timer = setInterval(beat, 600)
  try {
    await s.t.sleep(4500)
  } finally {
    clearInterval(timer)
  }
  expectThat(!client.isOver, 'the connection after 4.5 s', 'open', await (client.isOver ? client.ended() : undefined))
  await s.exchange(client)
}

async function silentFor (s: Stomp, milliseconds: number, headers: Record<string, string>, version: '1.0' | '1.1' | '1.2' = '1.2'): Promise<void> {
  const client = await s.connect(version, headers)
  const before = client.chunks.length
  await s.t.sleep(milliseconds)
  expectEqual(client.chunks.slice(before).map(({ octets }) => octets.toString('utf8')), [], 'what came meanwhile')
  expectThat(!client.isOver, 'the connection', 'open', 'its end')
}

/** Connects and is silent; how long the server bears that. */
async function silence (s: Stomp): Promise<{ client: StompClient, milliseconds: number }> {
  const client = await s.connect('1.2', { 'heart-beat': `${second},0` })
  const started = Date.now()
  if (!await client.stirs(5000)) s.t.notApplicable('the server does not watch over heart-beats of its clients')
  return { client, milliseconds: Date.now() - started }
}

const cases: StompCase[] = [
  {
    id: 'STOMP-H1',
    title: 'no heart-beat header means that neither side sends heart-beats',
    level: 'S',
    patience: 3000,
    run: async (s) => await silentFor(s, 2600, {})
  },
  ...malformed.map(([name, value]): StompCase => ({
    id: `STOMP-H1.${name}`,
    title: `heart-beat:${value} is refused`,
    level: 'D',
    on: ['ws-text'],
    async run (s) {
      const client = await s.open()
      client.send('CONNECT', { 'accept-version': '1.2', ...s.site.connect, 'heart-beat': value })
      await s.expectError(client)
    }
  })),
  {
    id: 'STOMP-H2',
    title: 'a direction in which one side says 0 has no beats',
    level: 'S',
    also: ['SPRING-E14'],
    patience: 3000,
    run: async (s) => await silentFor(s, 2600, { 'heart-beat': '30000,0' })
  },
  {
    id: 'STOMP-H2.mirror',
    title: 'the server offers the interval that the client asks for, and 0 for 0',
    level: 'D',
    also: ['SPRING-D4'],
    async run (s) {
      for (const [wish, offer] of [['2000,3000', '3000,2000'], ['0,0', '0,0'], ['1500,0', '0,1500'], ['0,10000', '10000,0']] as const) {
        expectEqual((await (await s.open()).connect('1.2', { 'heart-beat': wish })).get('heart-beat'), offer, `the answer to heart-beat:${wish}`)
      }
    }
  },
  {
    id: 'STOMP-H3',
    title: 'a line feed proves that the client lives',
    level: 'S',
    patience: 5500,
    async run (s) {
      const client = await s.connect('1.2', { 'heart-beat': `${second},0` })
      await keepAlive(s, client, () => client.raw('\n'))
    }
  },
  {
    id: 'STOMP-H3.frames',
    title: 'any frame proves that the client lives',
    level: 'S',
    patience: 5500,
    async run (s) {
      const client = await s.connect('1.2', { 'heart-beat': `${second},0` })
      const destination = s.topic()
      await keepAlive(s, client, () => client.send('SEND', { destination }))
    }
  },
  {
    id: 'STOMP-H3.octets',
    title: 'any part of a frame proves that the client lives',
    level: 'S',
    on: ['tcp', 'ws-text'],
    patience: 5500,
    async run (s) {
      const client = await s.connect('1.2', { 'heart-beat': `${second},0` })
      const destination = s.topic()
      await client.subscribe(destination)
      client.raw(`SEND\ndestination:${destination}\n\n`)
      const timer = setInterval(() => client.raw('x'), 600)
      await s.t.sleep(4500)
      clearInterval(timer)
      client.raw('\0')
      expectThat((await client.message()).text.length > 5, 'the message', 'the octets sent meanwhile', 'fewer')
    }
  },
  {
    id: 'STOMP-H4',
    title: 'a client may be late by a margin',
    level: 'C',
    patience: 5500,
    async run (s) {
      const { milliseconds } = await silence(s)
      expectThat(milliseconds > second * 1.2, 'the silence that the server bears at 1000 ms', 'more than 1200 ms', `${milliseconds} ms`)
    }
  },
  {
    id: 'STOMP-H4.twice',
    title: 'a client that is silent for two intervals is given up',
    level: 'D',
    also: ['SPRING-E11'],
    patience: 6500,
    async run (s) {
      const client = await s.connect('1.2', { 'heart-beat': `${second},0` })
      const started = Date.now()
      await client.ended('the end, after two seconds of silence')
      const took = Date.now() - started
      expectThat(took > 2 * second - 200 && took < 2 * second + 1000, 'the silence that the server bears at 1000 ms', 'about 2000 ms', `${took} ms`)
    }
  },
  {
    id: 'STOMP-H5',
    title: 'the server beats at least as often as agreed, a frame counting as a beat',
    level: 'S',
    also: ['STOMP-H2', 'SPRING-E12'],
    patience: 6000,
    async run (s) {
      const client = await s.open()
      const connected = await client.connect('1.2', { 'heart-beat': `0,${second}` })
      const interval = promised(connected.get('heart-beat'), second)
      if (interval === 0 || interval > 5 * second) s.t.notApplicable(`the server offers ${connected.get('heart-beat') ?? 'no heart-beats'}`)
      let last = Date.now()
      for (const until = last + 4 * second; last < until;) {
        await s.t.sleep(50)
        const latest = client.chunks.at(-1)?.at ?? last
        expectThat(Date.now() - latest < interval + slack, 'the time without a beat', `at most ${interval} ms`, `${Date.now() - latest} ms`)
        last = Date.now()
      }
    }
  },
  {
    id: 'STOMP-H5.lf',
    title: 'a beat of the server is one LF and nothing else',
    level: 'S',
    also: ['STOMP-H3', 'SPRING-C17'],
    patience: 4500,
    async run (s) {
      const client = await s.open()
      const connected = await client.connect('1.2', { 'heart-beat': `0,${second}` })
      if (promised(connected.get('heart-beat'), second) === 0) s.t.notApplicable('the server offers no heart-beats')
      const before = client.chunks.length
      await s.t.sleep(3200)
      const beats = client.chunks.slice(before)
      expectThat(beats.length > 0, 'beats in 3.2 s', 'some', 'none')
      for (const { octets } of beats) expectEqual(octets.toString('latin1'), '\n', 'a beat')
    }
  },
  {
    id: 'STOMP-H5.early',
    title: 'the server beats at 0.8 of the interval, and no more often',
    level: 'D',
    also: ['SPRING-E13'],
    patience: 5000,
    async run (s) {
      const client = await s.connect('1.2', { 'heart-beat': `0,${second}` })
      const started = Date.now()
      await s.t.sleep(4 * second)
      const count = client.eols.length
      const most = Math.ceil((Date.now() - started) / (0.75 * second))
      expectThat(count >= 3 && count <= most, 'beats in 4 s', `3 to ${most}, one every 800 ms`, count)
    }
  },
  {
    id: 'STOMP-H3.reset',
    title: 'the server beats only when it has nothing else to send',
    level: 'D',
    patience: 5000,
    async run (s) {
      const client = await s.connect('1.2', { 'heart-beat': `0,${2 * second}` })
      const destination = s.topic()
      await client.subscribe(destination)
      const timer = setInterval(() => client.send('SEND', { destination }), 400)
      await s.t.sleep(4 * second)
      clearInterval(timer)
      expectEqual(client.eols.length, 0, 'beats between frames that came every 400 ms')
    }
  },
  {
    id: 'STOMP-H6',
    title: 'a missed beat brings ERROR, then the end',
    level: 'D',
    patience: 6500,
    async run (s) {
      const client = await s.connect('1.2', { 'heart-beat': `${second},0` })
      const error = await client.error()
      expectThat((error.get('message') ?? '') !== '', 'message of ERROR', 'some text', error.toString())
      await client.ended()
    }
  },
  {
    id: 'STOMP-H6.connected',
    title: 'no beats before CONNECTED',
    level: 'S',
    on: sockets,
    patience: 3000,
    async run (s) {
      const client = await s.open()
      await s.t.sleep(2500)
      expectEqual(client.chunks.length, 0, 'what came before CONNECT')
      await client.connect()
      expectEqual(client.chunks[0]?.octets.toString('utf8', 0, 9), 'CONNECTED', 'what came first')
    }
  },
  {
    id: 'STOMP-H6.old',
    title: '1.0 has no heart-beats: the header is ignored, the answer is 0,0',
    level: 'D',
    patience: 3500,
    async run (s) {
      const client = await s.open()
      expectEqual((await client.connect('1.0', { 'heart-beat': `${second},${second}` })).get('heart-beat'), '0,0', 'heart-beat of CONNECTED')
      const before = client.chunks.length
      await s.t.sleep(3000)
      expectEqual([client.chunks.length - before, client.isOver], [0, false], 'messages meanwhile, and whether the connection is over')
    }
  },
  {
    id: 'STOMP-H7',
    title: 'intervals below a second become one second',
    level: 'D',
    async run (s) {
      for (const [wish, offer] of [['100,200', '1000,1000'], ['1,0', '0,1000'], ['999,1001', '1001,1000']] as const) {
        expectEqual((await (await s.open()).connect('1.2', { 'heart-beat': wish })).get('heart-beat'), offer, `the answer to heart-beat:${wish}`)
      }
    }
  }
]

export const heartBeating = section('heart-beating', 'Heart-beating', 'Heart-beating', cases)
