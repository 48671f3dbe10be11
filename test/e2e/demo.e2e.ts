import t from 'tap'
import { buildDemo } from '../../examples/demo/src/demo.ts'
import { connected, type Look, PICTURES, says, useDemo } from './demo-site.ts'

const MARKUP = '<img src=x onerror="window.harmed = true"> & "quoted"'

const site = useDemo()

t.test('a session: what was picked and why, /info, messages, frames, round trips', async (t) => {
  const page = await site.open(t, '/')
  await connected(page)
  t.equal(await page.textContent('#headline'), 'Connected by websocket')
  await says(page, '#explanation', 'It is the first transport that this browser and this endpoint have in common.')
  t.same(await page.locator('#info dt').allTextContents(), ['websocket', 'origins', 'cookie_needed', 'entropy'])
  await says(page, '#latest', / ms$/)
  t.ok(await page.locator('.curve').getAttribute('d'), 'a line of round trips')

  await page.fill('#message', MARKUP)
  await page.press('#message', 'Enter')
  await says(page, '[data-kind=in][data-view=messages] .text', MARKUP)
  await says(page, '#received', '1')
  await page.check('[value=frames]')
  await says(page, '[data-kind=in][data-view=frames] .text', `a[${JSON.stringify(MARKUP)}]`)
  t.equal(await page.locator('#log img').count(), 0, 'markup is shown as text')
})

t.test('a transport that was chosen is the one in use', async (t) => {
  const page = await site.open(t, '/?endpoint=disabled_websocket_echo&transport=xhr-polling')
  await connected(page)
  t.equal(await page.textContent('#headline'), 'Connected by xhr-polling')
  await says(page, '#explanation', 'You chose this transport.')
  await page.click('#connect')
  await says(page, '#explanation', 'You closed the session.')
})

const FAILURES: Readonly<Record<string, string>> = {
  '/?endpoint=base_url': 'The endpoint sends its clients to https://node1.example/base_url, which does not answer.',
  '/?endpoint=disabled_websocket_echo&transport=websocket': 'This endpoint has WebSocket switched off.'
}

for (const [path, words] of Object.entries(FAILURES)) {
  t.test(`why it cannot connect: ${path}`, async (t) => {
    const page = await site.open(t, path)
    await page.click('#connect')
    await says(page, '#headline', 'Cannot connect')
    t.equal(await page.textContent('#explanation'), words)
  })
}

t.test('a server that goes, and one that is not there', async (t) => {
  const other = await buildDemo({ logLevel: 'silent' })
  const page = await site.open(t, '/')
  t.teardown(() => other.close())
  const address = await other.listen({ port: 0, host: '127.0.0.1' })
  page.removeAllListeners('request')
  await page.goto(address)
  await connected(page)
  await page.uncheck('#again')
  await other.close()
  await says(page, '#explanation', 'The server is shutting down.')
  t.equal(await page.textContent('#countdown'), '', 'no attempt is planned')
  await page.click('#connect')
  await says(page, '#headline', 'Cannot connect')
  await says(page, '#explanation', 'The server does not answer.')
})

for (const { width, height } of [{ width: 1400, height: 860 }, { width: 390, height: 844 }]) {
  t.test(`U27: the newest line stays in sight when the panel changes, ${width} px`, async (t) => {
    const page = await site.open(t, '/', { width, height, colorScheme: 'light' })
    await connected(page)
    for (let i = 0; i < 40; i++) {
      await page.fill('#message', `line ${i}`)
      await page.press('#message', 'Enter')
    }
    await says(page, '#received', '40')
    const gap = (): Promise<number> => page.evaluate("(() => { const log = document.getElementById('log'); return log.scrollHeight - log.scrollTop - log.clientHeight })()")
    t.ok(await gap() < 2, 'at the end')
    await page.click('#connect')
    await says(page, '#headline', /^Closed/)
    for (const endpoint of ['ticker', 'broadcast', 'tiny', 'echo']) {
      await page.selectOption('#endpoint', endpoint)
      // Two frames: the layout, and the observers of sizes.
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
      t.ok(await gap() < 2, `${endpoint}: ${await gap()} px are out of sight`)
      await connected(page)
      if (endpoint === 'ticker') await says(page, '[data-kind=in][data-view=messages] .text', 'tick!')
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
      t.ok(await gap() < 2, `${endpoint}, connected: ${await gap()} px are out of sight`)
      await page.click('#connect')
      await says(page, '#headline', /^Closed/)
    }
    t.match(await page.locator('#log p').last().textContent(), /close 1000/)
    await page.screenshot({ path: `${PICTURES}follow-${width}.png` })

    // A reader who has scrolled up stays there.
    await page.evaluate("document.getElementById('log').scrollTop = 20")
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
    await connected(page)
    t.equal(await page.evaluate("document.getElementById('log').scrollTop"), 20)
  })
}

