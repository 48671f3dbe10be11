import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'tap'
import { checkCallback, CLOSE, closeFrame, type Envelope, envelopes, fitReason, FORM, SockjsFrame, GREETING, HEARTBEAT, hideIds, iframePage, infoBody, isCloseCode, isWireCode, messageFrame, OPEN, parseTarget, quote, shownPath, formsOf, isShared } from '../../../src/sockjs/protocol/index.ts'
import { PreparedMessage } from '../../../src/stream/prepared-message.ts'

const { xhr, xhrStreaming, eventsource, htmlfile, jsonp } = envelopes

/** The frame of plain messages, as a session makes it. */
function frameOf (...messages: string[]): SockjsFrame {
  const quoted = messages.map(quote)
  return messageFrame(quoted, quoted.reduce((sum, text) => sum + Buffer.byteLength(text), 0))
}

const HTMLFILE_HEAD = `<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.call_back.x-1;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>`

test('the frames of the protocol', async (t) => {
  t.equal(OPEN.text, 'o')
  t.equal(HEARTBEAT.text, 'h')
  t.equal(frameOf('x').text, 'a["x"]')
  t.equal(frameOf('a', '', '"é"\n\u2028').text, 'a["a","","\\"é\\"\\n\\u2028"]')
  t.equal(closeFrame(3000, 'Go away!').text, 'c[3000,"Go away!"]')
  t.equal(closeFrame(4999, '"\u2029é').text, 'c[4999,"\\"\\u2029é"]')
  t.equal(closeFrame(1000, 'é').bytes, 12)
  t.strictSame([OPEN.ascii, frameOf('x').ascii, frameOf('\uffff').ascii, frameOf('é').ascii], [true, true, true, false])
})

test('SESSION-15 ENC-11 a frame knows its messages, and its length in UTF-8', async (t) => {
  const text = fc.string({ unit: 'binary' })
  fc.assert(fc.property(fc.array(fc.tuple(text, fc.boolean()), { minLength: 1, maxLength: 5 }), (rows) => {
    const messages = rows.map(([message, prepared]) => prepared ? new PreparedMessage(message) : quote(message))
    const bytes = rows.reduce((sum, [message]) => sum + Buffer.byteLength(quote(message)), 0)
    const frame = messageFrame(messages, bytes)
    assert.equal(frame.text[0], 'a')
    assert.deepEqual(JSON.parse(frame.text.slice(1)), rows.map(([message]) => message))
    assert.equal(frame.bytes, Buffer.byteLength(frame.text))
    assert.equal(frame.shared, rows.every(([, prepared]) => prepared))
  }))
  t.pass('for any messages')
})

test('what each transport makes of a frame, byte by byte', async (t) => {
  const go = closeFrame(3000, 'Go away!')
  const rows: [string, Envelope, SockjsFrame, string][] = [
    ['XHR-2', xhr, OPEN, 'o\n'],
    ['HEARTBEAT-1', xhr, HEARTBEAT, 'h\n'],
    ['XHR-2', xhr, frameOf('x', 'é'), 'a["x","é"]\n'],
    ['XHR-2', xhr, go, 'c[3000,"Go away!"]\n'],
    ['XHR-STREAM-3', xhrStreaming, OPEN, 'o\n'],
    ['HEARTBEAT-2', xhrStreaming, HEARTBEAT, 'h\n'],
    ['XHR-STREAM-3', xhrStreaming, frameOf('100%'), 'a["100%"]\n'],
    ['ES-3', eventsource, OPEN, 'data: o\r\n\r\n'],
    ['ES-3', eventsource, frameOf('x'), 'data: a["x"]\r\n\r\n'],
    ['ES-4', eventsource, frameOf('  \u0000\n\r '), 'data: a["  \\u0000\\n\\r "]\r\n\r\n'],
    ['ES-6', eventsource, frameOf('100%41', '%25%'), 'data: a["100%2541","%2525%25"]\r\n\r\n'],
    ['ES-9', eventsource, frameOf('\u2028\u2029'), 'data: a["\\u2028\\u2029"]\r\n\r\n'],
    ['HEARTBEAT-3', eventsource, HEARTBEAT, 'data: h\r\n\r\n'],
    ['ES-6', eventsource, closeFrame(3000, '5%'), 'data: c[3000,"5%25"]\r\n\r\n'],
    ['HTMLFILE-3', htmlfile('cb'), OPEN, '<script>\np("o");\n</script>\r\n'],
    ['HTMLFILE-4', htmlfile('cb'), frameOf('x'), '<script>\np("a[\\"x\\"]");\n</script>\r\n'],
    ['HTMLFILE-8', htmlfile('cb'), frameOf('a</script><script>&\u2028'),
      '<script>\np("a[\\"a\\u003c/script\\u003e\\u003cscript\\u003e\\u0026\\\\u2028\\"]");\n</script>\r\n'],
    ['HTMLFILE-10', htmlfile('cb'), HEARTBEAT, '<script>\np("h");\n</script>\r\n'],
    ['JSONP-1', jsonp('callback'), OPEN, '/**/callback("o");\r\n'],
    ['JSONP-2', jsonp('callback'), frameOf('x'), '/**/callback("a[\\"x\\"]");\r\n'],
    ['JSONP-9', jsonp('x'), go, '/**/x("c[3000,\\"Go away!\\"]");\r\n'],
    ['JSONP-20', jsonp('x'), frameOf('\u2028</'), '/**/x("a[\\"\\\\u2028\\u003c/\\"]");\r\n'],
    ['HEARTBEAT-5', jsonp('cb'), HEARTBEAT, '/**/cb("h");\r\n']
  ]
  for (const [row, envelope, frame, expected] of rows) {
    const encoded = envelope.encode(frame)
    t.strictSame(typeof encoded === 'string' ? Buffer.from(encoded, 'latin1') : encoded, Buffer.from(expected), `${row} ${frame.text}`)
  }
})

