import fc from 'fast-check'
import t, { type Test } from 'tap'
import { handshake, TcpPeer } from '../support/http.ts'
import { scaled, survived } from '../support/scale.ts'
import { Target } from '../support/target.ts'
import { until } from '../support/wait.ts'

// The classes of cases that a WebSocket suite has (framing, reserved bits, opcodes, fragments, UTF-8, close codes, limits, compression),
// as tables of bytes and as mutations of valid streams. What a server may answer is decided by a small oracle, from RFC 6455.

let target: Target

t.test('the server starts', async (own) => {
  target = await Target.start(t, 'default')
  await target.verdict(own)
})

const FIN = 0x80
const TEXT = 1
const BINARY = 2
const CLOSE = 8
const PING = 9

/** What the last ping carries. */
const LAST = 'the last ping'

/** A frame of a client; the key is not zero, so that what is not unmasked is seen. */
function frame (first: number, payload: string | Buffer = '', { masked = true, size }: { masked?: boolean, size?: 'long' | 'longest' } = {}): Buffer {
  const data = Buffer.from(payload)
  const { length } = data
  const bit = masked ? 0x80 : 0
  const head = size === 'longest' || length > 65535
    ? [first, bit | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255]
    : size === 'long' || length > 125 ? [first, bit | 126, length >> 8, length & 255] : [first, bit | length]
  if (!masked) return Buffer.concat([Buffer.from(head), data])
  const key = Buffer.from([0x12, 0x9a, 0xfe, 0x57])
  return Buffer.concat([Buffer.from(head), key, data.map((byte, i) => byte ^ key[i & 3]!)])
}

interface Answer { readonly opcode: number, readonly payload: Buffer }

/** The frames of a server: never masked, never in fragments, never with reserved bits unless an extension was agreed on. */
function parse (bytes: Buffer): Answer[] {
  const answers: Answer[] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    const first = bytes[at]!
    let length = bytes[at + 1]!
    let start = at + 2
    if ((first & 0xb0) !== 0x80 || (length & 0x80) !== 0) throw new Error(`the server has sent ${first.toString(16)} ${length.toString(16)}`)
    if (length === 126) {
      length = bytes.readUInt16BE(start)
      start += 2
    } else if (length === 127) {
      length = Number(bytes.readBigUInt64BE(start))
      start += 8
    }
    if (start + length > bytes.length) break
    answers.push({ opcode: first & 15, payload: bytes.subarray(start, start + length) })
    at = start + length
  }
  return answers
}

/** What came back: echoed messages and pongs as they were, the close as its code; no code at all is 1005, no close frame 1006. */
interface Outcome { readonly echoes: readonly string[], readonly close: number }

/** Writes a stream in pieces of `chop` octets and waits for the end of the connection. */
async function play (path: string, stream: Buffer, chop = Infinity, headers: Record<string, string> = {}): Promise<Outcome> {
  const peer = target.own(new TcpPeer(target.port))
  peer.socket.setNoDelay(true)
  peer.write(handshake(path, headers))
  await peer.see('\r\n\r\n')
  const start = peer.bytes.indexOf('\r\n\r\n') + 4
  for (let at = 0; at < stream.length && !peer.ended; at += chop) {
    peer.write(stream.subarray(at, Math.min(at + chop, stream.length)))
    if (chop !== Infinity) await new Promise((resolve) => { setImmediate(resolve) })
  }
  // A server that goes on after the stream answers this, and has answered all before it; then it closes.
  peer.write(frame(FIN | PING, LAST))
  await until(() => peer.ended || peer.bytes.includes(LAST, start), 'the last pong, or the end')
  peer.write(frame(FIN | CLOSE, Buffer.from([0x03, 0xe8])))
  await peer.end()
  const answers = parse(peer.bytes.subarray(start))
  peer.abort()
  const end = answers.find(({ opcode }) => opcode === CLOSE)
  return {
    echoes: answers.filter(({ opcode, payload }) => opcode !== CLOSE && payload.toString() !== LAST).map(({ opcode, payload }) => `${opcode}:${payload.toString('latin1')}`),
    close: end === undefined ? 1006 : end.payload.length < 2 ? 1005 : end.payload.readUInt16BE(0)
  }
}

