/** Pages that go into the back/forward cache of a browser with the client of this package, and come back. */
import t, { type Test } from 'tap'
import { until } from '../support/wait.ts'
import { type Browser, BROWSERS, type BrowserName, type BrowserPage } from './browsers.ts'
import { trialsPage } from './places.ts'
import { startSite } from './site.ts'

const TRANSPORTS = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling'] as const

/** Opens a session, and notes all that happens to the page and to the session. */
const OPEN = `new Promise((resolve) => {
  window.seen = []
  window.addEventListener('pagehide', ({ persisted }) => seen.push(['hide', persisted]))
  window.addEventListener('pageshow', ({ persisted }) => seen.push(['show', persisted]))
  window.socket = new SockJS('/echo', null, { transports: [TRANSPORT] })
  socket.onclose = ({ code, wasClean }) => { seen.push(['close', code, wasClean]) }
  socket.onopen = () => resolve(socket.transport)
})`

/** Opens a session that can be resumed, and sends a message when it is. */
const OPEN_RESUMABLE = `new Promise((resolve) => {
  window.seen = []
  window.addEventListener('pagehide', ({ persisted }) => seen.push(['hide', persisted]))
  window.addEventListener('pageshow', ({ persisted }) => seen.push(['show', persisted]))
  window.socket = SockJS.resumable('/resumable', { transports: [TRANSPORT] })
  socket.onsuspend = () => seen.push(['suspend'])
  socket.onresume = () => { seen.push(['resume', socket.transport]); socket.send('after') }
  socket.onclose = ({ code, wasClean }) => { seen.push(['close', code, wasClean]) }
  socket.onmessage = ({ data }) => { seen.push([data]); resolve(socket.transport) }
  socket.onopen = () => socket.send('before')
})`

const CLOSE = 'new Promise((resolve) => { socket.addEventListener("close", resolve); socket.close() })'

/** Evaluates an expression in the page that is there after a navigation. */
const ask = (page: BrowserPage, expression: string): Promise<unknown> => page.evaluate(expression).catch(() => null)

/** Leaves a page with a session, and returns to it. Resolves with the notes of the restored page; with `undefined` if the browser loads it anew. */
async function leaveAndReturn (t: Test, browser: Browser, url: string, transport: string, isOpen: boolean, open = OPEN, events = 3): Promise<unknown> {
  const page = await browser.open()
  await page.goto(url)
  t.equal(await page.evaluate(open.replace('TRANSPORT', JSON.stringify(transport))), transport)
  if (!isOpen) await page.evaluate(CLOSE)
  await page.goto(new URL('/echo', url).href)
  await ask(page, 'setTimeout(() => history.back()), 0')
  await until(async () => await ask(page, "document.readyState === 'complete' && location.href") === url, 'the page is back')
  await until(async () => await ask(page, `window.seen === undefined || seen.length === ${events}`) === true, 'all events')
  const seen = await ask(page, 'window.seen')
  await page.close()
  return seen
}

/** Firefox asks whether a page has a connection before the page learns that it is hidden. */
const KEEPS_OPEN: Readonly<Record<BrowserName, boolean>> = { Chromium: true, Firefox: false }

for (const [name, launch] of Object.entries(BROWSERS)) {
  t.test(name, { timeout: 120_000 }, async (t) => {
    const url = trialsPage(await startSite(t))
    const browser = await launch()
    t.teardown(() => browser.close())
    for (const transport of TRANSPORTS) {
      const open = await leaveAndReturn(t, browser, `${url}client.html`, transport, true)
      t.same(open, KEEPS_OPEN[browser.name] ? [['hide', true], ['close', 1001, false], ['show', true]] : undefined, `${transport}: a page with a session`)
      const closed = await leaveAndReturn(t, browser, `${url}client.html`, transport, false)
      t.same(closed, [['close', 1000, true], ['hide', true], ['show', true]], `${transport}: a page whose session has ended is restored`)
    }
    for (const transport of TRANSPORTS) {
      const seen = await leaveAndReturn(t, browser, `${url}client.html`, transport, true, OPEN_RESUMABLE, 6)
      t.same(seen, KEEPS_OPEN[browser.name] ? [['before'], ['hide', true], ['suspend'], ['show', true], ['resume', transport], ['after']] : undefined, `${transport}: a session that can be resumed goes on`)
    }
    t.notOk(await leaveAndReturn(t, browser, `${url}index.html`, 'websocket', false), 'sockjs-client: the browser loads the page anew')
  })
}