test('XHR-STREAM-3 ES-2 HTMLFILE-2 what a response begins with', async (t) => {
  t.equal(xhr.stream, null)
  t.equal(jsonp('x').stream, null)
  t.strictSame(xhrStreaming.stream!.prelude, Buffer.from('h'.repeat(2048) + '\n'))
  t.strictSame(eventsource.stream!.prelude, Buffer.from('\r\n'))
  const page = htmlfile('call_back.x-1').stream!.prelude.toString()
  t.equal(page.trimEnd(), HTMLFILE_HEAD)
  t.match(page.slice(HTMLFILE_HEAD.length), /^ +\r\n\r\n$/)
  t.ok(htmlfile('x').stream!.prelude.length > 1024)
  t.strictSame([xhr, xhrStreaming, eventsource, htmlfile('x'), jsonp('x')].map((envelope) => envelope.contentType), [
    'application/javascript; charset=UTF-8', 'application/javascript; charset=UTF-8', 'text/event-stream',
    'text/html; charset=UTF-8', 'application/javascript; charset=UTF-8'
  ])
})

test('ES-6 ES-9 HTMLFILE-8 JSONP-20 any message arrives as it was, whatever carries it', async (t) => {
  const text = fc.array(fc.oneof(fc.string({ unit: 'binary' }),
    fc.constantFrom('%', '%25', '%zz', '</script>', '<!--', '&amp;', '\r\n', '\u2028', '\ud800', '😀')), { maxLength: 8 }).map((parts) => parts.join(''))
  const between = (body: string, head: string, tail: string): string => {
    assert.ok(body.startsWith(head) && body.endsWith(tail))
    return body.slice(head.length, -tail.length)
  }
  fc.assert(fc.property(text, (message) => {
    const frame = frameOf(message)
    const sent = (envelope: Envelope) => envelope.encode(frame).toString()
    assert.equal(between(sent(xhr), '', '\n'), frame.text)
    const data = between(sent(eventsource), 'data: ', '\r\n\r\n')
    assert.equal(decodeURI(data), frame.text)
    assert.doesNotMatch(data, /[\r\n\0\u2028\u2029]/)
    for (const literal of [
      between(sent(htmlfile('cb')), '<script>\np(', ');\n</script>\r\n'), between(sent(jsonp('cb')), '/**/cb(', ');\r\n')
    ]) {
      assert.equal(JSON.parse(literal), frame.text)
      assert.doesNotMatch(literal, /[<>&\r\n\0\u2028\u2029]/)
    }
  }), { numRuns: 1000 })
  t.pass('for any message')
})

