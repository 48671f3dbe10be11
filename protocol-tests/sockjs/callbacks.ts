/** Rules about the callback parameter, which htmlfile and jsonp share. */
import { callback } from '../client/transports.ts'
import { expectContains, expectStatus } from '../runner/checks.ts'
import { expectThat } from '../runner/expect.ts'
import type { Case } from '../types.ts'

type CallbackTransport = 'htmlfile' | 'jsonp'

interface CallbackRows {
  required: string
  invalid: string
  length: string
  empty: string
  repeated: string
  alias: string
  noSession: string
}

const invalid = ['%20', '*', 'abc(', 'abc%28', 'a%3Cb', 'a%0Ab', "a'b"]

export function callbackCases (transport: CallbackTransport, rows: CallbackRows): Case[] {
  const sender = transport === 'jsonp' ? 'jsonp_send' : 'xhr_send'
  const needed = '"callback" parameter required'
  const refused = 'invalid "callback" parameter'

  const refusal = (id: string, level: 'S' | 'D', title: string, queries: readonly string[], words: string): Case => ({
    id,
    title,
    level,
    also: ['PIT-11'],
    transport,
    async run (t) {
      for (const query of queries) {
        const answer = await t.get(`${t.sessionPath('/echo')}/${transport}${query}`)
        expectStatus(answer, 500)
        expectContains(answer, words)
      }
    }
  })

  const accepted = (id: string, title: string, query: string, name: string): Case => ({
    id,
    title,
    level: 'D',
    transport,
    async run (t) {
      const incoming = await t.open('GET', `${t.sessionPath('/echo')}/${transport}${query}`)
      expectStatus(incoming, 200)
      const chunk = await incoming.chunk() ?? Buffer.alloc(0)
      const use = transport === 'jsonp' ? `/**/${name}(` : `parent.${name};`
      expectThat(chunk.includes(use), 'the first chunk', `something that contains ${use}`, chunk.toString('utf8').slice(0, 500))
    }
  })

  return [
    refusal(rows.required, 'S', 'without a callback: 500, and words that say so', ['', '?', '?x=y'], needed),
    refusal(rows.invalid, 'S', 'a callback with other characters than letters, digits, - _ and . is refused', invalid.map((text) => `?c=${text}`), refused),
    refusal(`${rows.length}.33`, 'D', 'a callback of 33 characters is refused', [`?c=${'c'.repeat(33)}`], refused),
    accepted(`${rows.length}.32`, 'a callback of 32 characters is accepted', `?c=${'c'.repeat(32)}`, 'c'.repeat(32)),
    refusal(rows.empty, 'D', 'an empty callback counts as none', ['?c='], needed),
    refusal(rows.repeated, 'D', 'two callbacks are refused', ['?c=a&c=b'], refused),
    accepted(rows.alias, 'callback= is another name for c=', `?callback=${callback}`, callback),
    {
      id: rows.noSession,
      title: 'a refused callback opens no session',
      level: 'D',
      transport,
      async run (t) {
        for (const query of ['', '?c=a*b']) {
          const path = t.sessionPath('/echo')
          expectStatus(await t.get(`${path}/${transport}${query}`), 500)
          expectStatus(await t.post(`${path}/${sender}`, '["x"]'), 404)
        }
      }
    }
  ]
}