t.test('U27: no transport is marked as in use when the session has closed', async (t) => {
  const page = await site.open(t, '/?endpoint=farewell')
  await page.click('#connect')
  await says(page, '#headline', /^Closed: /)
  t.equal(await page.locator('[data-mark=picked]').count(), 0, 'closed by the server')
  await page.selectOption('#endpoint', 'echo')
  await connected(page)
  t.equal(await page.locator('[data-mark=picked]').count(), 1)
  await page.click('#connect')
  await says(page, '#headline', /^Closed: /)
  t.equal(await page.locator('[data-mark=picked]').count(), 0, 'closed by the user')
  t.notMatch(await page.locator('.pills').first().textContent(), /in use/)
})

t.test('U27: the chat comes back when the server does, and NUL is readable', { timeout: 120_000 }, async (t) => {
  let other = await buildDemo({ logLevel: 'silent' })
  t.teardown(() => other.close())
  const page = await site.open(t, '/')
  page.removeAllListeners('request')
  const address = await other.listen({ port: 0, host: '127.0.0.1' })
  await page.goto(`${address}/#chat`)
  for (const pane of [1, 2]) await says(page, `.pane:nth-child(${pane}) [data-part=state]`, /^Connected/)
  await page.click('.pane:nth-child(1) .rooms li:has-text("kitchen") button')
  await page.click('.pane:nth-child(1) .wire summary')
  await says(page, '.pane:nth-child(1) .log .text', /CONNECTED[^]*\^@/)
  t.notMatch(await page.locator('.pane:nth-child(1) .log').textContent(), /[\0\u2400]/)
  await page.screenshot({ path: `${PICTURES}chat-frames.png`, fullPage: true })

  await other.close()
  for (const pane of [1, 2]) await says(page, `.pane:nth-child(${pane}) [data-part=state]`, /The next attempt is in \d+ s\./)
  t.equal(await page.textContent('.pane:nth-child(1) [data-part=connect]'), 'Stop')
  await page.screenshot({ path: `${PICTURES}chat-away.png`, fullPage: true })
  await page.click('.pane:nth-child(2) [data-part=connect]')
  await says(page, '.pane:nth-child(2) [data-part=state]', 'You left.')
  // One attempt fails before the server is there again.
  await says(page, '.pane:nth-child(1) [data-part=state]', /The next attempt is in [24] s\./)
  other = await buildDemo({ logLevel: 'silent' })
  await other.listen({ port: Number(new URL(address).port), host: '127.0.0.1' })
  await says(page, '.pane:nth-child(1) [data-part=state]', /^Connected/)
  await page.fill('.pane:nth-child(1) [data-part=text]', 'back again')
  await page.press('.pane:nth-child(1) [data-part=text]', 'Enter')
  await says(page, '.pane:nth-child(1) .own .what', 'back again')
  t.equal(await page.textContent('.pane:nth-child(2) [data-part=state]'), 'You left.', 'a person who left is not brought back')
})

for (const transport of ['auto', 'xhr-polling']) {
  t.test(`the session comes back when the server does, ${transport}`, { timeout: 120_000 }, async (t) => {
    let other = await buildDemo({ logLevel: 'silent' })
    t.teardown(() => other.close())
    const page = await site.open(t, '/')
    page.removeAllListeners('request')
    const address = await other.listen({ port: 0, host: '127.0.0.1' })
    await page.goto(`${address}/?transport=${transport}`)
    await connected(page)
    await other.close()
    await says(page, '#countdown', /^The next attempt is in \d+ s\.$/)
    t.equal(await page.textContent('#connect'), 'Stop')
    // The second pause is longer than the first.
    await says(page, '#log [data-kind=note]', 'the next attempt is in 1 s')
    await says(page, '#log [data-kind=note]', 'the next attempt is in 2 s')
    await says(page, '#explanation', 'The server does not answer.')
    await page.screenshot({ path: `${PICTURES}session-away-${transport}.png` })
    other = await buildDemo({ logLevel: 'silent' })
    await other.listen({ port: Number(new URL(address).port), host: '127.0.0.1' })
    await says(page, '#headline', /^Connected by /)
    await says(page, '#log [data-kind=note]', /open again after/)
    t.equal(await page.textContent('#countdown'), '')
    await page.fill('#message', 'back again')
    await page.press('#message', 'Enter')
    await says(page, '[data-kind=in][data-view=messages] .text', 'back again')

    await other.close()
    await says(page, '#countdown', /\d s\.$/)
    await page.click('#connect')
    await says(page, '#explanation', 'You stopped the attempts.')
    t.equal(await page.textContent('#countdown'), '')
  })
}

