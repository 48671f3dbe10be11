import { join } from 'node:path'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { connectStomp, type StompClient, type StompOptions } from '../src/stomp-client.ts'
import { checkPage } from './support/examples/people.ts'
import { Examples } from './support/examples/programs.ts'

// Node 20 has none.
Object.assign(globalThis, { WebSocket })

type Ask = (client: StompClient, prompt: string, ontwice?: (word: string) => void) => AsyncGenerator<string>

const PROMPT = 'What does the river carry?'
const examples = new Examples(t)
const env = { WORDS_FOLDER: join(examples.project, 'words'), PAUSE: '10' }

async function load<T> (file: string): Promise<T> {
  return await import(join(examples.project, 'examples/words', file)) as T
}

function connect (t: Test, url: string, options: StompOptions = {}): { client: StompClient, sessions: () => number } {
  const client = connectStomp(`${url}/stomp`, { minDelay: 20, maxDelay: 200, ...options })
  let sessions = 0
  client.onconnected = () => { sessions++ }
  t.teardown(() => client.close())
  return { client, sessions: () => sessions }
}

const post = (url: string): Promise<unknown> => fetch(url, { method: 'POST' }).then((answer) => answer.json())

t.test('the page is there', async (t) => {
  await checkPage(t, (await examples.start(t, 'words', env)).url)
})

t.test('a connection that is cut again and again: one session, and each word once', async (t) => {
  const { ask } = await load<{ ask: Ask }>('public/words.js')
  const { wordsOf } = await load<{ wordsOf (prompt: string): string[] }>('generator.js')
  const { url } = await examples.start(t, 'words', env)
  for (const transport of ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling'] as const) {
    const { client, sessions } = connect(t, url, { transports: [transport] })
    const words: string[] = []
    const twice: string[] = []
    for await (const word of ask(client, PROMPT, (word) => twice.push(word))) {
      words.push(word)
      if (words.length % 20 === 0) t.match(await post(`${url}/cut`), { cut: Number })
    }
    t.strictSame(words, wordsOf(PROMPT), `${transport}: the words are the text`)
    t.strictSame(twice, [], 'the server told none again')
    t.equal(sessions(), 1, 'the session is the same')
    await client.close()
  }
})

t.test('a server that is killed and started again: another session, and each word once', async (t) => {
  const { ask } = await load<{ ask: Ask }>('public/words.js')
  const { wordsOf } = await load<{ wordsOf (prompt: string): string[] }>('generator.js')
  let server = await examples.start(t, 'words', env)
  const { port } = new URL(server.url)
  const { client, sessions } = connect(t, server.url)
  const words: string[] = []
  const twice: string[] = []
  for await (const word of ask(client, PROMPT, (word) => twice.push(word))) {
    words.push(word)
    if (words.length % 30 !== 0 || words.length > 60) continue
    await post(`${server.url}/crash`).catch(() => {})
    await server.gone
    server = await examples.start(t, 'words', { ...env, PORT: port })
  }
  t.strictSame(words, wordsOf(PROMPT), 'the words are the text')
  t.equal(sessions(), 3, 'two sessions were lost')
  t.not(twice.length, 0, 'the page left out the words that it had')
})

t.test('two pages, and a page that comes late, read the same answer', async (t) => {
  const { wordsOf } = await load<{ wordsOf (prompt: string): string[] }>('generator.js')
  const { url } = await examples.start(t, 'words', env)
  const { client } = connect(t, url)
  const params = { id: '0'.repeat(32) }
  await client.send('/app/answers/:id', { prompt: PROMPT }, { params })
  await client.send('/app/answers/:id', { prompt: 'another question' }, { params })
  const read = async (): Promise<string[]> => {
    const words: string[] = []
    const answer = client.subscribe('/app/answers/:id', { params })
    for await (const { body } of answer) {
      const { at, word } = body as { at: number, word?: string }
      if (at !== words.length) t.fail(`word ${at} after ${words.length} words`)
      if (word === undefined) break
      words.push(word)
    }
    return words
  }
  const [one, two] = await Promise.all([read(), read()])
  t.strictSame(one, wordsOf(PROMPT), 'the second question with the id changed nothing')
  t.strictSame(two, one)
  t.strictSame(await read(), one)
  await t.rejects(client.send('/app/answers/:id', { prompt: PROMPT }, { params: { id: '..' } }), { code: 'FST_STOMP_VALIDATION' })
  await t.rejects(client.subscribe('/app/answers/:id', { params: { id: 'f'.repeat(32) } }).ready, { message: 'there is no such answer' }, 'an unknown answer is refused')
})

t.test('warnings', async (t) => { t.same(examples.warnings, [], 'none has given one') })
