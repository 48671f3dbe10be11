/** The callback parameter, which jsonp and htmlfile share. */
import { body, reply, status } from '../mutations/http.ts'
import { on, request, when } from '../mutations/where.ts'
import type { Exchange } from '../proxy/exchange.ts'
import type { Fault, Mutation } from '../types.ts'
import { unlimitedCallback } from './numbered.ts'

const scripted = (mutation: Mutation): Mutation => on(['jsonp', 'htmlfile'], mutation)

const callbackOf = ({ query }: Exchange): string => new URLSearchParams(query).get('c') ?? ''

const withQuery = (query: string): Mutation => request((exchange) => { exchange.target = exchange.target.replace(/\?.*|$/, query) })

export const callbacks: readonly Fault[] = [
  {
    id: 'callback-optional',
    row: 'JSONP-5',
    breaks: 'without a callback one with a usual name is called',
    proxy: scripted(when(({ query }) => !/(^|&)(c|callback)=/.test(query), withQuery('?c=callback'))),
    expect: ['JSONP-5.required', 'JSONP-5.no-session', '=HTMLFILE-5', 'HTMLFILE-11']
  },
  {
    id: 'callback-any',
    row: 'JSONP-5',
    breaks: 'a callback may have any characters',
    proxy: scripted((exchange) => {
      const name = callbackOf(exchange)
      if (/^[\w.-]*$/.test(name)) return undefined
      exchange.target = exchange.target.replace(/\?.*/, '?c=plain')
      return body((text) => text.replaceAll('plain', () => Buffer.from(name).toString('latin1')))(exchange)
    }),
    expect: ['JSONP-5.invalid', '=HTMLFILE-6', 'JSONP-5.no-session', 'HTMLFILE-11']
  },
  {
    id: 'callback-refusal-400',
    row: 'JSONP-5',
    breaks: 'a refused callback is 400',
    proxy: scripted(status(500, 400)),
    expect: ['JSONP-5', 'JSONP-11.33', 'JSONP-12', 'JSONP-13', '=HTMLFILE-5', 'HTMLFILE-5.empty', 'HTMLFILE-6', 'HTMLFILE-9.33', 'HTMLFILE-11']
  },
  {
    id: 'callback-refusal-silent',
    row: 'JSONP-5',
    breaks: 'a refused callback is 500 without words',
    proxy: scripted(status(500, 500, '')),
    expect: ['JSONP-5.required', 'JSONP-5.invalid', 'JSONP-11.33', 'JSONP-12', 'JSONP-13', '=HTMLFILE-5', 'HTMLFILE-6', 'HTMLFILE-9.33', 'HTMLFILE-5.empty']
  },
  {
    id: 'callback-long-htmlfile',
    row: 'HTMLFILE-9',
    breaks: 'the length of the callback of htmlfile is not limited',
    proxy: unlimitedCallback('htmlfile', (name) => `parent.${name};`),
    expect: ['HTMLFILE-9.33']
  },
  {
    id: 'callback-short',
    row: 'JSONP-11',
    breaks: 'a callback may have 31 characters',
    proxy: scripted(when((exchange) => callbackOf(exchange).length > 31, reply(500, 'invalid "callback" parameter'))),
    expect: ['JSONP-11.32', 'HTMLFILE-9.32']
  },
  {
    id: 'callback-empty',
    row: 'JSONP-12',
    breaks: 'an empty callback is a callback',
    proxy: scripted(when(({ query }) => query === 'c=', withQuery('?c=x'))),
    expect: ['JSONP-12', 'HTMLFILE-5.empty']
  },
  {
    id: 'callback-first',
    row: 'JSONP-13',
    breaks: 'of two callbacks the first one counts',
    proxy: scripted(when(({ query }) => query === 'c=a&c=b', withQuery('?c=a'))),
    expect: ['JSONP-13', 'HTMLFILE-6.repeated']
  },
  {
    id: 'callback-one-name',
    row: 'JSONP-14',
    breaks: 'the callback has one name, c',
    proxy: scripted(when(({ query }) => query.startsWith('callback='), withQuery(''))),
    expect: ['JSONP-14', 'HTMLFILE-5.alias']
  },
  {
    id: 'callback-not-decoded',
    row: 'JSONP-1',
    breaks: 'a callback is not decoded',
    proxy: scripted(when(({ query }) => query.startsWith('c=%63'), reply(500, 'invalid "callback" parameter'))),
    expect: ['JSONP-1', 'HTMLFILE-1', 'HTMLFILE-2']
  },
  {
    id: 'callback-refused-too-late',
    row: 'HTMLFILE-11',
    breaks: 'a request whose callback is refused has opened its session before',
    proxy: (exchange) => {
      if ((exchange.route === 'jsonp' || exchange.route === 'htmlfile') && !/^c=[\w.-]+$/.test(exchange.query)) {
        exchange.target = exchange.target.replace(/\?.*|$/, '?c=x')
        return exchange.route === 'jsonp' ? status(200, 500, 'refused')(exchange) : { head: (answer) => { answer.status = 500 }, ending: 'close' }
      }
      return undefined
    },
    expect: ['JSONP-5.no-session', 'HTMLFILE-11']
  }
]
