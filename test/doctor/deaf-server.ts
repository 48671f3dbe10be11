import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Test } from 'tap'

/** Says its port and then waits. */
const PROGRAM = 'const server = require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(server.address().port))'

/** More connections than the system accepts for a process that accepts none. */
const CALLERS = 8

/** Starts a server whose system drops every further packet, as a firewall does: its process is stopped, and its queue is full. Returns its address. */
export async function startDeaf (t: Test): Promise<string> {
  const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] })
  const callers: ReturnType<typeof connect>[] = []
  t.teardown(() => {
    child.kill('SIGKILL')
    for (const caller of callers) caller.destroy()
  })
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data') as [string]
  child.kill('SIGSTOP')
  const accepted = Array.from({ length: CALLERS }, async () => {
    const caller = connect(Number(line), '127.0.0.1').on('error', () => {})
    callers.push(caller)
    await once(caller, 'connect')
  })
  await Promise.any(accepted)
  return `127.0.0.1:${Number(line)}`
}