/** A raw echo that takes bytes too, and one with compression. */
const ECHO = '/binary/websocket'
const echoed = (...messages: string[]): string[] => messages.map((message) => `${TEXT}:${Buffer.from(message).toString('latin1')}`)

async function expect (t: Test, what: string, stream: Buffer, echoes: readonly string[], close: number, chop?: number): Promise<void> {
  const outcome = await play(ECHO, stream, chop)
  t.strictSame(outcome, { echoes, close }, what)
}

t.test('framing: every length, whole and chopped', async (t) => {
  for (const size of [0, 1, 125, 126, 127, 128, 65535, 65536]) {
    const text = '*'.repeat(size)
    for (const chop of [Infinity, 997, ...(size < 200 ? [1, 2, 7] : [])]) await expect(t, `${size} octets in pieces of ${chop}`, frame(FIN | TEXT, text), echoed(text), 1000, chop)
  }
  // Lengths that could have been shorter are taken, as `ws` takes them: nothing can be smuggled by them.
  for (const size of ['long', 'longest'] as const) await expect(t, `a ${size} length`, frame(FIN | TEXT, 'x', { size }), echoed('x'), 1000)
  await expect(t, 'bytes', frame(FIN | BINARY, Buffer.from([0, 255])), [`${BINARY}:\x00\xff`], 1000)
})

t.test('all opcodes, reserved bits, FIN and masks', async (t) => {
  const wrong: string[] = []
  const cases: (() => Promise<void>)[] = []
  for (let first = 0; first < 256; first++) {
    for (const masked of [true, false]) {
      cases.push(async () => {
        const { echoes, close } = await play('/binary/websocket', frame(first, '', { masked }))
        const opcode = first & 15
        const plain = masked && (first & 0x70) === 0
        const allowed = !plain || [3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 0].includes(opcode) || (opcode >= 8 && first < FIN)
          ? [1002]
          : opcode === CLOSE ? [1000, 1005] : [1000, 1002]
        if (!allowed.includes(close) || (allowed[0] === 1002 && echoes.length > 0)) wrong.push(`${first.toString(16)} ${masked ? '' : 'un'}masked: ${close} ${echoes}`)
      })
    }
  }
  while (cases.length > 0) await Promise.all(cases.splice(0, 32).map((run) => run()))
  t.strictSame(wrong, [], '512 first octets')
})

t.test('control frames: sizes, and between fragments', async (t) => {
  for (const size of [0, 1, 125]) {
    const payload = 'p'.repeat(size)
    await expect(t, `a ping of ${size}`, frame(FIN | PING, payload), [`10:${payload}`], 1000)
    await expect(t, `a pong of ${size} that nobody asked for`, frame(FIN | 10, payload), [], 1000)
  }
  for (const opcode of [CLOSE, PING, 10]) await expect(t, `opcode ${opcode} with 126 octets`, frame(FIN | opcode, 'x'.repeat(126)), [], 1002)
  await expect(t, 'a ping in a message', Buffer.concat([frame(TEXT, 'a'), frame(FIN | PING, 'p'), frame(FIN, 'b')]), ['10:p', ...echoed('ab')], 1000)
  await expect(t, 'a message in a message', Buffer.concat([frame(TEXT, 'a'), frame(FIN | TEXT, 'b')]), [], 1002)
  await expect(t, 'nothing to go on with', frame(FIN, 'a'), [], 1002)
  await expect(t, 'many fragments', Buffer.concat([frame(TEXT, 'a'), ...Array.from({ length: 100 }, () => frame(0, 'b')), frame(FIN, 'c')]), echoed(`a${'b'.repeat(100)}c`), 1000)
  await expect(t, 'nothing is answered behind a close', Buffer.concat([frame(FIN | CLOSE, Buffer.from([3, 232])), frame(FIN | PING, 'p'), frame(FIN | TEXT, 'x')]), [], 1000)
})

