import { randomBytes } from 'node:crypto'
import { connect, newId } from '../support/client.ts'
import { ask, TcpPeer } from '../support/http.ts'
import { StompPeer } from './stomp-peer.ts'
import { Suite } from './suite.ts'

const suite = new Suite('injection')

const CALLBACKS = ['<script>alert(1)</script>', 'a(b)', 'a;b', 'x'.repeat(33), '%0d%0aX-Evil: 1', 'a%00', 'a%22', '.a', '-a', 'a%3Cb', 'é', '/**/', 'a%2Bb', 'a%5B0%5D', '%E2%80%A8']

suite.attack('S51', async (t, target) => {
  t.equal((await ask({ port: target.port, path: '/echo/0/i/htmlfile?c=cb' })).status, 404, 'off by default')
  for (const callback of [...CALLBACKS, '']) {
    const { status, body, headers } = await ask({ port: target.port, path: `/any/0/${newId()}/htmlfile?c=${encodeURI(callback).replaceAll('%25', '%')}` })
    t.equal(status, 500, callback.slice(0, 30))
    t.match(body, /^("callback" parameter required\.?|invalid "callback" parameter\.?)\n$/)
    t.match(headers['content-type'], /^text\/plain/)
  }
})

suite.attack('S52', async (t, target) => {
  const evil = '</script><script>alert(1)</script>&amp;<!--\u2028\u2029]]>'
  const id = newId()
  const client = await connect(target, 'htmlfile', { path: '/any', id })
  await client.send(evil)
  t.strictSame(await client.messages(1), [evil], 'it arrives')
  client.abort()
  const peer = target.own(new TcpPeer(target.port))
  const raw = newId()
  peer.write(`GET /any/0/${raw}/htmlfile?c=cb HTTP/1.1\r\nHost: x\r\n\r\n`)
  await peer.see('p("o")')
  peer.clear()
  await ask({ port: target.port, method: 'POST', path: `/any/0/${raw}/xhr_send`, body: JSON.stringify([evil]) })
  const script = await peer.see(');\n</script>')
  t.equal(script.split('<script>').length, 2, 'in one element')
  t.equal(script.split('</script>').length, 2)
  const inside = script.slice(script.indexOf('p('), script.lastIndexOf(');'))
  t.notMatch(inside, /[<>&]/)
  peer.abort()
})

suite.attack('S53', async (t, target) => {
  t.equal((await ask({ port: target.port, path: '/echo/0/i/jsonp?c=cb' })).status, 404, 'off by default')
  for (const callback of CALLBACKS) {
    t.equal((await ask({ port: target.port, path: `/any/0/${newId()}/jsonp?c=${encodeURI(callback).replaceAll('%25', '%')}` })).status, 500, callback.slice(0, 30))
  }
  // The longest callback that passes cannot be the head of anything but script.
  const { status, body, headers } = await ask({ port: target.port, path: `/any/0/${newId()}/jsonp?c=${'CWSMIKI0hCD0Up0IZUnnnnnnnnnnnnnn'}` })
  t.equal(status, 200)
  t.match(body, /^\/\*\*\/CWSMIKI0hCD0Up0IZUnnnnnnnnnnnnnn\("o"\);\r\n$/)
  t.match(headers, { 'x-content-type-options': 'nosniff', 'content-type': /^application\/javascript/ })
})

suite.attack('S54', async (t, target) => {
  const page = await ask({ port: target.port, path: '/echo/iframe.html' })
  t.equal(page.status, 200)
  for (const path of ['/echo/iframe.html?t=<script>', '/echo/iframe-x.html?sockjs_url=//evil.example/x.js', '/echo/iframe-1.6.1-a_b.html']) {
    const other = await ask({ port: target.port, path: encodeURI(path) })
    t.equal(other.body, page.body, path)
    t.equal(other.headers.etag, page.headers.etag)
  }
  for (const path of ['/echo/iframe', '/echo/iframe.htm', '/echo/iframe.html/', '/echo/xiframe.html', '/echo/iframe-a/b.html', '/echo/iframe.html%00', '/echo/iframe-<x>.html.x', '/echo/IFRAME.html']) {
    const { status, body } = await ask({ port: target.port, path: encodeURI(path).replaceAll('%25', '%') })
    t.ok(status === 404 || status === 400, `${path}: ${status}`)
    t.notMatch(body, /script/)
  }
})

