import { expectBody, expectNoHeader, expectStatus, expectType, TEXT } from '../runner/checks.ts'
import { expectBytes } from '../runner/expect.ts'
import type { Case, Section } from '../types.ts'

const cases: Case[] = [
  ...(['', '/'] as const).map((slash): Case => ({
    id: `GREETING-1.${slash === '' ? 'bare' : 'slash'}`,
    title: `GET of the base ${slash === '' ? 'without' : 'with'} a slash greets`,
    level: 'S',
    async run (t) {
      const answer = await t.get(`/echo${slash}`)
      expectStatus(answer, 200)
      expectType(answer, TEXT)
      expectBody(answer, 'Welcome to SockJS!\n')
      expectNoHeader(answer, 'Set-Cookie')
    }
  })),
  {
    id: 'GREETING-2',
    title: 'other paths below the base are 404',
    level: 'S',
    async run (t) {
      for (const path of ['/a', '/a.html', '//', '///', '/a/a', '/a/a/', '/a/']) expectStatus(await t.get(`/echo${path}`), 404)
    }
  },
  {
    id: 'GREETING-3',
    title: 'HEAD answers 200 without a body',
    level: 'D',
    async run (t) {
      const incoming = await t.open('HEAD', '/echo', { headers: { Connection: 'close' } })
      expectStatus(incoming, 200)
      expectBytes(await incoming.wire.rest('the end of the connection'), '', 'what follows the head')
    }
  },
  {
    id: 'GREETING-4',
    title: 'an upgrade of the base is 400, its socket is closed, and the server lives on',
    level: 'D',
    also: ['PIT-6'],
    async run (t) {
      const { response, wire } = await t.handshake('/echo')
      expectStatus(response, 400)
      await wire.closed()
      await t.expectAlive()
    }
  }
]

export const greeting: Section = { name: 'greeting', title: 'Greeting', source: 'BaseUrlGreeting', cases }
