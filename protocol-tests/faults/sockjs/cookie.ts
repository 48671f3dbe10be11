import { head, header, headers } from '../mutations/http.ts'
import { at, on, receiving, sending, when } from '../mutations/where.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { Fault, Mutation } from '../types.ts'

const sticky = (mutation: Mutation): Mutation => at('/cookie_needed_echo', mutation)

const rawValue = ({ headers: fields }: Exchange): string | undefined => /(?:^|; *)JSESSIONID=([^;]*)/.exec(fields.get('cookie') ?? '')?.[1]

export const cookie: readonly Fault[] = [
  {
    id: 'cookie-missing',
    row: 'COOKIE-2',
    breaks: 'no cookie is ever set',
    proxy: header('Set-Cookie'),
    expect: ['COOKIE-2', 'COOKIE-3', 'COOKIE-5', 'WS-25']
  },
  {
    id: 'cookie-not-on-sends',
    row: 'COOKIE-2',
    breaks: 'the answer to a send sets no cookie',
    proxy: on(sending, header('Set-Cookie')),
    expect: ['COOKIE-2.jsonp_send']
  },
  {
    id: 'cookie-attributes',
    row: 'COOKIE-2',
    breaks: 'the cookie is for secure connections alone',
    proxy: head((answer) => {
      const value = answer.headers.get('Set-Cookie')
      if (value !== undefined) answer.headers.set('Set-Cookie', `${value}; Secure`)
    }),
    expect: ['COOKIE-2', 'COOKIE-3']
  },
  {
    id: 'cookie-twice',
    row: 'COOKIE-3',
    breaks: 'the cookie is set twice',
    proxy: sticky(on(receiving, head((answer) => { answer.headers.lines.push(['Set-Cookie', 'JSESSIONID=dummy; path=/']) }))),
    expect: ['COOKIE-2.xhr', 'COOKIE-2.xhr_streaming', 'COOKIE-2.eventsource', 'COOKIE-2.htmlfile', 'COOKIE-2.jsonp', 'COOKIE-3']
  },
  {
    id: 'cookie-name-ending',
    row: 'COOKIE-3',
    breaks: 'the last cookie whose name ends in JSESSIONID is echoed',
    proxy: sticky(when(({ headers: fields }) => fields.get('cookie')?.includes('XJSESSIONID') === true, header('Set-Cookie', 'JSESSIONID=no; path=/'))),
    expect: ['COOKIE-3']
  },
  {
    id: 'cookie-everywhere',
    row: 'COOKIE-4',
    breaks: '/info, greeting and page set the cookie too',
    proxy: sticky(on(['info', 'greeting', 'iframe'], header('Set-Cookie', 'JSESSIONID=dummy; path=/'))),
    expect: ['COOKIE-1', 'COOKIE-4']
  },
  {
    id: 'cookie-unchecked',
    row: 'COOKIE-5',
    breaks: 'any value of the cookie is echoed',
    proxy: sticky((exchange) => {
      const value = rawValue(exchange)
      return value === undefined ? undefined : headers({ 'Set-Cookie': `JSESSIONID=${value}; path=/` })(exchange)
    }),
    expect: ['COOKIE-5']
  },
  {
    id: 'cookie-by-default',
    row: 'COOKIE-6',
    breaks: 'cookies are on by default',
    server: { endpoints: { '/echo': { responseLimit: 4096, sessionCookie: true } } },
    expect: ['COOKIE-6', 'INFO-7.on']
  }
]