t.test('a session that the application closed does not come back', async (t) => {
  const page = await site.open(t, '/?endpoint=close')
  await page.click('#connect')
  await says(page, '#headline', 'Closed: 3000, Go away!')
  t.equal(await page.textContent('#connect'), 'Connect')
  t.equal(await page.textContent('#countdown'), '')
})

t.test('the log has at least 16 lines, and keeps its place', async (t) => {
  const page = await site.open(t, '/', { width: 1400, height: 860, colorScheme: 'light' })
  // The list is measured from the top of its column, because the window scrolls.
  const box = (): Promise<{ top: number, height: number }> => page.evaluate(`(() => {
    const { top, height } = document.getElementById('log').getBoundingClientRect()
    return { top: top - document.getElementById('live').getBoundingClientRect().top, height }
  })()`)
  const before = await box()
  await connected(page)
  for (let i = 0; i < 20; i++) {
    await page.fill('#message', `line ${i}`)
    await page.press('#message', 'Enter')
  }
  await says(page, '#received', '20')
  t.same(await box(), before, 'while lines come')
  const line: number = await page.evaluate("document.querySelector('#log [data-view=messages]').getBoundingClientRect().height")
  t.ok(before.height / line >= 16, `${before.height} px, ${line} px a line`)
  await page.click('#connect')
  for (const endpoint of ['ticker', 'base_url', 'tiny', 'stomp', 'close']) {
    await page.selectOption('#endpoint', endpoint)
    await page.click('#connect')
    await says(page, '#headline', /^(Connected|Closed|Cannot)/)
    t.same(await box(), before, endpoint)
    if (await page.textContent('#connect') !== 'Connect') await page.click('#connect')
  }
})

t.test('endpoints in groups with their code, versions and documents, no inline code', async (t) => {
  const page = await site.open(t, '/')
  t.equal(await page.locator('script:not([src]), style, [style], [onclick]').count(), 0)
  t.ok(await page.locator('#endpoint optgroup').count() >= 5)
  await page.selectOption('#endpoint', 'farewell')
  t.match(await page.textContent('#code'), "app.sockjs('/farewell', (session) => {")
  await says(page, '#versions', /^fastify-sockjs \d\S+ · sockjs-client \d\S+ · Node \d/)
  t.same(await page.locator('#documents a').allTextContents(), ['README', 'Getting started', 'Conformance', 'Versions'])
  await page.click('#documents a')
  await page.waitForURL('**/README.md')
  t.match(await page.textContent('body'), '# fastify-sockjs')
})

t.test('STOMP frames by hand', async (t) => {
  const page = await site.open(t, '/?endpoint=stomp')
  await connected(page)
  for (const label of ['CONNECT', 'SUBSCRIBE', 'SEND']) await page.click(`#tries >> text="${label}"`)
  await says(page, '[data-kind=in][data-view=messages] .text', 'Hello, kim!')
})

