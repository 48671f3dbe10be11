import { frames } from '../mutations/frames.ts'
import { json, status, target } from '../mutations/http.ts'
import { at, on, perSession, sending, when } from '../mutations/where.ts'
import type { Fault, Mutation } from '../types.ts'

const endpoint = '/resumable'

const isToken = (frame: string): boolean => frame.startsWith('r["')

/** Another frame in the place of an `r` frame. */
function instead (is: (frame: string) => boolean, change: (frame: string) => string | readonly string[]): Mutation {
  return at(endpoint, frames((frame) => is(frame) ? change(frame) : frame))
}

/** The count of a frame with a token is higher or lower. */
function counts (change: (count: number) => number): Mutation {
  return instead(isToken, (frame) => {
    const [token, count] = JSON.parse(frame.slice(1)) as [string, number]
    return `r${JSON.stringify([token, change(count)])}`
  })
}

/** The server sees another value of `resume`. */
function resumes (change: (value: string) => string): Mutation {
  return at(endpoint, target((url) => url.replace(/(?<=[?&]resume=)[^&]*/, change)))
}

/** A token can be used once. */
function once (): Mutation {
  const used = new Set<string>()
  return resumes((value) => {
    const [token = ''] = value.split('.')
    if (token === '1') return value
    if (used.has(token)) return value.replace(token, 'A'.repeat(22))
    used.add(token)
    return value
  })
}

/** A token that was used up is exchanged for the newest one. */
function forever (): Mutation {
  let newest = ''
  const learns = frames((frame) => {
    if (isToken(frame)) [newest] = JSON.parse(frame.slice(1)) as [string]
    return frame
  })
  return at(endpoint, (exchange) => {
    exchange.target = exchange.target.replace(/(?<=[?&]resume=)[\w-]{22}(?=\.)/, (token) => newest === '' || token === 'A'.repeat(22) ? token : newest)
    return learns(exchange)
  })
}

/** The first messages of a connection that was resumed are lost. */
const loses: Mutation = at(endpoint, when(({ query }) => /resume=.*\./.test(query), frames((frame) => frame.startsWith('a') ? [] : frame)))

/** Polls are exchanges of their own, so that the loss follows the session. */
function losesPolls (): Mutation {
  const memory = perSession(() => ({ resumed: false }))
  return at(endpoint, (exchange) => {
    if (/resume=.*\./.test(exchange.query)) memory(exchange).resumed = true
    return memory(exchange).resumed ? frames((frame) => frame.startsWith('a') ? [] : frame)(exchange) : loses(exchange)
  })
}

export const resume: readonly Fault[] = [
  {
    id: 'resume-info-text',
    row: 'RESUME-1',
    breaks: 'info names the time for a session to be resumed as a text',
    proxy: at(endpoint, on('info', json<{ resume?: number }>((info) => ({ ...info, resume: String(info.resume) })))),
    expect: ['RESUME-1']
  },
  {
    id: 'resume-no-token',
    row: 'RESUME-2',
    breaks: 'a client that asks for a session that can be resumed gets no token',
    proxy: instead(isToken, () => []),
    expect: ['RESUME-2']
  },
  {
    id: 'resume-short-token',
    row: 'RESUME-2',
    breaks: 'tokens have 8 characters',
    proxy: instead(isToken, (frame) => frame.replace(/"(.{8})[^"]*"/, '"$1"')),
    expect: ['RESUME-2']
  },
  {
    id: 'resume-unasked',
    row: 'RESUME-3',
    breaks: 'every client gets a token',
    proxy: at(endpoint, on(['xhr', 'xhr_streaming', 'eventsource', 'websocket'], target((url) => url.includes('?') ? url : `${url}?resume=1`))),
    expect: ['RESUME-3']
  },
  {
    id: 'resume-opens-anew',
    row: 'RESUME-4',
    breaks: 'a client that comes back gets a new session',
    proxy: resumes(() => '1'),
    expect: ['RESUME-4', 'RESUME-5', 'RESUME-9', 'RESUME-15']
  },
  {
    id: 'resume-lost-messages',
    row: 'RESUME-4',
    breaks: 'messages that were lost by the cut are not sent again',
    proxy: losesPolls(),
    expect: ['RESUME-4', 'RESUME-9', 'RESUME-15']
  },
  {
    id: 'resume-count-low',
    row: 'RESUME-5',
    breaks: 'the server says that it has one message less than it has',
    proxy: counts((count) => Math.max(0, count - 1)),
    expect: ['RESUME-5']
  },
  {
    id: 'resume-no-confirmation',
    row: 'RESUME-6',
    breaks: 'the server never confirms messages',
    proxy: instead((frame) => /^r\[\d/.test(frame), () => []),
    expect: ['RESUME-6']
  },
  {
    id: 'resume-used-token',
    row: 'RESUME-7',
    breaks: 'a token that is used up still resumes the session',
    proxy: forever(),
    expect: ['RESUME-7']
  },
  {
    id: 'resume-silent-refusal',
    row: 'RESUME-8',
    breaks: 'an unknown token gets no r[]',
    proxy: instead((frame) => frame === 'r[]', () => 'h'),
    expect: ['RESUME-7', 'RESUME-8', 'RESUME-12', 'RESUME-13', 'RESUME-14']
  },
  {
    id: 'resume-token-once',
    row: 'RESUME-9',
    breaks: 'a token is used up by its first use, although the answer may be lost',
    proxy: once(),
    expect: ['RESUME-9', 'RESUME-13']
  },
  {
    id: 'resume-two-connections',
    row: 'RESUME-10',
    breaks: 'a connection whose session was resumed is not told',
    proxy: instead((frame) => frame.startsWith('c[2010'), () => 'c[1000,"Normal closure"]'),
    expect: ['RESUME-10']
  },
  {
    id: 'resume-late-send',
    row: 'RESUME-11',
    breaks: 'a send with the old id is 204',
    proxy: at(endpoint, on(sending, status(404, 204))),
    expect: ['RESUME-11']
  },
  {
    id: 'resume-no-leave',
    row: 'RESUME-12',
    breaks: 'close=1 does not end the session',
    proxy: at(endpoint, target((url) => url.replace('close=1', 'close=0'))),
    expect: ['RESUME-12']
  },
  {
    id: 'resume-any-count',
    row: 'RESUME-13',
    breaks: 'a count of messages that were never sent is accepted',
    proxy: resumes((value) => value === '1' ? value : value.replace(/\d+$/, '0')),
    expect: ['RESUME-13']
  },
  {
    id: 'resume-too-long',
    row: 'RESUME-14',
    breaks: 'a session can be resumed for longer than info says',
    proxy: at(endpoint, on('info', json<{ resume?: number }>((info) => ({ ...info, resume: 100 })))),
    expect: ['RESUME-14']
  }
]
