// One load process: `main.ts PLAN`. It reports `open` when all sessions are open, and the records of all sessions at the end.
import http from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { LibraryLine } from './library-line.ts'
import { HttpLine, type Line, SocketLine } from './lines.ts'
import type { Plan } from './plan.ts'
import { type Record, Talk } from './talk.ts'

const plan = JSON.parse(process.argv[2]!) as Plan
const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 4096 })
const records: Record[] = []
/** The runner ends the load by its word. */
const end = { come: false }
let opened = 0

/** A session with its conversation. `wait` resolves when a condition holds, or when the patience is over. */
class Visitor {
  readonly talk: Talk
  readonly line: Line
  #wake = (): void => {}

  constructor () {
    this.talk = new Talk((text) => this.line.send(text), () => this.#wake())
    const { client, transport, port, path, giveUp } = plan
    this.line = client === 'library'
      ? new LibraryLine(this.talk, port, path, transport)
      : transport === 'websocket'
        ? new SocketLine(this.talk, port, path)
        : new HttpLine(this.talk, agent, { port, path, transport, giveUp })
  }

  async wait (holds: () => boolean, patience: number): Promise<void> {
    const deadline = Date.now() + patience
    while (!this.talk.told && !holds()) {
      const left = deadline - Date.now()
      if (left <= 0) return
      let timer: NodeJS.Timeout
      await new Promise<void>((resolve) => {
        timer = setTimeout(resolve, left)
        this.#wake = resolve
      })
      clearTimeout(timer!)
    }
  }

  end (): Record {
    this.line.leave()
    records.push(this.talk.record)
    return this.talk.record
  }
}

function nowOpen (): void {
  opened++
  if (opened === plan.sessions) process.send!('open')
}

/** A session that says its messages one after the other. */
async function finite (messages: number): Promise<void> {
  const visitor = new Visitor()
  const deadline = Date.now() + plan.patience
  const left = (): number => deadline - Date.now()
  await visitor.wait(() => visitor.talk.opened, left())
  nowOpen()
  while (visitor.talk.complete && !visitor.talk.told && visitor.talk.sent < messages) {
    visitor.talk.say()
    await visitor.wait(() => visitor.talk.complete, left())
    if (plan.every > 0) await delay(plan.every)
  }
  visitor.end()
}

/** A client that talks until the end of the load. It opens another session where the plan says so. */
async function endless (): Promise<void> {
  let reopens = true
  for (let first = true; reopens && (first || !end.come); first = false) {
    const visitor = new Visitor()
    await visitor.wait(() => visitor.talk.opened, plan.patience)
    if (first) nowOpen()
    // The sessions do not speak all at once.
    await delay(Math.random() * plan.every)
    while (!end.come && !visitor.talk.told) {
      visitor.talk.say()
      await delay(plan.every)
    }
    await visitor.wait(() => visitor.talk.complete, plan.patience)
    reopens = plan.reopenAfter.includes(visitor.end().code)
  }
}

process.on('message', () => { end.come = true })
const { messages } = plan
let left = plan.sessions
async function work (): Promise<void> {
  while (left > 0) {
    left--
    await (messages === 'until-told-to-stop' ? endless() : finite(messages))
  }
}
await Promise.all(Array.from({ length: Math.min(plan.parallel, plan.sessions) }, work))
process.send!(records, () => process.exit(0))