test('a broadcast is encoded once for all sessions of a transport', async (t) => {
  const prepared = new PreparedMessage('h\u00e9llo')
  t.equal(formsOf(prepared).quoted, '"h\u00e9llo"')
  t.equal(formsOf(prepared).quotedBytes, 8)
  t.equal(formsOf(new PreparedMessage('\uffff')).quotedBytes, 8, 'asked for the length first')
  t.equal(formsOf(prepared).frame, formsOf(prepared).frame)
  t.equal(messageFrame([prepared], 8), formsOf(prepared).frame)
  for (const envelope of [xhr, eventsource, htmlfile('a')]) {
    t.equal(envelope.encode(formsOf(prepared).frame), envelope.encode(messageFrame([prepared], 8)), 'the very same buffer')
  }
  t.equal(xhr.encode(formsOf(prepared).frame), xhrStreaming.encode(formsOf(prepared).frame), 'polling and streaming look alike')
  t.equal(htmlfile('a').encode(OPEN), htmlfile('b').encode(OPEN), 'pages differ in their prelude only')
  t.not(eventsource.encode(formsOf(prepared).frame), xhr.encode(formsOf(prepared).frame))
  const own = frameOf('x')
  t.equal(xhr.encode(own), 'a["x"]\n', 'what goes to one session needs no buffer')
  t.not(jsonp('a').encode(OPEN), jsonp('a').encode(OPEN))

  let calls = 0
  const make = (frame: SockjsFrame) => { calls++; return Buffer.from(frame.text) }
  const shared = new SockjsFrame('a["x"]', 6, true)
  t.equal(shared.form(FORM.websocket, make), shared.form(FORM.websocket, make))
  t.equal(calls, 1)
})

test('a batch of broadcasts is one frame for all sessions that got the same', async (t) => {
  const [a, b] = [new PreparedMessage('a'), new PreparedMessage('b')]
  const first = messageFrame([a, b], 6)
  t.equal(first.text, 'a["a","b"]')
  t.ok(first.shared)
  t.equal(messageFrame([a, b], 6), first)
  const longer = messageFrame([a, b, a], 9)
  t.equal(longer.text, 'a["a","b","a"]')
  t.not(longer, first)
  t.equal(messageFrame([a, b, a], 9), longer)
  t.equal(messageFrame([a, b, b], 9).text, 'a["a","b","b"]')
  const mixed = messageFrame([a, '"own"'], 8)
  t.equal(mixed.text, 'a["a","own"]')
  t.notOk(mixed.shared)
  t.equal(messageFrame(['"own"', a], 8).text, 'a["own","a"]')
})

test('a prepared message of a raw WebSocket is framed once', async (t) => {
  let calls = 0
  const encode = (data: string | Uint8Array) => { calls++; return Buffer.from(data) }
  const bytes = new PreparedMessage(Buffer.from('--x--').subarray(2, 3))
  t.equal(formsOf(bytes).raw(encode), formsOf(bytes).raw(encode))
  t.equal(calls, 1)
  t.strictSame(formsOf(bytes).raw(encode), Buffer.from('x'))
  t.equal(formsOf(bytes).quoted, '"x"', 'as text, where bytes cannot travel')
})

test('a batch of broadcasts is one buffer for all raw WebSockets that got the same', async (t) => {
  const [a, b] = [new PreparedMessage('a'), new PreparedMessage('b\u00e9')]
  let calls = 0
  const make = () => Buffer.of(++calls)
  const first = formsOf(a).rawBatch([a, b], make)
  t.equal(formsOf(a).rawBatch([a, b], make), first)
  t.not(formsOf(a).rawBatch([a, b, b], make), first)
  t.not(formsOf(a).rawBatch([a, a], make), first)
  t.equal(calls, 3)
  t.equal(formsOf(b).rawBytes, 3)
  t.ok(isShared([a, b]))
  t.notOk(isShared([a, 'own']))
})

test('SESSION-3 to SESSION-23 the closes that the server decides', async (t) => {
  t.strictSame(Object.fromEntries(Object.entries(CLOSE).map(([name, { code, reason }]) => [name, `${code} ${reason}`])), {
    normal: '1000 Normal closure',
    shutdown: '1001 Server shutting down',
    restart: '1012 Server restarting',
    interrupted: '1002 Connection interrupted',
    timeout: '1002 Connection timed out',
    binary: '1003 Binary messages not accepted',
    flood: '1008 Too many messages',
    tooBig: '1009 Message too big',
    failure: '1011 Internal server error',
    slow: '1013 slow consumer',
    conflict: '2010 Another connection still open',
    notResumed: '1002 Session cannot be resumed',
    framing: '3000 Broken framing.',
    unanswered: '3000 No response from heartbeat'
  })
})

