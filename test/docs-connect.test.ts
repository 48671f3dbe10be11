import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import t from 'tap'
import { blocksOf } from './support/docs/markdown.ts'
import { buildServer } from './support/server.ts'
import { deferred, within } from './support/wait.ts'

// The page docs/browser.md gives a function to copy. It is tested here as it stands there.

interface Connection {
  send (text: string): boolean
  close (): void
}
interface Copied {
  connect (url: string | (() => Promise<string>), onMessage: (text: string) => void, onEnd?: (code: number, reason: string) => void): Connection
}

const PAGE = fileURLToPath(new URL('../docs/browser.md', import.meta.url))
const file = join(t.testdir({}), 'connect.mjs')
writeFileSync(file, blocksOf(PAGE, readFileSync(PAGE, 'utf8')).find(({ code }) => code.includes('export function connect'))!.code)
const { connect } = await import(pathToFileURL(file).href) as Copied

t.test('connect() asks for a URL before each session, and sends the messages that waited', async (t) => {
  const tickets: string[] = []
  const server = await buildServer(t, {
    handler (session) {
      tickets.push(new URL(session.url, 'http://localhost').searchParams.get('ticket') ?? '')
      session.on('message', (text) => {
        session.send(`${tickets.length}: ${text as string}`)
        if (text === 'restart') session.close(1012, 'Server restarting')
      })
    }
  })
  const messages: string[] = []
  const second = deferred<void>()
  let asked = 0
  const connection = connect(async () => `http://127.0.0.1:${server.port}/echo?ticket=${++asked}`, (text) => {
    messages.push(text)
    if (text.startsWith('1')) setImmediate(() => { connection.send('again') })
    else second.resolve()
  })
  t.teardown(() => connection.close())
  t.equal(connection.send('restart'), true, 'before the session is open')
  await within(second.promise, 'the second session')
  t.same(messages, ['1: restart', '2: again'])
  t.same(tickets, ['1', '2'])
})

for (const code of [1008, 1009, 4000]) {
  t.test(`connect() ends after a close with ${code}`, async (t) => {
    let sessions = 0
    const server = await buildServer(t, {
      handler (session) {
        sessions++
        session.close(code, 'the end')
      }
    })
    const end = deferred<[number, string]>()
    const connection = connect(`http://127.0.0.1:${server.port}/echo`, () => {}, (...event) => end.resolve(event))
    t.teardown(() => connection.close())
    t.same(await within(end.promise, 'the end'), [code, 'the end'])
    t.equal(connection.send('too late'), false)
    t.equal(sessions, 1)
  })
}
