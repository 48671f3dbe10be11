import { html } from '../client/transports.ts'
import { expectBody, expectCacheable, expectHeader, expectNoHeader, expectStatus, expectType, HTML } from '../runner/checks.ts'
import { expectBytes, expectEqual, expectMatch, expectThat } from '../runner/expect.ts'
import type { Answer } from '../client/http.ts'
import type { Case, Section } from '../types.ts'

const paths = ['/iframe.html', '/iframe-a.html', '/iframe-.html', '/iframe-0.1.2.html', '/iframe-0.1.2abc-dirty.2144.html']
const wrongPaths = ['/iframe.htm', '/iframe', '/IFRAME.HTML', '/IFRAME', '/iframe.HTML', '/iframe.xml', '/iframe-/.html']

const scriptLine = /^ {2}<script src="([^"]*)"><\/script>$/m

function clientUrl (answer: Answer): string {
  const [, url] = scriptLine.exec(answer.body.toString('utf8')) ?? []
  expectThat(url !== undefined, `the script element of ${answer.request}`, '  <script src="…"></script> on a line of its own', answer.body.toString('utf8'))
  return url
}

function expectPage (answer: Answer): void {
  expectStatus(answer, 200)
  expectType(answer, HTML)
  const page = [
    '<!DOCTYPE html>', '<html>', '<head>', ...html.metaLines, `  <script src="${clientUrl(answer)}"></script>`, '  <script>',
    '    document.domain = document.domain;', '    SockJS.bootstrap_iframe();', '  </script>', '</head>', '<body>', "  <h2>Don't panic!</h2>",
    "  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>", '</body>', '</html>'
  ]
  expectBytes(answer.body.toString('utf8').trim(), page.join('\n'), `the page of ${answer.request}`)
}

/** Sources of `frame-ancestors`, where a Content-Security-Policy names any. */
function frameAncestors (answer: Answer): string | undefined {
  return /frame-ancestors\s+([^;,]+)/.exec(answer.fields.get('content-security-policy') ?? '')?.[1]?.trim()
}