suite.attack('S55', async (t, target) => {
  for (const evil of ['a%0d%0aX-Evil: 1', 'a%0aX-Evil: 1', 'a%00', 'a%C4%80', 'a%E2%80%A8']) {
    for (const route of ['htmlfile', 'jsonp']) {
      const { status, headers, body } = await ask({ port: target.port, path: `/any/0/${newId()}/${route}?c=${evil.replace(' ', '%20')}` })
      t.equal(status, 500)
      t.notMatch(headers, { 'x-evil': '1' })
      t.notMatch(body, /Evil|at .*\.[jt]s/)
    }
  }
  const preflight = await ask({ port: target.port, method: 'OPTIONS', path: '/any/0/i/xhr', headers: { origin: 'http://é'.slice(0, 8) + '\xe9', 'access-control-request-headers': 'a\xe9' } })
  t.ok(preflight.status < 500, `reflected octets above 0x7F: ${preflight.status}`)
  for (const header of ['Origin: http://a\0b', 'Cookie: JSESSIONID=a\0b', 'Access-Control-Request-Headers: a\rb']) {
    const peer = target.own(new TcpPeer(target.port))
    peer.write(`OPTIONS /cookie/0/i/xhr HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`)
    t.match(await peer.see('\r\n\r\n'), /^HTTP\/1\.1 400 /, JSON.stringify(header))
    peer.abort()
  }
})

suite.attack('S56', async (t, target) => {
  const evil = '\ndata: evil\n\nevent: x\rid: 1\r\n\0\u2028'
  const id = newId()
  const peer = target.own(new TcpPeer(target.port))
  peer.write(`GET /echo/0/${id}/eventsource HTTP/1.1\r\nHost: x\r\n\r\n`)
  await peer.see('data: o')
  peer.clear()
  await ask({ port: target.port, method: 'POST', path: `/echo/0/${id}/xhr_send`, body: JSON.stringify([evil, 'end']) })
  const events = await peer.see('end')
  t.strictSame(events.match(/^(data|event|id):/gm), ['data:'], 'one line, one event')
  peer.abort()
  const client = await connect(target, 'eventsource')
  await client.send(evil)
  t.strictSame(await client.messages(1), [evil], 'and it arrives')
  client.abort()
})

suite.attack('S57', async (t, target) => {
  const peer = await StompPeer.connect(target)
  const escaped = 'a\\nfoo\\cbar\\n\\nMESSAGE\\nx\\cy'
  peer.say(`BEGIN\ntransaction:1\nreceipt:${escaped}\n\n\0`)
  const receipt = await peer.next()
  t.equal(receipt, `RECEIPT\nreceipt-id:${escaped}\n\n\0`, 'one header, escaped as it came')
  peer.say('SUBSCRIBE\nid:1\ndestination:/topic/copied\n\n\0', `SEND\ndestination:/topic/copied\nx:${escaped}\n\n\0`)
  const message = await peer.see('MESSAGE')
  t.equal(message.split('\0').length, 2, 'one frame')
  t.match(message, `\nx:${escaped}\n`)
  peer.say('SEND\ndestination:/topic/copied\nx:a\0b\n\n\0')
  t.match((await peer.refused()).error, /^ERROR\n/, 'NUL has no escape')
})

suite.attack('S58', async (t, target) => {
  for (const value of ['a\\tb', 'a\\xb', 'a\\', 'a\\u0041', '\\N']) {
    const { error } = await (await StompPeer.connect(target)).say(`SEND\ndestination:/topic/x\nx:${value}\n\n\0`).refused()
    t.match(error, /code:STOMP_UNDEFINED_ESCAPE/, value)
  }
  const peer = await StompPeer.connect(target)
  peer.say('SUBSCRIBE\nid:1\ndestination:/topic/escaped\n\n\0', 'SEND\ndestination:/topic/escaped\nx:\\\\n\\\\c\\n\n\n\0')
  t.match(await peer.see('MESSAGE'), '\nx:\\\\n\\\\c\\n\n', 'never unescaped twice')
  peer.abort()
})

suite.attack('S59', async (t, target) => {
  const peer = await StompPeer.connect(target)
  peer.say('SUBSCRIBE\nid:1\ndestination:/topic/nul\n\n\0', 'SEND\ndestination:/topic/nul\ncontent-length:3\n\na\0b\0')
  t.match(await peer.see('MESSAGE'), /\n\na\0b\0$/, 'with a length, NUL is data')
  peer.say('SEND\ndestination:/topic/nul\n\na\0')
  t.match(await peer.see('MESSAGE'), /\n\na\0$/, 'without, it is the end')
  peer.abort()
  for (const length of ['-1', '1e3', '0x10', '9007199254740992', '1.0', '+1', ' 1 ', '1,1', '2', '70000', '99999999999999999999']) {
    const liar = await StompPeer.connect(target)
    liar.say(`SEND\ndestination:/topic/nul\ncontent-length:${length}\n\nabcdef\0`)
    t.match((await liar.refused()).error, /code:STOMP_(BAD_CONTENT_LENGTH|BODY_LENGTH_MISMATCH|BODY_TOO_LONG)/, length)
  }
  const twice = await StompPeer.connect(target)
  twice.say('SUBSCRIBE\nid:1\ndestination:/topic/twice\n\n\0', 'SEND\ndestination:/topic/twice\ncontent-length:3\ncontent-length:1\n\nabc\0')
  t.match(await twice.next(), /code:STOMP_CONFLICTING_CONTENT_LENGTH/, 'a second length')
  twice.abort()
})