test('WS-5 codes and reasons', async (t) => {
  for (const code of [1000, 1005, 1999, 2010, 2999, 3000, 4999]) t.ok(isCloseCode(code), `close(${code})`)
  for (const code of [999, 5000, 0, -1000, 1000.5, NaN, Infinity, '1000', undefined, null, {}]) t.notOk(isCloseCode(code), `close(${String(code)})`)
  const wire = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
  for (const code of wire) t.ok(isWireCode(code), `${code} may stand in a close frame`)
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2010, 2999, 5000]) t.notOk(isWireCode(code), `${code} may not`)

  t.equal(fitReason(''), '')
  t.equal(fitReason('x'.repeat(123)), 'x'.repeat(123))
  t.equal(fitReason('x'.repeat(124)), 'x'.repeat(123))
  t.equal(fitReason('é'.repeat(62)), 'é'.repeat(61))
  t.equal(fitReason('😀'.repeat(31)), '😀'.repeat(30))
  t.equal(fitReason('xxx' + '😀'.repeat(30)), 'xxx' + '😀'.repeat(30))
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (reason) => {
    const fitting = fitReason(reason)
    const next = [...reason.slice(fitting.length)][0] ?? ''
    return reason.startsWith(fitting) && Buffer.byteLength(fitting) <= 123 &&
      (next === '' || Buffer.byteLength(fitting + next) > 123)
  }))
})

test('IFRAME-1 IFRAME-8 GREETING-1 INFO-2 INFO-9 pages', async (t) => {
  t.equal(GREETING, 'Welcome to SockJS!\n')
  t.equal(iframePage('/a"b.js'), `<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="/a&quot;b.js"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>`)
  t.equal(infoBody({ websocket: true, cookieNeeded: false, entropy: 4294967295, baseUrl: undefined, resume: undefined }),
    '{"websocket":true,"origins":["*:*"],"cookie_needed":false,"entropy":4294967295}')
  t.equal(infoBody({ websocket: false, cookieNeeded: true, entropy: 0, baseUrl: 'https://b.example', resume: 60_000 }),
    '{"websocket":false,"origins":["*:*"],"cookie_needed":true,"entropy":0,"base_url":"https://b.example","resume":60000}')
})

test('URL-1 to URL-12 SEC-S46 what a path stands for', async (t) => {
  const long = 'x'.repeat(128)
  const rows: [string, string, string, string][] = [
    ['GREETING-1', '', 'greeting', ''],
    ['GREETING-1', '/', 'greeting', ''],
    ['INFO-1', '/info', 'info', ''],
    ['RAW-1', '/websocket', 'rawWebsocket', ''],
    ['IFRAME-1', '/iframe.html', 'iframe', ''],
    ['IFRAME-1', '/iframe-.html', 'iframe', ''],
    ['IFRAME-1', '/iframe-0.1.2abc-dirty.2144.html', 'iframe', ''],
    ['IFRAME-8', '/sockjs-1.6.1.min.js', 'client', ''],
    ['IFRAME-8', '/sockjs.min.js', 'client', ''],
    ['URL-1', '/client.js', 'client', ''],
    ['URL-1', '/stomp-client.js', 'client', ''],
    ['URL-1', '/a/a0/xhr', 'xhr', 'a0'],
    ['URL-1', '/_/_0/xhr_streaming', 'xhr_streaming', '_0'],
    ['URL-1', '/1/0/xhr_send', 'xhr_send', '0'],
    ['URL-1', '/abcdefgh_i-j%20/abcdefg_i-j%200/eventsource', 'eventsource', 'abcdefg_i-j 0'],
    ['URL-3', '/999/S/htmlfile', 'htmlfile', 'S'],
    ['URL-8', '/000/constructor/jsonp', 'jsonp', 'constructor'],
    ['URL-8', '/000/__proto__/jsonp_send', 'jsonp_send', '__proto__'],
    ['URL-8', '/constructor/toString/websocket', 'websocket', 'toString'],
    ['URL-9', '/a/Case/xhr', 'xhr', 'Case'],
    ['URL-12', `/a/${long}/xhr`, 'xhr', long],
    ['URL-12', `/a/${'%78'.repeat(128)}/xhr`, 'xhr', long],
    ['URL-1', '/a/%C3%A9/xhr', 'xhr', 'é']
  ]
  for (const [row, path, route, session] of rows) t.strictSame(parseTarget(path, 128), { route, session }, `${row} ${path}`)
})

