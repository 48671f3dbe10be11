import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** The time in which a server must listen, in milliseconds. A broker in Java or Erlang needs much of it on a busy machine. */
const PATIENCE = 120_000

/** Waits until a server in another process takes connections. */
export async function listening (name: string, port: number): Promise<void> {
  const until = Date.now() + PATIENCE
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isUp = await new Promise<boolean>((resolve) => { socket.once('connect', () => resolve(true)).once('error', () => resolve(false)) })
    socket.destroy()
    if (isUp) return
    if (Date.now() > until) throw new Error(`${name} does not listen on port ${port} after ${PATIENCE} ms`)
    await delay(20)
  }
}