t.test('a chat: two people, rooms, and nothing but text', async (t) => {
  const page = await site.open(t, '/#chat')
  await says(page, '.pane:nth-child(1) [data-part=state]', 'Connected by websocket, STOMP 1.2.')
  await says(page, '.pane:nth-child(2) [data-part=state]', 'Connected by xhr-polling, STOMP 1.2.')

  await page.fill('.pane:nth-child(1) [data-part=text]', MARKUP)
  await page.press('.pane:nth-child(1) [data-part=text]', 'Enter')
  await says(page, '.pane:nth-child(1) .own .what', MARKUP)
  await says(page, '.pane:nth-child(2) .what', MARKUP)

  await page.fill('.pane:nth-child(2) [name=room]', 'Cellar')
  await page.press('.pane:nth-child(2) [name=room]', 'Enter')
  await says(page, '.pane:nth-child(2) .event', 'lee came in')
  await says(page, '.pane:nth-child(1) .event', 'lee left')
  await page.click('.pane:nth-child(1) .rooms li:has-text("cellar") button')
  await says(page, '.pane:nth-child(2) .event', 'kim came in')

  await page.selectOption('.pane:nth-child(1) [data-part=transport]', 'eventsource')
  await says(page, '.pane:nth-child(1) [data-part=state]', 'Connected by eventsource, STOMP 1.2.')
  await page.click('.pane:nth-child(1) [data-part=connect]')
  await says(page, '.pane:nth-child(1) [data-part=state]', 'You left.')
  await says(page, '.pane:nth-child(2) .event', 'kim left')
  t.equal(await page.evaluate('window.harmed'), undefined)
})

t.test('a chat by every transport', async (t) => {
  const page = await site.open(t, '/#chat')
  const [mine, other] = ['.pane:nth-child(1)', '.pane:nth-child(2)']
  await says(page, `${other} [data-part=state]`, /^Connected/)
  const transports = await page.locator(`${mine} [data-part=transport] option`).evaluateAll((options) => options.map((option) => (option as unknown as { value: string }).value))
  t.equal(transports.length, 11)
  for (const transport of transports) {
    await page.selectOption(`${mine} [data-part=transport]`, transport)
    await says(page, `${mine} [data-part=state]`, `Connected by ${transport === 'auto' ? 'websocket' : transport}, STOMP 1.2.`)
    await page.fill(`${mine} [data-part=text]`, `by ${transport}!`)
    await page.press(`${mine} [data-part=text]`, 'Enter')
    await says(page, `${other} .what`, `by ${transport}!`)
    t.pass(transport)
  }
})

t.test('by keyboard alone', async (t) => {
  const page = await site.open(t, '/')
  const focused = (): Promise<string> => page.evaluate('document.activeElement.id || document.activeElement.value || document.activeElement.textContent')
  async function tabTo (id: string): Promise<void> {
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab')
      if (await focused() === id) return
    }
    t.fail(`Tab comes to ${id}`)
  }
  await tabTo('auto')
  await page.keyboard.press('ArrowDown')
  t.equal(await focused(), 'websocket', 'transports are one group of choices')
  await tabTo('connect')
  await page.keyboard.press('Enter')
  await says(page, '#headline', 'Connected by websocket')
  await tabTo('message')
  await page.keyboard.type('typed')
  await page.keyboard.press('Enter')
  await says(page, '[data-kind=in][data-view=messages] .text', 'typed')
})

const LOOKS: Readonly<Record<string, Look>> = {
  wide: { width: 1280, height: 860, colorScheme: 'light' },
  'wide-dark': { width: 1280, height: 860, colorScheme: 'dark' },
  narrow: { width: 390, height: 844, colorScheme: 'light' },
  'narrow-dark': { width: 320, height: 640, colorScheme: 'dark' }
}

for (const [name, look] of Object.entries(LOOKS)) {
  t.test(`pictures, ${name}`, async (t) => {
    const page = await site.open(t, '/', look)
    const picture = async (view: string): Promise<void> => {
      await page.screenshot({ path: `${PICTURES}${view}-${name}.png`, fullPage: true })
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), look.width, `${view} fits the window`)
    }
    await connected(page)
    await page.fill('#message', 'x'.repeat(200))
    await page.press('#message', 'Enter')
    await says(page, '#received', '1')
    await says(page, '#latest', / ms$/)
    await picture('session')
    await page.click('.views [href="#chat"]')
    for (const pane of [1, 2]) {
      await says(page, `.pane:nth-child(${pane}) [data-part=state]`, /^Connected/)
      await page.fill(`.pane:nth-child(${pane}) [data-part=text]`, `hello from ${pane}: ${'y'.repeat(100)}`)
      await page.press(`.pane:nth-child(${pane}) [data-part=text]`, 'Enter')
      await says(page, `.pane:nth-child(1) .what >> nth=${pane - 1}`, `hello from ${pane}`)
    }
    await picture('chat')
  })
}