t.test('close codes', async (t) => {
  const wrong: string[] = []
  const codes = [0, 999, ...Array.from({ length: 300 }, (_, i) => 1000 + i), 1999, 2000, 2999, 3000, 3999, 4000, 4999, 5000, 65535]
  const may = (code: number): boolean => (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
  while (codes.length > 0) {
    await Promise.all(codes.splice(0, 32).map(async (code) => {
      const { close } = await play(ECHO, frame(FIN | CLOSE, Buffer.from([code >> 8, code & 255])))
      if (close !== (may(code) ? code : 1002)) wrong.push(`${code} was answered with ${close}`)
    }))
  }
  t.strictSame(wrong, [])
  await expect(t, 'no code', frame(FIN | CLOSE), [], 1005)
  await expect(t, 'half a code', frame(FIN | CLOSE, '\x03'), [], 1002)
  await expect(t, 'a reason that is no UTF-8', frame(FIN | CLOSE, Buffer.from([3, 232, 0xff])), [], 1007)
})

const VALID = ['κόσμε', '\u{10ffff}\ud7ff\ue000\ufffd', 'ß水𝄞', '\u0000\u007f\u0080\u07ff\u0800\uffff']
const INVALID = ['ff', 'c0af', 'e080af', 'eda080', 'edbfbf', 'f4908080', 'f88888888080', 'c3', 'e282', 'f09f98', '80', 'cebae1bdb9cf83cebcceb5f4908080656469746564']

t.test('UTF-8, split at every point', async (t) => {
  for (const text of VALID) {
    const bytes = Buffer.from(text)
    for (let at = 0; at <= bytes.length; at++) {
      const stream = Buffer.concat([frame(TEXT, bytes.subarray(0, at)), frame(FIN, bytes.subarray(at))])
      const { echoes, close } = await play(ECHO, stream)
      if (close !== 1000 || echoes[0] !== echoed(text)[0]) t.fail(`${text} split at ${at}: ${close}`)
    }
  }
  for (const hex of INVALID) {
    const bytes = Buffer.concat([Buffer.from('κ'), Buffer.from(hex, 'hex')])
    for (let at = 0; at <= bytes.length; at++) {
      const { echoes, close } = await play(ECHO, Buffer.concat([frame(TEXT, bytes.subarray(0, at)), frame(FIN, bytes.subarray(at))]))
      if (close !== 1007 || echoes.length > 0) t.fail(`${hex} split at ${at}: ${close}`)
    }
  }
  t.pass(`${VALID.length} texts arrive, ${INVALID.length} do not`)
})

t.test('limits: a message in one piece and in many', async (t) => {
  const most = 1024 * 1024
  const piece = Buffer.alloc(64 * 1024, 'x')
  const pieces = (count: number): Buffer => Buffer.concat([frame(TEXT, piece), ...Array.from({ length: count - 2 }, () => frame(0, piece)), frame(FIN, piece)])
  for (const [what, stream, close] of [
    ['1 MiB', frame(FIN | TEXT, Buffer.alloc(most, 'x')), 1000], ['one more', frame(FIN | TEXT, Buffer.alloc(most + 1, 'x')), 1009],
    ['1 MiB in fragments', pieces(16), 1000], ['more in fragments', pieces(17), 1009], ['5 MiB in fragments', pieces(80), 1009]
  ] as const) t.equal((await play(ECHO, stream)).close, close, what)
})

t.test('compression: agreed on only where it is switched on, and broken data is an end', async (t) => {
  const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate' }
  t.equal((await play(ECHO, frame(FIN | 0x40 | TEXT, 'x'), Infinity, offer)).close, 1002, 'off: the bit means nothing')
  // "Hello", as in RFC 7692, section 7.2.3.1.
  const hello = Buffer.from('f248cdc9c90700', 'hex')
  t.strictSame((await play('/deflate/websocket', frame(FIN | 0x40 | TEXT, hello), Infinity, offer)).echoes, echoed('Hello'))
  t.strictSame((await play('/deflate/websocket', Buffer.concat([frame(0x40 | TEXT, hello.subarray(0, 3)), frame(FIN, hello.subarray(3))]), Infinity, offer)).echoes, echoed('Hello'), 'in fragments')
  for (const [what, stream] of [
    ['nonsense', frame(FIN | 0x40 | TEXT, Buffer.from('ffffffff', 'hex'))], ['the bit on a continuation', Buffer.concat([frame(TEXT, 'a'), frame(FIN | 0x40, 'b')])],
    ['the bit on a ping', frame(FIN | 0x40 | PING, 'x')], ['another bit', frame(FIN | 0x20 | TEXT, 'x')]
  ] as const) {
    const { close } = await play('/deflate/websocket', stream, Infinity, offer)
    t.ok([1002, 1007, 1006].includes(close), `${what}: ${close}`)
  }
})

/** A few valid frames, and what may be done to their octets. */
const mutated = fc.record({
  texts: fc.array(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 4 }),
  edits: fc.array(fc.tuple(fc.nat(300), fc.nat(255), fc.constantFrom('set', 'drop', 'insert')), { minLength: 1, maxLength: 4 }),
  path: fc.constantFrom('/binary/websocket', '/echo/websocket', '/echo/0/fuzz/websocket', '/deflate/websocket', '/stomp', '/drafts/websocket'),
  chop: fc.constantFrom(Infinity, 7)
})