const cases: Case[] = [
  {
    id: 'IFRAME-1',
    title: 'the page of the protocol, at every name that the pattern allows',
    level: 'S',
    run: async (t) => { for (const path of paths) expectPage(await t.get(`/echo${path}`)) }
  },
  {
    id: 'IFRAME-2',
    title: 'a query string changes nothing',
    level: 'S',
    run: async (t) => { for (const query of ['?t=1234', '?t=123414']) expectPage(await t.get(`/echo/iframe-a.html${query}`)) }
  },
  {
    id: 'IFRAME-3',
    title: 'names outside the pattern are 404',
    level: 'S',
    run: async (t) => { for (const path of wrongPaths) expectStatus(await t.get(`/echo${path}`), 404) }
  },
  {
    id: 'IFRAME-4',
    title: 'cacheable, with an ETag, without a cookie',
    level: 'S',
    async run (t) {
      const answer = await t.get('/echo/iframe.html')
      expectCacheable(answer)
      expectMatch(answer.fields.get('etag'), /^(W\/)?"[^"]+"$|^\S+$/, 'the ETag')
      expectNoHeader(answer, 'Set-Cookie')
    }
  },
  {
    id: 'IFRAME-5',
    title: 'the ETag stays the same',
    level: 'S',
    async run (t) {
      const [first, second] = [await t.get('/echo/iframe.html'), await t.get('/echo/iframe.html')]
      expectHeader(second, 'ETag', first.fields.get('etag') ?? 'any')
    }
  },
  ...([
    ['IFRAME-6', 'S', 'If-None-Match with the ETag', (tag: string) => tag],
    ['IFRAME-7.weak', 'D', 'If-None-Match with the weak form of the ETag', (tag: string) => `W/${tag.replace('W/', '')}`],
    ['IFRAME-7.any', 'D', 'If-None-Match: *', () => '*'],
    ['IFRAME-7.list', 'D', 'If-None-Match with a list that contains the ETag', (tag: string) => `"other", ${tag}, "more"`]
  ] as const).map(([id, level, name, value]): Case => ({
    id,
    title: `${name} gives 304 without content type and body`,
    level,
    async run (t) {
      const tag = (await t.get('/echo/iframe.html')).fields.get('etag') ?? ''
      const incoming = await t.open('GET', '/echo/iframe.html', { headers: { 'If-None-Match': value(tag), Connection: 'close' } })
      expectStatus(incoming, 304)
      expectNoHeader(incoming, 'Content-Type')
      expectBytes(await incoming.wire.rest('the end of the connection'), '', 'what follows the head')
    }
  })),
  {
    id: 'IFRAME-7.other',
    title: 'If-None-Match with another tag gives the page',
    level: 'D',
    run: async (t) => expectPage(await t.get('/echo/iframe.html', { 'If-None-Match': '"another"' }))
  },
  {
    id: 'IFRAME-8',
    title: "the client's URL starts with a slash or http",
    level: 'S',
    run: async (t) => expectMatch(clientUrl(await t.get('/echo/iframe.html')), /^(\/|http)/, "the client's URL")
  },
  {
    id: 'IFRAME-8.fixed',
    title: "nothing in a request changes the client's URL, and it holds no bare markup",
    level: 'D',
    async run (t) {
      const usual = await t.get('/echo/iframe.html')
      expectThat(!/[<>&](?!amp;|lt;|gt;|quot;|#)/.test(clientUrl(usual)), "the client's URL", 'escaped text', clientUrl(usual))
      const odd = await t.get('/echo/iframe.html?sockjs_url=//evil.example/x.js&client=%3Cb%3E', {
        'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'gopher', Referer: 'https://evil.example/', Host: 'evil.example'
      })
      expectBody(odd, usual.body.toString('utf8'))
    }
  },
  {
    id: 'IFRAME-10',
    title: 'no header keeps allowed pages from framing it',
    level: 'C',
    async run (t) {
      const answer = await t.get('/echo/iframe.html')
      expectNoHeader(answer, 'X-Frame-Options')
      const ancestors = frameAncestors(answer)
      expectThat(ancestors === undefined || ancestors === '*', 'frame-ancestors', 'absent or *', ancestors)
    }
  },
  {
    id: 'IFRAME-12',
    title: 'HEAD answers 200 without a body',
    level: 'D',
    async run (t) {
      const incoming = await t.open('HEAD', '/echo/iframe.html', { headers: { Connection: 'close' } })
      expectStatus(incoming, 200)
      expectBytes(await incoming.wire.rest('the end of the connection'), '', 'what follows the head')
    }
  },
  {
    id: 'IFRAME-13.same',
    title: 'without an origins option only pages of the server itself may frame it',
    level: 'D',
    needs: ['/same_origin'],
    async run (t) {
      const answer = await t.get('/same_origin/iframe.html')
      expectPage(answer)
      expectHeader(answer, 'X-Frame-Options', 'SAMEORIGIN')
      expectEqual(frameAncestors(answer), "'self'", 'frame-ancestors')
    }
  },
  {
    id: 'IFRAME-13.list',
    title: 'with a list of origins there is no page',
    level: 'D',
    needs: ['/restricted'],
    run: async (t) => expectStatus(await t.get('/restricted/iframe.html'), 404)
  },
  {
    id: 'IFRAME-13.any',
    title: 'with every origin allowed no framing header is sent',
    level: 'D',
    async run (t) {
      const answer = await t.get('/echo/iframe.html')
      expectNoHeader(answer, 'X-Frame-Options')
      expectEqual(frameAncestors(answer), undefined, 'frame-ancestors')
    }
  }
]

export const iframe: Section = { name: 'iframe', title: 'iframe page', source: 'IframePage', cases }