suite.attack('S60', async (t, target) => {
  const peer = await StompPeer.connect(target)
  peer.say('SUBSCRIBE\nid:1\ndestination:/topic/names\n\n\0', 'SUBSCRIBE\nid:2\ndestination:/user/queue/json\n\n\0', 'SUBSCRIBE\nid:3\ndestination:/user/queue/errors\n\n\0')
  for (const name of ['__proto__', 'constructor', 'hasOwnProperty', 'toString']) {
    peer.say(`SEND\ndestination:/topic/names\n${name}:x\n\n\0`)
    t.match(await peer.see('MESSAGE'), `\n${name}:x\n`)
  }
  for (const body of ['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}']) {
    peer.say(`SEND\ndestination:/app/json\ncontent-type:application/json\n\n${body}\0`)
    t.match(await peer.see('MESSAGE'), /destination:\/user\/queue\/errors/, body)
  }
  peer.say('SEND\ndestination:/app/json\ncontent-type:application/json\n\n{"a":1}\0')
  t.match(await peer.see('MESSAGE'), /\{"keys":\["a"\],"polluted":null\}/)
  peer.abort()
})

suite.attack('S61', async (t, target) => {
  await target.ask('log')
  const evil = '%0a{"level":60,"msg":"forged"}%1b[31m\u202eforged'
  const count = 20
  for (let i = 0; i < count; i++) {
    await ask({ port: target.port, path: `/echo/0/${encodeURI(evil)}${i}/nothing`, headers: { 'user-agent': 'forged \u001b[31m'.replace('\u001b', '') } })
  }
  const peer = await StompPeer.connect(target)
  await peer.say('SEND\ndestination:/nowhere/\\n{"level"\\c60,"msg"\\c"forged"}\n\n\0').refused()
  const lines = await target.ask('log')
  t.notOk(lines.some(({ level, msg }) => level >= 60 || msg === 'forged'), 'a line is a line of ours')
  t.ok(lines.length <= 2 * count + 4, `${lines.length} lines for ${count + 1} requests`)
  t.notOk(lines.some(({ msg }) => msg.includes('\u001b')))
})

suite.attack('S62', async (t, target) => {
  const peer = await StompPeer.connect(target)
  peer.say('SUBSCRIBE\nid:1\ndestination:/topic/first\n\n\0', 'SUBSCRIBE\nid:2\ndestination:/topic/second\n\n\0',
    'SEND\ndestination:/topic/first\ndestination:/topic/second\nx:1\nx:2\n\nbody\0')
  t.match(await peer.see('MESSAGE'), /destination:\/topic\/first\n/)
  t.match(await peer.settled(), /RECEIPT/)
  t.equal(peer.frames.all.filter((frame) => frame.startsWith('MESSAGE')).length, 1)
  peer.abort()
  for (const route of ['jsonp', 'htmlfile']) {
    for (const query of ['c=a&c=b', 'c=a&c=%3Cscript%3E', 'c[]=a', 'c[x]=a']) {
      t.equal((await ask({ port: target.port, path: `/any/0/${newId()}/${route}?${query}` })).status, 500, `${route} ${query}`)
    }
  }
})

suite.attack('S62', async (t, target) => {
  const peer = await StompPeer.connect(target)
  // What the rules read is what would be done.
  const { error } = await peer.say('SUBSCRIBE\nid:1\ndestination:/topic/secret\ndestination:/topic/public/a\n\n\0').refused()
  t.match(error, /code:STOMP_ACCESS_REFUSED/)
}, 'ruled')

suite.attack('S63', async (t, target) => {
  const inside = /node_modules|\.[jt]s:\d|\bat [A-Z]|fastify|secret/i
  const id = newId()
  const client = await connect(target, 'xhr-polling', { id, path: '/any' })
  const requests: readonly (readonly [method: string, path: string, body?: string])[] = [
    ['GET', '/echo/unknown'], ['PUT', '/echo/info'], ['POST', `/any/000/${id}/xhr_send`, 'x'], ['POST', `/any/000/${id}/xhr_send`], ['POST', '/any/0/none/xhr_send', '["x"]'],
    ['GET', '/any/0/i/jsonp'], ['GET', '/any/0/i/jsonp?c=%3C'], ['GET', '/echo/websocket'], ['POST', `/any/000/${id}/xhr_send`, 'x'.repeat(5e6)]
  ]
  for (const [method, path, body] of requests) {
    const answer = await ask({ port: target.port, method, path, ...(body === undefined ? {} : { body }) }).catch(() => null)
    if (answer !== null) t.notMatch(answer.body, inside, `${method} ${path}`)
  }
  client.abort()
  const peer = await StompPeer.connect(target)
  peer.say('SUBSCRIBE\nid:1\ndestination:/user/queue/errors\n\n\0', 'SEND\ndestination:/app/fail\n\n\0')
  t.notMatch(await peer.next(), inside, 'an error of a handler')
  peer.say(`SEND\ndestination:/nowhere/${randomBytes(60).toString('hex')}\n\n\0`)
  const { error } = await peer.refused()
  t.notMatch(error, inside)
  t.ok(Buffer.byteLength((await peer.closed).reason) <= 123)
})

suite.finish()