test('URL-2 URL-6 URL-7 IFRAME-3 SEC-S46 what no path stands for', async (t) => {
  const rows: Record<string, string[]> = {
    'URL-2': ['///xhr', '/a./a/xhr', '/a/a./xhr', '/././xhr', '//xhr', '////xhr', '/a/xhr', '/a/b/c/xhr', '/a/b/xhr/', '/a/b/xhr/x/y', 'a/b/c/xhr', 'x/a/b/xhr'],
    'URL-6': ['/a/b/', '/a/b/nothing', '/a/b/XHR', '/a/b/constructor', '/a/b/__proto__', '/a/b/info', '/a/b/%78hr', '/a/b/m'],
    'URL-7': ['/s/i/jsonp;Setup.pl', '/s/i/xhr;x=1', '/s/i/xhr.bat', '/s/i/xhr ', '/s/i/xhr\n'],
    'GREETING-2': ['/a', '/a.html', '//', '///', '/a/a', '/a/a/', '/a/', '/info/', '/INFO', '/websocket/'],
    'IFRAME-3': ['/iframe.htm', '/iframe', '/IFRAME.HTML', '/IFRAME', '/iframe.HTML', '/iframe.xml', '/iframe-/.html', '/iframe.html\n', '/x/iframe.html', '/iframeA.html', '/iframexhtml'],
    'IFRAME-8': ['/sockjs-.min.js', '/sockjs-1.6.min.js', '/sockjs.js', '/sockjs-1.6.1.min.js.map', '/sockjs-1.6.1xmin.js', '/sockjs-../../x.min.js'],
    'SEC-S46': ['/a/%2e%2e/xhr', '/%2E/a/xhr', '/a/b%2Fc/xhr', '/a/%00/xhr', '/a/\0/xhr', '/a/%/xhr', '/a/%E0%A4/xhr', '/%ff/a/xhr', '/a/%c0%ae/xhr'],
    'URL-12': [`/a/${'x'.repeat(129)}/xhr`, `/${'x'.repeat(129)}/a/xhr`, `/a/${'%78'.repeat(129)}/xhr`]
  }
  for (const [row, paths] of Object.entries(rows)) {
    for (const path of paths) t.equal(parseTarget(path, 128), null, `${row} ${JSON.stringify(path)}`)
  }
  fc.assert(fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom('/', '.', '%', '%2e', 'xhr', '/a/b/xhr', '\0')), { maxLength: 6 }), (parts) => {
    const target = parseTarget(parts.join(''), 128)
    return target === null || !/[./\0]/.test(target.session)
  }))
})

test('SESSION-21 what an application or a log may see of a URL has no ids', async (t) => {
  t.equal(shownPath('/chat', 'xhr'), '/chat/:server/:session/xhr')
  t.equal(shownPath('/chat', 'websocket'), '/chat/:server/:session/websocket')
  t.equal(shownPath('/chat', 'rawWebsocket'), '/chat/websocket')
  t.equal(shownPath('/chat', 'greeting'), '/chat')
  t.equal(shownPath('/chat', 'info'), '/chat/info')
  t.equal(hideIds('/chat/000/secret/xhr?t=1', 1), '/chat/:server/:session/xhr')
  t.equal(hideIds('/v1/chat/000/secret/jsonp_send', 2), '/v1/chat/:server/:session/jsonp_send')
  t.equal(hideIds('/chat/websocket?secret', 1), '/chat/websocket')
  t.equal(hideIds('/chat/info?secret', 1), '/chat/info')
  t.equal(hideIds('/chat', 1), '/chat')
  t.equal(hideIds('/chat/', 1), '/chat/')
  const segment = fc.constantFrom('SECRET', 'a', '', 'xhr', 'websocket', 'info', '%2e', 'SECRET%', '..', 'iframe.html', '?SECRET')
  fc.assert(fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
    const hidden = hideIds('/chat/' + segments.join('/'), 1)
    return hidden.startsWith('/chat/') && !hidden.includes('SECRET')
  }))
})

test('HTMLFILE-5 HTMLFILE-6 HTMLFILE-9 JSONP-5 JSONP-11 to JSONP-13 the callback', async (t) => {
  const required = { error: '"callback" parameter required' }
  const invalid = { error: 'invalid "callback" parameter' }
  t.strictSame(checkCallback(undefined), required)
  t.strictSame(checkCallback(''), required)
  for (const callback of ['a', 'callback', '_', '0', '_jp.abc123', 'a-b.c', 'x'.repeat(32), '__proto__']) {
    t.strictSame(checkCallback(callback), { callback })
  }
  for (const wrong of [' ', '*', 'abc(', 'a b', 'é', 'a\n', '.a', '-a', '</script>', 'x'.repeat(33), ['a', 'b'], ['a'], null, 5, {}]) {
    t.strictSame(checkCallback(wrong), invalid)
  }
})
