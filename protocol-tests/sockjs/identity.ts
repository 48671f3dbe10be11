import { receive } from '../client/session.ts'
import { expectStatus } from '../runner/checks.ts'
import { expectEqual } from '../runner/expect.ts'
import type { Case, Section } from '../types.ts'

const strangers = [
  ['other', 'another user', { 'x-user': 'kim' }, { 'x-user': 'lee' }],
  ['nobody', 'a request without a user', { 'x-user': 'kim' }, {}],
  ['somebody', 'a user, where the session is anonymous,', {}, { 'x-user': 'kim' }]
] as const

const cases: Case[] = [
  {
    id: 'SESSION-17.owner',
    title: 'the user who opened a session goes on with it',
    level: 'D',
    needs: ['/whoami'],
    async run (t) {
      const session = await t.opened('/whoami', 'xhr', { 'x-user': 'kim' })
      await session.send('who?')
      expectEqual(await receive(session, 1), ['kim'], 'the answer')
    }
  },
  ...strangers.map(([name, who, owner, stranger]): Case => ({
    id: `SESSION-17.${name}`,
    title: `for ${who} an existing session is 404, and its owner notices nothing`,
    level: 'D',
    needs: ['/whoami'],
    also: ['PIT-10'],
    async run (t) {
      const session = await t.opened('/whoami', 'xhr', { ...owner })
      expectStatus(await t.post(session.receiveUrl, '', { ...stranger }), 404)
      expectStatus(await t.post(session.sendUrl, '["a","b"]', { ...stranger }), 404)
      await session.send('who?')
      const messages = await receive(session, 1)
      expectEqual(messages.length, 1, 'the number of answers')
    }
  })),
  {
    id: 'SESSION-17.origin',
    title: 'for another origin an existing session is 404; a request without one is let in',
    level: 'D',
    also: ['PIT-10'],
    async run (t) {
      const session = await t.opened('/echo', 'xhr', { Origin: 'https://one.example' })
      expectStatus(await t.post(session.receiveUrl, '', { Origin: 'https://two.example' }), 404)
      expectStatus(await t.post(session.sendUrl, '["intruder"]', { Origin: 'https://two.example' }), 404)
      expectStatus(await t.post(session.sendUrl, '["mine"]'), 204)
      expectEqual(await receive(session, 1), ['mine'], 'the messages of the session')
    }
  }
]

export const identity: Section = { name: 'identity', title: 'Whose session it is', source: 'Protocol', transport: 'xhr', cases }
