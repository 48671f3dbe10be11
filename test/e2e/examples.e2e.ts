import { cpSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Examples, startProgram } from '../support/examples/programs.ts'
import { until } from '../support/wait.ts'
import { openPage, takePictures, useBrowser } from './examples-site.ts'
import { execute, Workshop } from './loading/workshop.ts'

const PROMPT = 'What does the river carry?'

const examples = new Examples(t)
useBrowser()

t.test('chat: two people, the rooms, and a name that is refused', async (t) => {
  const server = await examples.start(t, 'chat')
  const people = []
  for (const [name, by] of [['kim', 'websocket'], ['lee', 'http']] as const) {
    const page = await openPage(t, server.url)
    await page.fill('#name', name)
    await page.locator(`label:has([value=${by}])`).click()
    await page.click('#enter .primary')
    await page.locator('#link', { hasText: 'Connected' }).waitFor()
    people.push(page)
  }
  const [kim, lee] = people as [typeof people[0], typeof people[0]]
  await kim.locator('#people', { hasText: 'kim, lee' }).waitFor()
  for (const [page, text] of [[kim, 'Good morning'], [lee, 'Good morning to you'], [kim, 'The kettle is on']] as const) {
    await page.fill('#text', text)
    await page.press('#text', 'Enter')
    for (const each of people) await each.locator('#messages p', { hasText: text }).last().waitFor()
  }
  t.same(await lee.locator('#messages p').allTextContents(), ['Good morning', 'Good morning to you', 'The kettle is on'])
  await takePictures(t, kim, 'chat')

  await lee.locator('[data-room=Kitchen]').click()
  await kim.locator('#people', { hasText: /^kim$/ }).waitFor()
  await lee.locator('[data-room=Lobby]').click()
  await until(async () => await lee.locator('#messages p').count() === 3, 'the earlier messages are there')

  const stranger = await openPage(t, server.url)
  await stranger.fill('#name', '<b>')
  await stranger.click('#enter .primary')
  await stranger.locator('#problem', { hasText: /Login refused|letters/ }).waitFor()
})

t.test('words: cuts and a crash, and each word once', async (t) => {
  const env = { WORDS_FOLDER: join(examples.project, 'words'), PAUSE: '40' }
  const { wordsOf } = await import(join(examples.project, 'examples/words/generator.js')) as { wordsOf (prompt: string): string[] }
  const server = await examples.start(t, 'words', env)
  const page = await openPage(t, server.url)
  const number = async (name: string): Promise<number> => Number(await page.textContent(`#${name}`))
  const wordsReach = (count: number): Promise<void> => until(async () => await number('words') >= count, `${count} words`)
  await page.locator('#state', { hasText: 'Connected' }).waitFor()
  await page.fill('#prompt', PROMPT)
  await page.click('#send')
  for (const count of [5, 15, 25]) {
    await wordsReach(count)
    await page.click('#cut')
  }
  await wordsReach(35)
  t.equal(await number('sessions'), 1, 'the session is the same')
  t.equal(await number('twice'), 0, 'the server told no word again')
  await page.locator('#state', { hasText: /^Connected$/ }).waitFor()
  await page.click('#crash')
  await server.gone
  await page.locator('#state', { hasText: /^Waiting to come back$/ }).waitFor()
  await page.locator('#time', { hasText: /^for [1-9]/ }).waitFor()
  await examples.start(t, 'words', { ...env, PORT: new URL(server.url).port })
  await page.locator('#state', { hasText: /^Connected$/ }).waitFor()
  await page.locator('#send:enabled').waitFor()
  t.strictSame((await page.textContent('#answer'))!.trim().split(' '), wordsOf(PROMPT), 'the words are the text')
  t.equal(await number('sessions'), 2)
  t.not(await number('twice'), 0)
  t.equal(await number('cuts'), 3)
  await takePictures(t, page, 'words')
})

t.test('stocks: installed, built and typed, with its prices', async (t) => {
  const workshop = await Workshop.open(t)
  const folder = join(workshop.folder, 'stocks')
  cpSync(join(examples.project, 'examples/stocks'), folder, { recursive: true })
  for (const args of [['pkg', 'set', `dependencies.fastify-sockjs=file:${workshop.tarball}`], ['install', '--no-audit', '--no-fund'], ['run', 'build']]) {
    const { ok, text } = await execute(folder, 'npm', args)
    t.ok(ok, `npm ${args[0]!}: ${ok ? 'done' : text}`)
  }
  const server = await startProgram(t, folder, 'dist/server/server.js')
  const page = await openPage(t, server.url)
  await page.locator('[role=status]', { hasText: 'Live' }).waitFor()
  await until(async () => (await page.locator('.price').allTextContents()).filter((text) => /^\d+\.\d\d$/.test(text)).length === 4, 'four prices')
  const price = await page.textContent('[data-symbol=ACME] .price')
  await until(async () => await page.textContent('[data-symbol=ACME] .price') !== price, 'it moves')
  await until(async () => (await page.getAttribute('[data-symbol=ACME] polyline', 'points'))!.split(' ').length > 10, 'a curve')
  await takePictures(t, page, 'stocks')
})
