import t from 'tap'
import { canonicalOrigin, originMatcher, originProblem } from '../../../src/sockjs/options/origin-rules.ts'

/** Texts that no page's origin is equal to, and the form that the refusal names. */
const REFUSED: readonly (readonly [string, string | RegExp])[] = [
  ['https://a.example/', '"https://a.example"'], ['https://a.example/app', '"https://a.example"'], ['https://a.example?x=1', '"https://a.example"'], ['https://a.example#x', '"https://a.example"'],
  ['https://a.example:8443/', '"https://a.example:8443"'], ['HTTPS://A.example/', '"https://a.example"'], ['https://kim:pw@a.example', '"https://a.example"'], ['https://@a.example', '"https://a.example"'],
  ['https://*.a.example/*', '"https://*.a.example"'], ['https://[::1]:3000/', '"https://[::1]:3000"'],
  ['a.example', '"https://a.example"'], ['a.example/', '"https://a.example"'], ['//a.example', '"https://a.example"'], ['https:/a.example', '"https://a.example"'], ['https//a.example', '"https://a.example"'],
  ['a.example:8443', '"https://a.example:8443"'], ['*.a.example', '"https://*.a.example"'], ['localhost:3000', '"http://localhost:3000"'], ['127.0.0.1:3000', '"http://127.0.0.1:3000"'], ['*:*', '"https://*:*"'],
  ['*://a.example', /'https:\/\/a\.example', 'http:\/\/a\.example'/], ['http*://a.example', /one text for each scheme/],
  ['wss://a.example', '"https://a.example"'], ['ws://a.example:81', '"http://a.example:81"'], ['file:///index.html', "'null'"], ['file://', "'null'"],
  ['https://a.example, https://b.example', /one text for each origin/], [' https://a.example', /a space/], ['https://a.example\n', /a space/], ['https://a b.example', /a space/],
  ['https://', /no host/], ['https://:443', /no host/], ['https://a.example:', /no port/], ['https://a.example:port', /no port/], ['https://a.example:99999', /no port/], ['https://a.example:-1', /no port/],
  ['https://(a|b).example', /no host/], ['https://[::1', /no (host|port) that exists/], ['https://[x]', /no host/], ['https://[*]', /no host/], ['https://999.999.999.999', /no host/], ['1http://a.example', /no scheme/],
  ['NULL', /no scheme/], ['*', /stand alone/], [`https://${'a'.repeat(600)}.example`, /longer than 512/]
]

t.test('U7: a text that refuses everybody is refused, with the form that is right', async (t) => {
  for (const [text, right] of REFUSED) {
    const problem = originProblem(text)
    if (typeof right === 'string') t.ok(problem?.includes(`write ${right}`), `${text.slice(0, 60)}: ${problem}`)
    else t.match(problem, right, text)
    if (typeof right === 'string' && right.startsWith('"')) t.equal(originProblem(JSON.parse(right)), null, `${right} is right`)
  }
})

/** Texts that are good, an origin that they let in, and one that they do not. */
const TAKEN: readonly (readonly [string, string, string])[] = [
  ['https://a.example', 'https://a.example', 'https://a.example.'], ['HTTPS://A.Example', 'https://a.example', 'http://a.example'], ['https://a.example', 'HTTPS://A.EXAMPLE', 'https://aXexample'],
  ['https://a.example:443', 'https://a.example', 'https://a.example:80'], ['http://a.example:80', 'http://a.example', 'https://a.example'], ['http://a.example:443', 'http://a.example:443', 'http://a.example'],
  ['https://a.example:8443', 'https://a.example:8443', 'https://a.example'], ['https://*.a.example:443', 'https://b.a.example', 'https://b.a.example:444'],
  ['http://[::1]:3000', 'http://[::1]:3000', 'http://[::2]:3000'], ['http://[0:0:0:0:0:0:0:1]', 'http://[::1]', 'http://[::1]:1'], ['https://[2001:DB8::1]:*', 'https://[2001:db8::1]:4', 'https://[2001:db8::1]'],
  ['https://münchen.example', 'https://xn--mnchen-3ya.example', 'https://munchen.example'], ['https://*.münchen.example', 'https://a.xn--mnchen-3ya.example', 'https://xn--mnchen-3ya.example'],
  ['http://localhost:*', 'http://localhost:5173', 'http://localhost'], ['http://localhost:80*', 'http://localhost:8080', 'http://localhost:80'], ['https://*', 'https://a.b', 'http://a.b'],
  ['https://a-*.example', 'https://a-b.example', 'https://a-.example'], ['https://*.*.example', 'https://a.b.example', 'https://a.example'], ['https://*-*.example', 'https://a-b.example', 'https://a/-b.example'],
  ['https://**.example', 'https://ab.example', 'https://.example'], ['https://a*b.example', 'https://abb.example', 'https://ab.example'],
  ['capacitor://localhost', 'capacitor://localhost', 'http://localhost'], ['chrome-extension://abcdef', 'chrome-extension://abcdef', 'chrome-extension://abcde'],
  ['https://*.app.example', 'https://x.app.example', 'https://evil.example/.app.example'], ['https://*.app.example', 'https://x.y.app.example', 'https://evil.example:1.app.example'],
  ['null', 'null', 'https://null']
]

t.test('U7: every other text works', async (t) => {
  for (const [text, yes, no] of TAKEN) {
    t.equal(originProblem(text), null, text)
    t.ok(originMatcher(text)(yes), `${text} lets ${yes} in`)
    t.notOk(originMatcher(text)(no), `${text} does not let ${no} in`)
  }
  t.equal(canonicalOrigin('https://A.example:443'), 'https://a.example')
})

t.test('SEC: many * against a long origin are no work', async (t) => {
  const matches = originMatcher(`https://${'*-'.repeat(100)}.example`)
  t.notOk(matches(`https://${'a-'.repeat(240)}!`))
  t.notOk(matches(`https://${'-'.repeat(500)}`))
  t.ok(matches(`https://${'a-'.repeat(100)}.example`))
})