t.test('mutations of valid streams: any end that the protocol has, and a server that lives', async (t) => {
  const runs = scaled(400, 100_000)
  const closes = new Map<number, number>()
  const scripts = fc.sample(mutated, { numRuns: runs, seed: 20_261_126 })
  while (scripts.length > 0) {
    await Promise.all(scripts.splice(0, 25).map(async ({ texts, edits, path, chop }) => {
      const bytes = [...Buffer.concat(texts.map((text) => frame(FIN | TEXT, JSON.stringify([text]))))]
      for (const [at, value, kind] of edits) {
        const place = at % Math.max(bytes.length, 1)
        if (kind === 'set') bytes[place] = value
        else bytes.splice(place, kind === 'drop' ? 1 : 0, ...(kind === 'insert' ? [value] : []))
      }
      const peer = target.own(new TcpPeer(target.port))
      peer.write(handshake(path))
      await peer.see('\r\n\r\n')
      const start = peer.bytes.indexOf('\r\n\r\n') + 4
      for (let at = 0; at < bytes.length; at += chop) peer.write(Buffer.from(bytes.slice(at, at + chop)))
      // A stream that breaks off in a frame is ended by its client.
      peer.socket.end()
      await peer.end()
      const end = parse(peer.bytes.subarray(start)).find(({ opcode }) => opcode === CLOSE)
      const code = end === undefined || end.payload.length < 2 ? 0 : end.payload.readUInt16BE(0)
      closes.set(code, (closes.get(code) ?? 0) + 1)
      peer.abort()
    }))
  }
  for (const code of closes.keys()) t.ok(code === 0 || (code >= 1000 && code <= 1014) || (code >= 3000 && code <= 4999), `${code}: ${closes.get(code)} times`)
  await target.verdict(t)
  await until(async () => (await target.ask('sessions')).bufferedBytes === 0, 'nothing is left')
  t.strictSame((await target.ask('log')).filter(({ level }) => level >= 50), [], 'nothing of it is an error of ours')
  survived(`${runs} mutated streams of WebSocket frames`)
})
