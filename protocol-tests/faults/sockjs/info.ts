import { crash, head, header, json, upload } from '../mutations/http.ts'
import { at, both, on, request, when } from '../mutations/where.ts'
import type { Fault, Mutation } from '../types.ts'

const infoFields = (change: (info: Record<string, unknown>) => object): Mutation => on('info', json(change))
const served = { last: 0 }

export const info: readonly Fault[] = [
  {
    id: 'info-type',
    row: 'INFO-1',
    breaks: '/info is sent as text',
    proxy: on('info', header('Content-Type', 'text/plain; charset=UTF-8')),
    expect: ['INFO-1']
  },
  {
    id: 'info-origins',
    row: 'INFO-2',
    breaks: '/info has no origins',
    proxy: infoFields(({ origins, ...others }) => others),
    expect: ['INFO-2']
  },
  {
    id: 'info-websocket-text',
    row: 'INFO-2',
    breaks: 'websocket in /info is a text',
    proxy: infoFields((fields) => ({ ...fields, websocket: String(fields['websocket']) })),
    expect: ['INFO-2', 'INFO-7']
  },
  {
    id: 'entropy-constant',
    row: 'INFO-3',
    breaks: 'entropy is always the same',
    proxy: infoFields((fields) => ({ ...fields, entropy: 4 })),
    expect: ['INFO-3', 'INFO-4']
  },
  {
    id: 'entropy-fraction',
    row: 'INFO-3',
    breaks: 'entropy is a number between 0 and 1',
    proxy: infoFields((fields) => ({ ...fields, entropy: Math.random() })),
    expect: ['INFO-2', 'INFO-3', 'INFO-4']
  },
  {
    id: 'entropy-clock',
    row: 'INFO-4',
    breaks: 'entropy is the time in microseconds',
    proxy: infoFields((fields) => ({ ...fields, entropy: Math.round(performance.now() * 1000) % 2 ** 32 })),
    expect: ['INFO-4']
  },
  {
    id: 'entropy-short',
    row: 'INFO-4',
    breaks: 'entropy has 16 bits',
    proxy: infoFields((fields) => ({ ...fields, entropy: Math.floor(Math.random() * 2 ** 16) })),
    expect: ['INFO-4']
  },
  {
    id: 'entropy-steps',
    row: 'INFO-4',
    breaks: 'entropy grows by the same step each time',
    proxy: infoFields((fields) => ({ ...fields, entropy: (served.last += 0x3c6ef372) % 2 ** 32 })),
    expect: ['INFO-4']
  },
  {
    id: 'info-websocket-on',
    row: 'INFO-7',
    breaks: '/info says that there are WebSockets where they are switched off',
    proxy: infoFields((fields) => ({ ...fields, websocket: true })),
    expect: ['=INFO-7']
  },
  {
    id: 'info-websocket-off',
    row: 'INFO-7',
    breaks: '/info says that there are no WebSockets',
    proxy: infoFields((fields) => ({ ...fields, websocket: false })),
    expect: ['INFO-7.on']
  },
  {
    id: 'info-cookie-off',
    row: 'INFO-8',
    breaks: '/info never asks for cookies',
    proxy: infoFields((fields) => ({ ...fields, cookie_needed: false })),
    expect: ['INFO-8', 'COOKIE-1']
  },
  {
    id: 'info-cookie-on',
    row: 'INFO-8',
    breaks: '/info always asks for cookies',
    proxy: infoFields((fields) => ({ ...fields, cookie_needed: true })),
    expect: ['INFO-7.on']
  },
  {
    id: 'info-base-url',
    row: 'INFO-9',
    breaks: '/info names a base_url where none is configured',
    proxy: at('/echo', infoFields((fields) => ({ ...fields, base_url: '' }))),
    expect: ['INFO-9.absent']
  },
  {
    id: 'info-post',
    row: 'INFO-13',
    breaks: 'POST on /info is served as GET is',
    proxy: on('info', when(({ method }) => method === 'POST', both(upload(() => ''), request((exchange) => { exchange.method = 'GET' })))),
    expect: ['INFO-13']
  },
  {
    id: 'info-allow',
    row: 'INFO-13',
    breaks: 'the 405 of /info does not name OPTIONS',
    proxy: on('info', head((answer) => { if (answer.status === 405) answer.headers.set('Allow', 'GET') })),
    expect: ['INFO-13']
  },
  {
    id: 'info-upgrade-crash',
    row: 'INFO-15',
    breaks: 'an upgrade of /info ends the process',
    proxy: on('info', when(({ headers }) => headers.get('upgrade') !== undefined, crash)),
    expect: ['INFO-15', '=PIT-6']
  }
]
